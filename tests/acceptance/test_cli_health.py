"""Is everything as it should be: `mynah doctor`, `health`, `config`, `version`, and what is needed to connect."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.commands import Shown, all_shown, is_one_sentence, shown
from tests.acceptance.discord_scene import DiscordScene, open_discord
from tests.acceptance.scenes import Scene
from tests.acceptance.service import ROOT, Installation
from tests.acceptance.slack_scene import open_slack

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

SECRET = "the-treasure-is-under-the-oak"


@pytest.fixture
def desk(tmp_path: Path) -> Installation:
    """Mynah with its embedded models and nothing set up."""
    return Installation(folder=tmp_path, settings={})


def wrong(seen: Shown) -> Sequence[tuple[str, str]]:
    """Return what a doctor found wrong, each with what to do."""
    assert seen.status == 1, seen
    findings = json.loads(seen.out)
    assert all(bool(finding["fix"]) != finding["ok"] for finding in findings), "what is wrong can be mended"
    return [(finding["what"], finding["fix"]) for finding in findings if not finding["ok"]]


async def test_the_doctor_finds_a_whole_installation_well(scene: Scene, installation: Installation):
    if isinstance(scene, DiscordScene):
        await scene.fake.add_guild("aviary")
    table, as_json = await all_shown(installation, ["doctor"], ["doctor", "--json"])
    assert table.status == 0, table
    assert table.out.count("✓") == len(as_json.json)
    assert "✗" not in table.out
    for word in ("database", "ffmpeg", "whisper-tiny.en", "smollm2-135m-instruct", "en_US-joe-medium", scene.name):
        assert word in table.out.lower() or word in table.out


async def test_a_service_at_work_is_healthy_and_alone(tmp_path: Path):
    async with open_slack() as slack:
        installation = Installation(folder=tmp_path, settings=slack.settings)
        assert (await shown(installation, "health")).status == 1
        async with installation.serving():
            await slack.ready()
            seen, second = await all_shown(installation, ["health"], ["serve"])
        assert (seen.status, seen.out) == (0, "at work\n")
        assert second.status == 1
        assert is_one_sentence(second)
        assert "is served by process" in second.err


async def test_the_doctor_tells_refused_tokens_and_missing_scopes_of_slack(tmp_path: Path):
    async with open_slack() as slack:
        good = Installation(folder=tmp_path, settings=slack.settings)
        bad = replace(good, settings={**slack.settings, "SLACK__BOT_TOKEN": f"xoxb-{SECRET}"})
        half = replace(good, settings={"SLACK__BOT_TOKEN": f"xoxb-{SECRET}"})
        ((what, fix),) = wrong(await shown(bad, "doctor", "--json"))
        assert "bot token was not accepted" in what
        assert "api.slack.com" in fix
        ((what, fix),) = wrong(await shown(half, "doctor", "--json"))
        assert "slack.app_token" in what
        assert "Set slack.app_token" in fix
        served = await shown(bad, "serve")
        assert served.status == 2
        assert "invalid_auth" in served.err
        assert SECRET not in served.err
        await slack.fake.remove_scopes("files:read")
        ((what, fix),) = wrong(await shown(good, "doctor", "--json"))
        assert "files:read" in what
        assert "install the app again" in fix


async def test_the_doctor_tells_refused_tokens_and_missing_intents_of_discord(tmp_path: Path):
    async with open_discord() as discord:
        await discord.fake.add_guild("aviary")
        good = Installation(folder=tmp_path, settings=discord.settings)
        bad = replace(good, settings={**discord.settings, "DISCORD__TOKEN": SECRET})
        ((what, fix),) = wrong(await shown(bad, "doctor", "--json"))
        assert "token" in what
        assert "Reset it" in fix
        await discord.fake.set_application(privileged_intents=[])
        ((what, fix),) = wrong(await shown(good, "doctor", "--json"))
        assert "Message Content Intent" in what
        assert "Switch it on" in fix


async def test_the_doctor_tells_what_is_wrong_with_the_machine(desk: Installation):
    (desk.folder / "data").write_text("I am a file.\n")
    nowhere = replace(desk, settings={"DATA": str(desk.folder / "data")})
    (what, fix), nobody = wrong(await shown(nowhere, "doctor", "--json"))
    assert "Nothing can be stored" in what
    assert "MYNAH_DATA" in fix
    assert "Neither Slack nor Discord" in nobody[0]
    listed = await shown(nowhere, "runs", "list")
    assert listed.status == 1
    assert is_one_sentence(listed)
    assert str(desk.folder / "data") in listed.err

    lost = replace(
        desk, settings={"LOCAL__MODELS": '{"mine": "/nowhere/mine.gguf"}', "CHANNELS__CHAT_MODEL": "local/mine"}
    )
    (own, _), (used, _), _ = wrong(await shown(lost, "doctor", "--json"))
    assert "/nowhere/mine.gguf is not there" in own
    assert "chat_model: local/mine" in used

    table = await shown(desk, "doctor")
    assert table.status == 1
    assert "    → Set slack.bot_token" in table.out


async def test_without_ffmpeg_the_doctor_says_so_and_records_can_still_be_read(desk: Installation):
    hidden = desk.folder / "hidden"
    (hidden / "imageio_ffmpeg").mkdir(parents=True)
    (hidden / "imageio_ffmpeg" / "__init__.py").write_text("def get_ffmpeg_exe():\n    raise RuntimeError\n")
    bare = replace(desk, outside={"PATH": str(hidden), "PYTHONPATH": f"{hidden}:{ROOT}"})
    examined, heard, listed = await all_shown(
        bare, ["doctor", "--json"], ["transcribe", str(ROOT / "tests/data/clip.wav")], ["runs", "list"]
    )
    (what, fix), _ = wrong(examined)
    assert "no ffmpeg" in what
    assert "mynah-bot[ffmpeg]" in fix
    assert heard.status == 2
    assert is_one_sentence(heard)
    assert "ffmpeg" in heard.err
    assert listed.status == 0


async def test_the_doctor_tells_a_foreign_package_of_our_name(desk: Installation):
    record = desk.folder / "site" / "adapters-1.0.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: adapters\nVersion: 1.0\n")
    (record / "top_level.txt").write_text("adapters\n")
    beside = replace(desk, outside={"PYTHONPATH": f"{ROOT}:{record.parent}"})
    *_, (what, fix) = wrong(await shown(beside, "doctor", "--json"))
    assert "adapters is installed beside Mynah" in what
    assert "uv tool install mynah-bot" in fix


async def test_config_shows_where_it_comes_from_and_no_secret(desk: Installation):
    (desk.folder / "mynah.toml").write_text(
        f'turns = 5\n[openrouter]\nkey = "{SECRET}-toml"\n'
        f'[servers.den]\nbase_url = "http://127.0.0.1:1/v1"\nkey = "{SECRET}-den"\nmodels = {{owl = ["chat", "audio"]}}\n'
        '[prices."den/*"]\nprompt = "1.5e-7"\n'
    )
    (desk.folder / "secrets").mkdir()
    (desk.folder / "secrets" / "mynah_discord__token").write_text(f"{SECRET}-file\n")
    filled = replace(
        desk,
        settings={
            "SLACK__BOT_TOKEN": f"xoxb-{SECRET}",
            "SECRETS": str(desk.folder / "secrets"),
            "CHANNELS__VOICE": "joe",
        },
    )
    table, as_json, checked = await all_shown(
        filled, ["config", "show"], ["config", "show", "--json"], ["config", "check"]
    )
    assert SECRET not in "".join(one.out + one.err for one in (table, as_json, checked))
    told = as_json.json
    for name in ("openrouter.key", "discord.token", "slack.bot_token", "servers.den.key"):
        assert told[name] == "(set)"
    assert (told["turns"], told["slack.app_token"], told["channels"]) == (5, None, {"voice": "joe"})
    assert told["servers.den.models"] == {"owl": ["chat", "audio"]}
    assert told["prices.den/*.prompt"] == "0.00000015"
    lines = dict(line.split(maxsplit=1) for line in table.out.splitlines()[1:] if len(line.split()) > 1)
    assert lines["slack.app_token"].strip() == "(not set)"
    assert lines["channels"].strip() == "voice=joe"
    assert lines["servers.den.models"].strip() == "owl=chat, audio"
    assert checked.out == "The settings from mynah.toml and the environment are fine.\n"


async def test_what_is_needed_to_connect_is_printed(desk: Installation):
    manifest, over_http, invite, version = await all_shown(
        desk,
        ["slack", "manifest"],
        ["slack", "manifest", "--url", "https://mynah.example/slack"],
        ["discord", "invite-url", "123456789012345678"],
        ["version"],
    )
    assert manifest.json["settings"]["socket_mode_enabled"] is True
    assert "files:read" in manifest.json["oauth_config"]["scopes"]["bot"]
    assert over_http.json["settings"]["socket_mode_enabled"] is False
    assert over_http.json["settings"]["event_subscriptions"]["request_url"].startswith("https://mynah.example/slack")
    assert invite.out.startswith("https://discord.com/oauth2/authorize?client_id=123456789012345678&permissions=")
    assert invite.out.count("\n") == 1
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version.out == f"mynah {project['version']}\n"
