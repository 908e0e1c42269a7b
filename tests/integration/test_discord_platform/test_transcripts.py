"""Files that the service makes: one message with all of them, under the names that people know."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.discord.adapter import DiscordPlatform
from bot.domain.errors import PostRefused
from bot.domain.messages import FilesPart, NamedFile, TextPart
from tests.contracts.platform import FILES, KEY
from tests.integration.test_discord_platform.harness import QuickClock, Scene, clip_in, heard
from tests.integration.test_discord_platform.test_commands import shown, used
from tests.integration.test_discord_platform.test_posts import later, restarted

TITLES = [file.name for file in FILES.files]


async def test_files_are_one_message_that_is_no_voice_message(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await platform.post(FILES, answering=message, key=KEY)
    (post,) = await scene.replies(int(message.key))
    assert not post.is_voice
    assert [file.title for file in post.files] == TITLES
    assert all(file.name.startswith("interview-") for file in post.files)
    assert post.files[0].content_type.startswith("text/plain")


@pytest.mark.parametrize("long_after", [False, True])
async def test_after_a_crash_files_stand_there_once(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock, *, long_after: bool
):
    message = await heard(scene, platform)
    before = await platform.post(FILES, answering=message, key=KEY)
    if long_after:
        await later(scene, clock)
    async with await restarted(scene, clock) as again:
        assert await again.find(answering=message, key=KEY) == before
        assert await again.post(FILES, answering=message, key=KEY) == before
    assert len(await scene.replies(int(message.key))) == 1


async def test_where_no_files_are_allowed_they_are_refused(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    await scene.fake.set_permissions(scene.channel, deny=["ATTACH_FILES"])
    with pytest.raises(PostRefused, match="Attach Files"):
        await platform.post(FILES, answering=message, key=KEY)


async def test_a_file_that_is_too_large_is_not_sent(scene: Scene, platform: DiscordPlatform):
    message = await heard(scene, platform)
    large = NamedFile(name="talk.txt", content=bytes(platform.abilities.max_upload_bytes + 1))
    with pytest.raises(PostRefused, match="10 MiB"):
        await platform.post(FilesPart(files=(large,)), answering=message, key=KEY)
    assert await scene.fake.requests("POST /channels/") == []


async def test_where_we_may_not_post_files_are_in_the_answer_to_a_command(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock, tmp_path: Path
):
    message = await used(scene, platform)
    await scene.fake.set_permissions(scene.channel, deny=["VIEW_CHANNEL"])
    await platform.post(TextPart(text="It begins like this."), answering=message, key="text")
    posts = [await platform.post(FILES, answering=message, key=key) for key in ("one", "two")]
    await platform.post(clip_in(tmp_path), answering=message, key="clip")
    (answer,) = (await shown(scene, message)).messages
    assert answer.content == "It begins like this."
    assert [file.title for file in answer.files] == [*TITLES, *TITLES, None]
    async with await restarted(scene, clock) as again:
        assert [await again.post(FILES, answering=message, key=key) for key in ("one", "two")] == posts
        await again.post(TextPart(text="It begins like this."), answering=message, key="text")
    assert len((await shown(scene, message)).messages[0].files) == len(answer.files)


async def test_files_alone_leave_no_acknowledgement_behind(scene: Scene, platform: DiscordPlatform):
    message = await used(scene, platform)
    await platform.post(FILES, answering=message, key=KEY)
    (post,) = await scene.fake.bot_messages(scene.channel)
    assert [file.title for file in post.files] == TITLES


@pytest.mark.parametrize("name", ["Gespräch_(1).txt", "日本語.txt"])
async def test_a_name_is_plain_and_its_title_as_it_was(scene: Scene, platform: DiscordPlatform, name: str):
    message = await heard(scene, platform)
    named = replace(FILES.files[0], name=name)
    post = await platform.post(FilesPart(files=(named,)), answering=message, key=KEY)
    ((file,),) = [posted.files for posted in await scene.replies(int(message.key))]
    assert (file.title, re.fullmatch(r"[A-Za-z0-9_-]+\.txt", file.name) is not None) == (name, True)
    assert await platform.find(answering=message, key=KEY) == post
