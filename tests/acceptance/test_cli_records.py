"""What was done and what it cost, and what places are set to: `mynah usage`, `runs`, `channels` and `models`."""

import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.storage.clock import SystemClock
from bot.domain.money import Nanodollars, show_dollars
from tests.acceptance.commands import all_shown, shown
from tests.acceptance.recordings import DATA
from tests.acceptance.service import Installation
from tests.acceptance.stages import remote
from tests.fakes.openrouter.client import Action, FakeOpenRouter, Script

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

CHAT = "openrouter/openai/gpt-4o-mini"
EARS = "openrouter/google/gemini-2.5-flash"


def now() -> datetime:
    return datetime.fromtimestamp(SystemClock().now() / 1000, tz=UTC)


@pytest.fixture
def desk(openrouter: FakeOpenRouter, tmp_path: Path) -> Installation:
    """Mynah whose ears and mind are paid for."""
    return Installation(folder=tmp_path, settings=dict(remote(openrouter)))


async def test_every_call_is_in_the_records_and_costs_what_was_charged(desk: Installation, openrouter: FakeOpenRouter):
    await openrouter.answer(Script(text="A fine question, [bold]indeed[/red]."), model="openai/*")
    await openrouter.answer(Script(text="Good morning."), model="google/*")
    asked = await shown(desk, "ask", "Is [this] fine?", "-f", str(DATA / "video.mp4"), "--json")
    assert asked.json["answer"] == "A fine question, [bold]indeed[/red]."
    charged = round(sum(call.cost_usd for call in (await openrouter.state()).charged) * 10**9)
    assert charged > 0

    by_model, by_user, by_channel, by_day, of_last_minute, runs = await all_shown(
        desk,
        *(["usage", "--by", by, "--since", "7d", "--json"] for by in ("model", "user", "channel", "day")),
        ["usage", "--since", "1m"],
        ["runs", "list", "--json"],
    )
    assert {row["model"]: row["calls"] for row in by_model.json} == {CHAT: 1, EARS: 1}
    assert sum(row["cost_nanodollars"] for row in by_model.json) == charged
    assert {row["model"]: row["sound_seconds"] for row in by_model.json}[EARS] == pytest.approx(3.2, abs=0.2)
    for name, seen in (("user", by_user), ("channel", by_channel), ("day", by_day)):
        (row,) = seen.json
        assert (row["calls"], row["cost_nanodollars"], row["of_unknown_cost"]) == (2, charged, 0)
        assert row[name].startswith("terminal:") or row[name] == now().date().isoformat()
    assert CHAT in of_last_minute.out
    assert show_dollars(Nanodollars(charged)) == by_user.json[0]["cost"]

    (run,) = runs.json
    assert run["status"] == "done"
    assert abs((datetime.fromisoformat(run["at"]) - now()).total_seconds()) < 60

    told, told_as_json = await all_shown(desk, ["runs", "show", run["run"]], ["runs", "show", run["run"], "--json"])
    assert told.facts["run"] == [run["run"]]
    steps = {step["name"]: step["state"] for step in told_as_json.json["steps"]}
    assert set(steps.values()) == {"done"}
    assert {name.split(":")[0] for name in steps} >= {"hear", "answer", "post"}
    assert {call["model"] for call in told_as_json.json["calls"]} == {CHAT, EARS}
    for name in steps:
        assert name in told.out


@pytest.mark.parametrize(("signal_sent", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
async def test_a_command_that_is_cut_off_is_cancelled_and_not_taken_up_by_the_next(
    desk: Installation, openrouter: FakeOpenRouter, signal_sent: signal.Signals, status: int
):
    await openrouter.fail(Action.HANG, seconds=0, path="*/chat/completions")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "ask", "First?"),
        cwd=desk.folder,
        env=desk.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await openrouter.wait_for(1, seconds=30)
    process.send_signal(signal_sent)
    out, err = await process.communicate()
    assert process.returncode == status
    assert out == b""
    assert b"Traceback" not in err

    await openrouter.say("Second.")
    assert (await shown(desk, "ask", "Second?")).out == "Second.\n"
    runs = (await shown(desk, "runs", "list", "--json")).json
    assert [run["status"] for run in runs] == ["done", "cancelled"]
    assert len((await openrouter.state()).calls) == 2


async def test_places_are_set_explained_and_set_back(desk: Installation):
    scope = "slack:T1:C1"
    before, empty, no_run = await all_shown(
        desk, ["channels", "explain", scope], ["usage", "--since", "99999999999999999999w"], ["runs", "list"]
    )
    assert "local/en_US-joe-medium" in before.out
    assert empty.out == "Nothing was used in the last 99999999999999999999w.\n"
    assert no_run.out == "Nothing was said to Mynah yet.\n"

    values = [("slack:T1", "voice", "joe"), (scope, "temperature", "0.5"), (scope, "system_prompt", "[/b] Hi")]
    for seen, (place, name, value) in zip(
        await all_shown(desk, *(["channels", "set", *changed] for changed in values)), values, strict=True
    ):
        assert (seen.status, seen.out) == (0, f"{place}: {name} = {value}\n")

    explained, told = await all_shown(
        desk, ["channels", "explain", f"{scope}:123.456", "--json"], ["channels", "explain", scope]
    )
    settings = {row["setting"]: (row["value"], row["from"]) for row in explained.json}
    assert settings["temperature"] == ("0.5", scope)
    assert settings["voice"] == ("joe", "slack:T1")
    assert settings["reply"] == ("text", "service")
    assert settings["max_tokens"] == ("300", "default")
    assert "[/b] Hi" in told.out

    back, again = [await shown(desk, "channels", "unset", scope, "temperature") for _ in range(2)]
    assert "no longer set" in back.out
    assert "was not set" in again.out
    settings = {row["setting"]: row["from"] for row in (await shown(desk, "channels", "explain", scope, "--json")).json}
    assert settings["temperature"] == "default"


async def test_models_are_listed_with_what_they_are_for(desk: Installation):
    table, as_json = await all_shown(desk, ["models"], ["models", "--json"])
    models = {model["model"]: model for model in as_json.json}
    assert models["local/whisper-tiny.en"]["for"] == ["transcription"]
    assert models["local/en_US-joe-medium"]["voices"] == ["joe"]
    assert models["local/smollm2-135m-instruct"]["free"] is True
    assert models[CHAT]["free"] is False
    assert "audio" in models[EARS]["takes"]
    for name in models:
        assert name in table.out
