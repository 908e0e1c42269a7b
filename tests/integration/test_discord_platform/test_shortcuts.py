"""What stands in the menu of a message: answered below it, or to who asked alone; also where the bot is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.discord.adapter import DiscordPlatform
from bot.domain.errors import PostRefused
from bot.domain.messages import Addressed, FilesPart, Message, NamedFile, TextPart
from tests.contracts.platform import KEY
from tests.doubles.intake import RecordingIntake
from tests.fakes.discord.client import FakeError, Posted
from tests.integration.test_discord_platform.harness import (
    NOTE,
    QuickClock,
    Scene,
    clip_in,
    fetched,
    serving,
)
from tests.integration.test_discord_platform.test_commands import FIFTEEN_MINUTES, registered, used

MOST_FOLLOW_UPS = 5


async def chosen(scene: Scene, platform: DiscordPlatform, title: str, target: int, *, locale: str = "en-US") -> Message:
    """Let Ada choose something from the menu of a message, and return the message that comes of it."""
    intake = RecordingIntake()
    async with serving(platform, intake, scene.fake):
        await registered(scene)
        interaction = await scene.fake.use_message_command(title, target, user=scene.ada, locale=locale)
        await scene.fake.wait_for_answer(interaction)
        (message,) = await intake.wait_stored()
    return message


async def answers(scene: Scene, message: Message) -> tuple[Posted, ...]:
    return (await scene.fake.interaction(int(message.key))).messages


async def note_elsewhere(scene: Scene, text: str = "") -> int:
    """Let Grace speak in a server that the bot was sent away from, and where Ada is."""
    grace = await scene.fake.add_user("grace")
    guild = await scene.fake.add_guild("nest", members=[scene.ada, grace])
    channel = await scene.fake.add_channel(guild, "general")
    await scene.fake.lose_guild(guild)
    return await scene.fake.post(channel, grace, text, **({} if text else {"voice": NOTE}))


# --- where the bot is ----------------------------------------------------------


async def test_to_transcribe_takes_the_recording_of_the_message(scene: Scene, platform: DiscordPlatform):
    grace = await scene.fake.add_user("grace")
    await scene.fake.add_member(scene.guild, grace)
    note = await scene.fake.post(scene.channel, grace, voice=NOTE)
    message = await chosen(scene, platform, "Transcribe", note)
    (target,) = message.quoted
    assert (message.command, message.addressed, message.author.id) == ("transcribe", Addressed.COMMAND, str(scene.ada))
    assert (target.key, target.author and target.author.name) == (str(note), "Grace")
    assert (message.place.channel, message.place.thread) == (str(scene.channel), str(note))
    assert message.aside
    assert await fetched(platform, message, target.attachments[0]) == NOTE.data


async def test_it_needs_no_message_content_intent(scene: Scene):
    await scene.fake.set_application(privileged_intents=())
    account = replace(await scene.account(), message_content=False)
    text = await scene.fake.post(scene.channel, scene.ada, "the oak is high")
    async with DiscordPlatform(account, QuickClock()) as platform:
        message = await chosen(scene, platform, "Read aloud", text)
    assert [each.text for each in message.quoted] == ["the oak is high"]


async def test_what_all_can_use_is_answered_for_all(scene: Scene, platform: DiscordPlatform, tmp_path: Path):
    text = await scene.fake.post(scene.channel, scene.ada, "the oak is high")
    message = await chosen(scene, platform, "Read aloud", text)
    await platform.post(clip_in(tmp_path), answering=message, key=KEY)
    (clip,) = await scene.fake.bot_messages(scene.channel)
    assert (clip.is_voice, clip.ephemeral, clip.reply_to) == (True, False, text)


async def test_what_is_for_one_person_is_shown_to_them_alone(scene: Scene, platform: DiscordPlatform):
    text = await scene.fake.post(scene.channel, scene.ada, "the oak is high")
    message = await chosen(scene, platform, "Translate", text, locale="de")
    assert message.language == "de"
    for number, words in enumerate(("Die Eiche", "ist hoch.")):
        await platform.post(TextPart(text=words), answering=message, key=str(number))
    found = await answers(scene, message)
    assert [(one.content, one.ephemeral) for one in found] == [("Die Eiche", True), ("ist hoch.", True)]


async def test_after_fifteen_minutes_they_are_told_in_a_direct_message(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock
):
    text = await scene.fake.post(scene.channel, scene.ada, "the oak is high")
    message = await chosen(scene, platform, "Translate", text)
    clock.ahead += FIFTEEN_MINUTES
    await scene.fake.advance(FIFTEEN_MINUTES + 1)
    post = await platform.post(TextPart(text="Die …"), answering=message, key=KEY)
    await platform.edit(post, TextPart(text="Die Eiche ist hoch."), answering=message)
    room = await scene.fake.direct_message(scene.ada)
    assert [one.content for one in await scene.fake.bot_messages(room)] == ["Die Eiche ist hoch."]
    assert [one.content for one in await scene.fake.bot_messages(scene.channel)] == [""]


async def test_after_fifteen_minutes_what_all_can_use_replies_to_the_message(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock
):
    note = await scene.fake.post(scene.channel, scene.ada, voice=NOTE)
    message = await chosen(scene, platform, "Transcribe", note)
    clock.ahead += FIFTEEN_MINUTES
    await scene.fake.advance(FIFTEEN_MINUTES + 1)
    await platform.post(TextPart(text="> What was said."), answering=message, key=KEY)
    late = (await scene.fake.bot_messages(scene.channel))[-1]
    assert (late.content, late.reply_to) == ("> What was said.", note)


async def test_a_choice_in_a_thread_belongs_to_it(scene: Scene, platform: DiscordPlatform):
    thread = await scene.fake.start_thread(scene.ada, "talk", channel=scene.channel)
    note = await scene.fake.post(thread, scene.ada, voice=NOTE)
    message = await chosen(scene, platform, "Transcribe", note)
    await platform.post(TextPart(text="> What was said."), answering=message, key=KEY)
    assert (message.place.channel, message.place.thread) == (str(scene.channel), str(thread))
    assert [one.content for one in await scene.fake.bot_messages(thread)] == ["> What was said."]


async def test_a_forwarded_voice_message_is_transcribed(scene: Scene, platform: DiscordPlatform):
    direct = await scene.fake.direct_message(scene.ada)
    forwarded = await scene.fake.forward(await scene.fake.post(scene.channel, scene.ada, voice=NOTE), direct, scene.ada)
    message = await chosen(scene, platform, "Transcribe", forwarded)
    (file,) = message.quoted[0].attachments
    assert (file.voice_note, message.place.direct) == (True, True)
    await scene.fake.expire_urls()
    assert await fetched(platform, message, file) == NOTE.data


async def test_what_cannot_be_stored_is_told_at_once(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    note = await scene.fake.post(scene.channel, scene.ada, voice=NOTE)
    intake.failures = 1
    async with serving(platform, intake, scene.fake):
        await registered(scene)
        answer = await scene.fake.wait_for_answer(
            await scene.fake.use_message_command("Transcribe", note, user=scene.ada)
        )
    assert "went wrong" in answer.messages[0].content
    assert answer.messages[0].ephemeral


# --- from a message on -----------------------------------------------------------


async def test_to_sum_up_reads_on_from_the_message(scene: Scene, platform: DiscordPlatform):
    grace = await scene.fake.add_user("grace")
    await scene.fake.add_member(scene.guild, grace)
    texts = [("before", scene.ada), ("first", scene.ada), ("second", grace), ("third", scene.ada)]
    _, first, *_ = [await scene.fake.post(scene.channel, user, text) for text, user in texts]
    message = await chosen(scene, platform, "Summarise from here", first)
    (start,) = message.quoted
    found = await platform.history(start, message=message, limit=10)
    named = [(each.author and each.author.name, each.text) for each in found]
    assert named == [("Ada", "first"), ("Grace", "second"), ("Ada", "third")]
    assert [each.text for each in await platform.history(start, message=message, limit=2)] == ["second", "third"]


# --- links -------------------------------------------------------------------------


@pytest.mark.parametrize("server", ["server", "@me"])
async def test_a_link_leads_to_the_recording(scene: Scene, platform: DiscordPlatform, server: str):
    elsewhere = await scene.fake.add_channel(scene.guild, "notes")
    room = await scene.fake.direct_message(scene.ada) if server == "@me" else elsewhere
    note = await scene.fake.post(room, scene.ada, voice=NOTE)
    where = "@me" if server == "@me" else scene.guild
    link = f"https://discord.com/channels/{where}/{room}/{note}"
    message = await used(scene, platform, "transcribe", {"message": link})
    (target,) = message.quoted
    assert (message.text, target.author) == ("", None)
    found = await platform.look_up(target, message=message)
    assert found is not None
    assert await fetched(platform, message, found.attachments[0]) == NOTE.data


async def test_a_link_shows_nobody_what_they_may_not_read(scene: Scene, platform: DiscordPlatform):
    grace, eve = await scene.fake.add_user("grace"), await scene.fake.add_user("eve")
    other = await scene.fake.add_guild("nest", members=[grace])
    strange = await scene.fake.add_channel(other, "general")
    hidden = await scene.fake.add_channel(scene.guild, "staff")
    direct = await scene.fake.direct_message(eve)
    links = [f"{scene.guild}/{hidden}", f"{other}/{strange}", f"@me/{direct}"]
    notes = [
        await scene.fake.post(room, user, "secret")
        for room, user in zip((hidden, strange, direct), (scene.ada, grace, eve), strict=True)
    ]
    await scene.fake.set_permissions(hidden, deny=["VIEW_CHANNEL"], user=scene.ada)
    for place, note in zip(links, notes, strict=True):
        link = f"https://discord.com/channels/{place}/{note}"
        message = await used(scene, platform, "transcribe", {"message": link})
        assert await platform.look_up(message.quoted[0], message=message) is None, place
        assert await platform.history(message.quoted[0], message=message, limit=5) == (), place


async def test_what_is_no_link_is_told_at_once(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    async with serving(platform, intake, scene.fake):
        await registered(scene)
        answer = await scene.fake.wait_for_answer(
            await scene.fake.use_slash("transcribe", {"message": "that one"}, channel=scene.channel, user=scene.ada)
        )
    assert "no link to a message" in answer.messages[0].content
    assert answer.messages[0].ephemeral


# --- where the bot is not ------------------------------------------------------------


async def test_where_the_bot_is_not_only_who_asked_is_answered(scene: Scene, platform: DiscordPlatform, tmp_path: Path):
    note = await note_elsewhere(scene)
    message = await chosen(scene, platform, "Transcribe", note)
    assert (message.place.workspace, message.place.direct) == ("", True)
    assert await fetched(platform, message, message.quoted[0].attachments[0]) == NOTE.data
    await platform.post(TextPart(text="> What was said."), answering=message, key="text")
    await platform.post(FilesPart(files=(NamedFile(name="said.txt", content=b"all"),)), answering=message, key="files")
    await platform.post(clip_in(tmp_path), answering=message, key="clip")
    (first,) = await answers(scene, message)
    assert (first.content, first.ephemeral, len(first.files)) == ("> What was said.", True, 2)
    assert await platform.find(answering=message, key="files") is not None
    channel = int(message.handle["channel"])
    assert [one.id for one in await scene.fake.bot_messages(channel)] == [first.id]


async def test_among_people_only_who_asked_is_answered(scene: Scene, platform: DiscordPlatform):
    grace = await scene.fake.add_user("grace")
    room = await scene.fake.add_private_channel(scene.ada, grace)
    note = await scene.fake.post(room, grace, voice=NOTE)
    message = await chosen(scene, platform, "Transcribe", note)
    await platform.post(TextPart(text="> What was said."), answering=message, key=KEY)
    assert [(one.content, one.ephemeral) for one in await answers(scene, message)] == [("> What was said.", True)]


async def test_each_who_uses_us_where_the_bot_is_not_has_a_conversation_of_their_own(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    grace = await scene.fake.add_user("grace")
    room = await scene.fake.add_private_channel(scene.ada, grace)
    theirs = [
        await used(scene, platform, "ask", {"question": "why?"}, channel=room, user=person)
        for person in (scene.ada, grace, scene.ada)
    ]
    assert [message.place.channel for message in theirs] == [f"{room}@{who}" for who in (scene.ada, grace, scene.ada)]
    assert {(message.place.workspace, message.place.direct) for message in theirs} == {("", True)}
    await platform.post(TextPart(text="Because."), answering=theirs[1], key=KEY)
    assert [(one.content, one.ephemeral) for one in await answers(scene, theirs[1])] == [("Because.", True)]
    intake.messages = {message.job_id: message for message in theirs}
    async with serving(platform, intake, scene.fake):
        await scene.say("hello")
        await intake.wait_stored(4)
    assert await scene.fake.requests(f"GET /channels/{room}") == []


async def test_more_is_said_in_five_follow_ups_and_then_refused(scene: Scene, platform: DiscordPlatform):
    message = await chosen(scene, platform, "Read aloud", await note_elsewhere(scene, "the oak is high"))
    posts = [
        await platform.post(TextPart(text=f"part {number}"), answering=message, key=str(number))
        for number in range(1 + MOST_FOLLOW_UPS)
    ]
    with pytest.raises(PostRefused):
        await platform.post(TextPart(text="one too many"), answering=message, key="more")
    await platform.edit(posts[1], TextPart(text="part one"), answering=message)
    await platform.delete(posts[2], answering=message)
    found = await answers(scene, message)
    assert [one.content for one in found if not one.deleted] == ["part 0", "part one", "part 3", "part 4", "part 5"]
    assert all(one.ephemeral for one in found)


async def test_after_a_restart_the_answer_is_finished_by_its_token(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock
):
    message = await chosen(scene, platform, "Transcribe", await note_elsewhere(scene))
    await platform.post(TextPart(text="> What …"), answering=message, key=KEY)
    async with DiscordPlatform(await scene.account(), clock) as again:
        await again.post(TextPart(text="> What was said."), answering=message, key=KEY)
    assert [one.content for one in await answers(scene, message)] == ["> What was said."]


async def test_after_fifteen_minutes_away_they_are_told_in_a_direct_message_if_they_take_one(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock
):
    message = await chosen(scene, platform, "Transcribe", await note_elsewhere(scene))
    clock.ahead += FIFTEEN_MINUTES
    await scene.fake.advance(FIFTEEN_MINUTES + 1)
    await platform.post(TextPart(text="> What was said."), answering=message, key=KEY)
    room = await scene.fake.direct_message(scene.ada)
    assert [one.content for one in await scene.fake.bot_messages(room)] == ["> What was said."]
    await scene.fake.accept_direct_messages(scene.ada, accepts=False)
    with pytest.raises(PostRefused):
        await platform.post(TextPart(text="more"), answering=message, key="more")


async def test_what_reads_on_is_not_offered_where_the_bot_is_not(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    note = await note_elsewhere(scene)
    async with serving(platform, intake, scene.fake):
        await registered(scene)
        with pytest.raises(FakeError, match="where the bot is not"):
            await scene.fake.use_message_command("Summarise from here", note, user=scene.ada)


async def test_commands_are_answered_privately_where_the_bot_is_not(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    grace = await scene.fake.add_user("grace")
    room = await scene.fake.add_private_channel(scene.ada, grace)
    message = await used(scene, platform, "transcribe", {"recording": NOTE}, channel=room)
    await platform.post(TextPart(text="> What was said."), answering=message, key=KEY)
    assert [one.ephemeral for one in await answers(scene, message)] == [True]
    async with serving(platform, intake, scene.fake):
        used_ = await scene.fake.use_slash(
            "mynah settings", {"name": "reply", "value": "text"}, channel=room, user=scene.ada
        )
        await scene.fake.wait_for_answer(used_)
        await intake.wait(lambda found: bool(found.calls))
    assert (intake.calls[0].name, intake.calls[0].may_manage) == ("settings", False)
