"""Recordings that cannot be fetched at once, or not at all: what can be put right is, all else is explained."""

import pytest

from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.recordings import DATA, VOICE_NOTE, recorded
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage
from tests.fakes.openrouter.client import Script
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import Upload

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60), pytest.mark.slow]

on_slack = pytest.mark.parametrize("shared_stage", ["slack"], indirect=True, scope="session")
on_discord = pytest.mark.parametrize("shared_stage", ["discord"], indirect=True, scope="session")


def slack(stage: Stage) -> tuple[SlackScene, SlackFake]:
    assert isinstance(stage.scene, SlackScene)
    return stage.scene, stage.scene.fake


@on_slack
async def test_slacks_login_page_means_that_a_scope_is_missing(stage: Stage):
    scene, fake = slack(stage)
    await fake.remove_scopes("files:read")
    try:
        sentence = await stage.refusal(await scene.speak())
    finally:
        await fake.remove_scopes()
    assert "files:read" in sentence


@on_slack
async def test_slacks_token_goes_along_to_slack_and_nowhere_else(stage: Stage):
    scene, fake = slack(stage)
    await stage.openrouter.answer(Script(text="What was said."), model="google/*")
    try:
        await fake.options(redirect="same")
        at_home = await scene.speak()
        (reply,) = await scene.wait(at_home, texts=1)
        await stage.over(at_home)
        await stage.openrouter.reset()
        await fake.options(redirect="foreign")
        sentence = await stage.refusal(await scene.speak())
    finally:
        await fake.options(redirect="none")
    assert reply.text.startswith("> What was said.")
    assert "nowhere else" in sentence


@on_slack
async def test_a_file_that_was_deleted_at_slack_is_missed(stage: Stage):
    scene, fake = slack(stage)
    with stage.asleep():
        upload = Upload(content=(DATA / "clip.m4a").read_bytes(), kind="slack_audio", duration_ms=5_500)
        posted = await fake.post(scene.channel, scene.user, files=(upload,))
        await fake.delete_file(posted.files[0], told=False)  # else nobody would be left to be told
    assert "no longer there" in await stage.refusal(posted.ts)


@on_discord
async def test_an_address_of_discord_that_has_expired_is_renewed(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, DiscordScene)
    await stage.openrouter.answer(Script(text="What was said."), model="google/*")
    with stage.asleep():
        message = await scene.speak()
        await scene.fake.expire_urls()
    (reply,) = await scene.wait(message, texts=1)
    assert reply.text.startswith("> What was said.")
    downloads = [each["status"] for each in await scene.fake.requests(f"GET /attachments/{scene.channel}/")]
    assert downloads == [404, 200]


@on_discord
async def test_a_voice_note_that_was_deleted_at_discord_is_missed(stage: Stage):
    scene = stage.scene
    assert isinstance(scene, DiscordScene)
    with stage.asleep():
        message = await scene.speak()
        await scene.fake.expire_urls()
        await scene.fake.delete(int(message), told=False)  # else nobody would be left to be told
    assert "no longer there" in await stage.refusal(message)


async def test_a_download_that_breaks_off_is_made_again(stage: Stage):
    scene = stage.scene
    await stage.openrouter.answer(Script(text="What was said."), model="google/*")
    if isinstance(scene, SlackScene):
        await scene.fake.fault("GET /files-*", "truncate")
    elif isinstance(scene, DiscordScene):
        await scene.fake.fail("truncate", "GET /attachments/*")
    message = await scene.send(recorded(VOICE_NOTE))
    (reply,) = await scene.wait(message, texts=1)
    assert reply.text.startswith("> What was said.")
    again = await stage.service.wait_until(
        lambda line: line.get("event") == "turn will be tried again" and str(line.get("job")).endswith(f":{message}")
    )
    assert "broke off" in again["reason"]
    await stage.over(message)
    assert await stage.charged() == 2
