"""docs/slack.md and docs/discord.md: every capability has its section, its proof and its pictures."""

import re
from pathlib import Path

import pytest

from tests.acceptance.album.takes import BOTH, PICTURES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PICTURE = re.compile(r"!\[[^\]]+\]\((?:docs/)?pictures/([^)]+)\)")

SHARED = {
    "Edits, deletions, leaving",
    "Connections",
    "Transcripts as files",
    "Conversation",
    "Your own wishes",
    "Access",
    "Money",
    "Privacy",
    "Languages",
    "Errors",
}
ROWS = {
    "slack": SHARED
    | {
        "Voice in",
        "Agent view",
        "Live work as a plan",
        "Shortcuts",
        "Commands",
        "The settings modal",
        "App Home",
        "Buttons and the correction form",
        "Many workspaces",
        "The manifest",
        "Slack's rates",
    },
    "discord": SHARED
    | {
        "Voice in",
        "Commands",
        "Menus of messages",
        "The settings panel",
        "The reply card",
        "Replies",
        "Commands after a restart",
    },
}
"""What Mynah can do on each platform."""

WITHOUT = re.compile(r"No message is made by it|as in the pictures above|looks like any other reply")
"""What a section says that has no picture."""


def page(platform: str) -> str:
    return (DOCS / f"{platform}.md").read_text(encoding="utf-8")


def rows(platform: str) -> dict[str, list[str]]:
    """Return the page's table: what there is, and the files that prove it."""
    found = re.findall(r"^\| \[([^\]]+)\]\(#([^)]+)\) \| (.+) \|$", page(platform), re.MULTILINE)
    assert all(anchor == slug(title) for title, anchor, _ in found)
    return {title: re.findall(r"`([^`]+)`", proofs) for title, _, proofs in found}


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def section(platform: str, title: str) -> str:
    _, found, rest = page(platform).partition(f"\n## {title}\n")
    assert found, title
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize("platform", BOTH)
def test_every_capability_has_its_row_and_section(platform: str):
    assert rows(platform).keys() == ROWS[platform]
    for title in rows(platform):
        assert section(platform, title).strip()


@pytest.mark.parametrize("platform", BOTH)
def test_what_proves_a_row_is_a_test(platform: str):
    for title, proofs in rows(platform).items():
        assert proofs, title
        for proof in proofs:
            assert re.search(r"^(?:async )?def test_", (ROOT / proof).read_text(encoding="utf-8"), re.MULTILINE), proof


@pytest.mark.parametrize("platform", BOTH)
def test_every_section_has_a_picture_or_says_why_not(platform: str):
    for title in ROWS[platform]:
        text = section(platform, title)
        assert bool(PICTURE.search(text)) != bool(WITHOUT.search(text)), title


def test_every_picture_is_shown_once_on_its_page_and_no_other_is_there():
    made = {f"{platform}-{name}.svg" for name, picture in PICTURES.items() for platform in picture.platforms}
    assert {path.name for path in (DOCS / "pictures").iterdir()} == made
    shown = [name for platform in BOTH for name in PICTURE.findall(page(platform))]
    assert sorted(shown) == sorted(made)
    assert all(name.startswith(f"{platform}-") for platform in BOTH for name in PICTURE.findall(page(platform)))
    assert set(PICTURE.findall((ROOT / "README.md").read_text(encoding="utf-8"))) <= made


@pytest.mark.parametrize("platform", BOTH)
def test_every_anchor_leads_somewhere(platform: str):
    headings = {slug(title) for title in re.findall(r"^#+ (.+)$", page(platform), re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", page(platform))) <= headings
    for name, anchor in re.findall(r"\]\(([a-z-]+\.md)#([^)]+)\)", page(platform)):
        text = (DOCS / name).read_text(encoding="utf-8")
        assert anchor in {slug(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}, (name, anchor)
