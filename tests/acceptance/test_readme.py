"""The installation in README.md, step by step: its commands, as they stand there, with the fakes as the platforms."""

import asyncio
import json
import re
import shlex
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.hearing import TEXTS, word_errors
from tests.acceptance.recordings import VOICE_NOTE
from tests.acceptance.scenes import Scene
from tests.acceptance.service import STEADY, Installation
from tests.acceptance.slack_scene import SlackScene

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
ELLIPSIS = "…"


def commands(heading: str) -> list[str]:
    """Return what is typed in a section of the README."""
    section = README.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    typed = [line.strip() for block in blocks for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in typed if line]


@dataclass(kw_only=True)
class Desk:
    """A fresh folder, in which somebody types what the README says, with the tokens that they copied."""

    installation: Installation
    copied: Mapping[str, str]
    """Tokens, by the name of their variable."""
    exported: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        door = self.installation.folder / ".venv" / "bin" / "mynah"
        door.parent.mkdir(parents=True)
        door.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m bot "$@"\n', encoding="utf-8")
        door.chmod(0o755)

    def export(self, line: str) -> None:
        for assignment in shlex.split(line)[1:]:
            name, _, value = assignment.partition("=")
            assert value.endswith(ELLIPSIS), "a README has no true tokens"
            assert self.copied[name].startswith(value.removesuffix(ELLIPSIS))
            self.exported[name] = self.copied[name]

    async def begin(self, line: str) -> asyncio.subprocess.Process:
        program, *arguments = shlex.split(line)
        environment = self.installation.environment(LOG_FORMAT="text") | self.exported
        return await asyncio.create_subprocess_exec(
            str(self.installation.folder / program),
            *arguments,
            cwd=self.installation.folder,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, line: str) -> tuple[int | None, str]:
        process = await self.begin(line)
        out, err = await process.communicate()
        assert b"Traceback" not in err, err.decode()
        return process.returncode, out.decode()

    async def serve(self, line: str, scene: Scene) -> None:
        """Start it, send it a voice note as somebody would, and stop it as Ctrl-C does."""
        process = await self.begin(line)
        try:
            await scene.ready()
            message = await scene.speak()
            replies = await scene.wait(message, texts=1, clips=1, seconds=120)
        finally:
            process.send_signal(signal.SIGINT)
            _, err = await process.communicate()
        assert "serving" in err.decode()
        assert process.returncode == 0
        assert word_errors(replies[0].text.splitlines()[0], TEXTS[VOICE_NOTE]) <= 0.2


def desk(scene: Scene, folder: Path, *tokens: str) -> Desk:
    """Return a desk where nothing is set but where the platform is, and that the model is steady."""
    bare = {name: value for name, value in scene.settings.items() if name not in tokens}
    copied = {f"MYNAH_{name}": scene.settings[name] for name in tokens}
    return Desk(installation=Installation(folder=folder, settings={**bare, **STEADY}), copied=copied)


@pytest.mark.parametrize("scene", ["slack"], indirect=True)
async def test_slack_is_installed_as_the_readme_says(scene: Scene, tmp_path: Path):
    assert isinstance(scene, SlackScene)
    sat = desk(scene, tmp_path, "SLACK__BOT_TOKEN", "SLACK__APP_TOKEN")
    link, export, doctor, serve = commands("Put it into your Slack")

    status, out = await sat.run(link)
    address = urlsplit(out.strip())
    assert (status, address.hostname) == (0, "api.slack.com")
    manifest = json.loads(parse_qs(address.query)["manifest_json"][0])
    assert manifest["settings"]["socket_mode_enabled"]

    sat.export(export)
    status, out = await sat.run(doctor)
    assert (status, "✗" in out, out.count("✓") > 5) == (0, False, True), out
    await sat.serve(serve, scene)


@pytest.mark.parametrize("scene", ["discord"], indirect=True)
async def test_discord_is_installed_as_the_readme_says(scene: Scene, tmp_path: Path):
    assert isinstance(scene, DiscordScene)
    sat = desk(scene, tmp_path, "DISCORD__TOKEN")
    export, doctor, serve = commands("Put it into your Discord")

    sat.export(export)
    status, out = await sat.run(doctor)
    assert (status, out.count("✗")) == (1, 1), out
    invitation = re.search(r"https://discord\.com/oauth2/authorize\?\S+", out)
    assert invitation is not None
    asked = parse_qs(urlsplit(invitation[0]).query)
    bot = str(await scene.fake.bot_id())
    assert (asked["client_id"], asked["scope"]) == ([bot], ["bot applications.commands"])
    again = await sat.run(f".venv/bin/mynah discord invite-url {bot}")
    assert again == (0, f"{invitation[0]}\n")

    await scene.fake.add_guild("aviary", members=[scene.user])
    assert (await sat.run(doctor))[0] == 0
    await sat.serve(serve, scene)


async def test_the_demo_is_what_make_runs():
    assert commands("See it in a minute")[-1] == "make demo"
    makefile = (Path(__file__).resolve().parents[2] / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo:.*\n\t@\$\(BIN\)/mynah demo", makefile, re.MULTILINE)
