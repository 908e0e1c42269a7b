"""The documents say what the code does."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from bot.domain.channels import SETTINGS
from bot.domain.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


def _pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "docs" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: make() for name, make in module.PAGES.items()}


def test_reference_pages_are_up_to_date():
    for name, text in _pages().items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, f"run `python docs/make.py`: {name}"


def test_every_setting_and_command_is_documented():
    pages = _pages()
    for name in SETTINGS:
        assert f"`{name}`" in pages["channels.md"]
    for command in COMMANDS.values():
        assert f"`{command.usage}`" in pages["commands.md"]


def test_every_link_between_documents_leads_somewhere():
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_requirements_are_pinned_with_hashes_and_name_no_address():
    for name in ("runtime", "local", "test"):
        lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert "://" not in lines
        for requirement in re.split(r"\n(?=\S)", lines.strip()):
            assert re.match(r"[A-Za-z0-9._-]+==\S+", requirement), requirement[:80]
            assert "--hash=sha256:" in requirement, requirement[:80]


def test_requirements_agree_with_each_other():
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        return set(re.findall(r"^([A-Za-z0-9._-]+==\S+)", text, re.MULTILINE))

    assert pins("runtime") <= pins("local") <= pins("test")


def test_every_dependency_of_the_project_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8").lower().replace(".", "-")
    for dependency in project["dependencies"]:
        name = re.split(r"[<>=;\[ ]", dependency)[0].lower().replace(".", "-")
        assert re.search(rf"^{re.escape(name)}==", pinned, re.MULTILINE), name


@pytest.fixture
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_installs_as_make_does(dockerfile: str):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    flags = "--require-hashes --no-deps -r requirements/local.txt"
    assert flags in makefile
    assert flags in dockerfile
    assert "--no-deps --no-build-isolation" in makefile
    assert "--no-deps --no-build-isolation" in dockerfile


def test_the_image_copies_only_what_the_context_lets_in(dockerfile: str):
    allowed = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_runs_as_nobody_special_and_says_whether_it_is_well(dockerfile: str):
    last_stage = dockerfile.rsplit("FROM ", maxsplit=1)[-1]
    assert re.search(r"^USER mynah$", last_stage, re.MULTILINE)
    assert re.search(r'^HEALTHCHECK .*CMD \["mynah", "health"\]$', last_stage, re.MULTILINE)


def test_the_composition_builds_the_image_and_waits_for_running_turns(dockerfile: str):
    service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["mynah"]
    assert service["build"] == "."
    from bot.settings import Settings  # noqa: PLC0415

    drain = Settings.model_fields["drain_seconds"].default
    assert float(service["stop_grace_period"].rstrip("s")) > drain
    for secret in service["secrets"]:
        table, name = secret.removeprefix("mynah_").split("__")
        assert name in Settings.model_fields[table].annotation.model_fields  # type: ignore[union-attr]
