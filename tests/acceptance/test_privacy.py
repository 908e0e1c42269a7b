"""What is kept of what people say: told, erased on request down to the bytes on the disk, and never logged."""

from pathlib import Path

import pytest

from tests.acceptance.scenes import Scene
from tests.acceptance.service import Installation
from tests.acceptance.stages import Stage
from tests.fakes.openrouter.client import FakeOpenRouter, Script

WRITTEN, HEARD, ANSWERED = "zaubernuss", "hollunder", "seidelbast"
on_stage = pytest.mark.asyncio(loop_scope="session")
pytestmark = [pytest.mark.timeout(90), pytest.mark.slow]


def on_disk(folder: Path) -> bytes:
    """Return every byte that the service keeps."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


async def talk(scene: Scene, openrouter: FakeOpenRouter) -> list[str]:
    """Say something in writing and something aloud, and wait for the answers; returns the messages."""
    await openrouter.say(f"Yes, {ANSWERED}.")
    await openrouter.answer(Script(text=f"He said {HEARD}."), model="google/*")
    written = await scene.write(f"{scene.mention} what is {WRITTEN}?")
    await scene.wait(written, texts=1)
    spoken = await scene.speak()
    assert any(HEARD in reply.text for reply in await scene.wait(spoken, texts=1))
    return [written, spoken]


@on_stage
async def test_privacy_tells_what_is_kept_and_who_sees_it(stage: Stage):
    told = await stage.scene.use("privacy")
    assert "my answers: for 30 days" in told
    assert "- `openrouter`: answers, writes down recordings, takes videos." in told
    assert "- Models in this service itself, from which nothing leaves: speaks replies." in told
    assert f"- {stage.scene.name.capitalize()}, where you write it and where I reply." in told
    assert "I hold no messages of yours" in told


@on_stage
async def test_forget_leaves_no_word_on_the_disk(stage: Stage):
    words = [word.encode() for word in (WRITTEN, HEARD, ANSWERED)]
    for message in await talk(stage.scene, stage.openrouter):
        await stage.over(message)
    kept = on_disk(stage.installation.folder)
    assert [word in kept for word in words] == [True] * 3

    told = await stage.scene.use("forget")
    assert "2 messages, 3 transcripts and answers and 2 remembered turns" in told
    assert "I looked again: no messages of yours are left." in told
    kept = on_disk(stage.installation.folder)
    assert [word in kept for word in words] == [False] * 3

    assert "I hold nothing of what you said" in await stage.scene.use("forget")
    assert "I hold no messages of yours" in await stage.scene.use("privacy")
    await stage.openrouter.say("Who knows?")
    again = await stage.scene.write("what did I ask?")
    await stage.scene.wait(again, texts=1)
    body = await stage.openrouter.body(len((await stage.openrouter.state()).calls) - 1)
    assert b"what did I ask?" in body
    assert WRITTEN.encode() not in body, "the conversation is forgotten, too"
    await stage.over(again)


@on_stage
async def test_with_0_days_nothing_outlives_the_turn(stage: Stage):
    scene = await stage.scene.among_others()
    await scene.use("settings", manages=True, name="retention_days", value="0")
    assert "only until the reply is complete" in await scene.use("privacy")
    await stage.openrouter.say(f"Yes, {ANSWERED}.")
    message = await scene.write(f"{scene.mention} what is {WRITTEN}?")
    await scene.wait(message, texts=1)
    await stage.over(message)
    assert "I hold no messages of yours" in await scene.use("privacy")


@on_stage
async def test_the_command_line_tells_who_changed_what_and_forgets_a_person(stage: Stage):
    scene = await stage.scene.among_others()
    await scene.use("settings", manages=True, name="reply", value="voice")
    await scene.use("budget", manages=True, period="day", dollars="5")
    await scene.use("settings", manages=True, name="reply", value="default")
    rows = await stage.installation.read("audit", "--within", scene.scope)
    assert [(row["changed"], row["from"], row["to"]) for row in rows] == [
        ("reply", "voice", "(not set)"),
        ("budget a day", "(not set)", "$5.00"),
        ("reply", "(not set)", "voice"),
    ]
    assert all(row["by"] and row["scope"] == scene.scope and row["at"].endswith("Z") for row in rows)

    await scene.use("settings", manages=True, name="reply", value="text")
    message = await scene.write(f"{scene.mention} what is {WRITTEN}?")
    await scene.wait(message, texts=1)
    await stage.over(message)
    person = f"{scene.scope.rpartition(':')[0]}:@{scene.person}"
    status, out, err = await stage.installation.run("forget", person)
    assert (status, err) == (0, "")
    assert out == f"{person}: erased 1 message, 1 transcript or answer and 1 remembered turn\n"
    assert "I hold no messages of yours" in await scene.use("privacy")
    (noted, *_) = await stage.installation.read("audit", "--within", person)
    assert (noted["by"], noted["changed"], noted["to"]) == (
        "command line",
        "forget",
        out.partition("erased ")[2].strip(),
    )


async def test_no_word_of_anybody_is_in_the_log_whatever_its_level(
    scene: Scene, openrouter: FakeOpenRouter, remote_installation: Installation
):
    async with remote_installation.serving(LOG_LEVEL="debug") as service:
        await scene.ready()
        for message in await talk(scene, openrouter):
            await service.wait_until(
                lambda line, message=message: line.get("event") == "turn done" and line["job"].endswith(f":{message}")
            )
        assert "kept here" in await scene.use("privacy")
    log = f"{service.log}{service.noise}".lower()
    assert "turn done" in log
    assert [word for word in (WRITTEN, HEARD, ANSWERED) if word in log] == []
