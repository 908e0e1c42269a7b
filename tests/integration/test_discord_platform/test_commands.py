"""Slash commands: those that take a turn are stored and answered where they were used, the others at once."""

from pathlib import Path

import pytest

from adapters.discord.adapter import DiscordPlatform
from adapters.discord.outcomes import INSIST_PAUSES
from adapters.discord.registration import menu_title
from bot.domain.channels import SETTINGS
from bot.domain.commands import COMMANDS, DOOR, SHORTCUTS
from bot.domain.errors import MediaGone
from bot.domain.messages import Addressed, Message, TextPart
from bot.words import teaching
from tests.contracts.platform import KEY
from tests.doubles.catalogue import MARKED, Marks
from tests.doubles.intake import RecordingIntake
from tests.fakes.discord.client import Used
from tests.integration.test_discord_platform.harness import (
    NOTE,
    QuickClock,
    Scene,
    clip_in,
    fetched,
    serving,
)

DEFERRED = 5
FIFTEEN_MINUTES = 15 * 60
REGISTER = "PUT /applications/"


async def registered(scene: Scene) -> list[dict[str, object]]:
    found = await scene.fake.wait_for(lambda: scene.fake.requests(REGISTER), bool, 5, "registration")
    payload: list[dict[str, object]] = found[-1]["payload"]
    return payload


async def use(scene: Scene, name: str, options: dict[str, object] | None = None, **how: object) -> int:
    """Let Ada use a command in the channel."""
    await registered(scene)
    typed = COMMANDS[name].call.removeprefix("/")
    return await scene.fake.use_slash(typed, options, **({"channel": scene.channel, "user": scene.ada} | how))


async def used(
    scene: Scene, platform: DiscordPlatform, name: str = "ask", options: dict[str, object] | None = None, **how: object
) -> Message:
    """Let Ada use a command, and return the message that comes of it."""
    intake = RecordingIntake()
    asked = options if options is not None else {"question": "how high is the oak?"}
    async with serving(platform, intake, scene.fake):
        interaction = await use(scene, name, asked, **how)
        await scene.fake.wait_for_answer(interaction)
        (message,) = await intake.wait_stored()
    return message


async def shown(scene: Scene, message: Message) -> Used:
    return await scene.fake.interaction(int(message.key))


# --- registering -------------------------------------------------------------


async def test_commands_are_registered_once(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    async with serving(platform, intake, scene.fake):
        commands = await registered(scene)
    async with serving(platform, intake, scene.fake):
        await scene.say("hello")
        await intake.wait_stored()
        await scene.fake.wait_for(
            lambda: scene.fake.requests("GET /applications/"), lambda found: len(found) == 2, 5, "second look"
        )
    own = [command.name for command in COMMANDS.values() if command.short or command.hidden]
    assert [command["name"] for command in commands] == [*own, DOOR, *map(menu_title, SHORTCUTS.values())]
    assert len(await scene.fake.requests(REGISTER)) == 1


async def test_commands_that_changed_are_registered_again(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, monkeypatch: pytest.MonkeyPatch
):
    async with serving(platform, intake, scene.fake):
        before = await registered(scene)
    changed = [{**command, "description": "New"} for command in before if "description" in command]
    monkeypatch.setattr("adapters.discord.adapter.to_registration", lambda: changed)
    async with serving(platform, intake, scene.fake):
        await scene.fake.wait_for(
            lambda: scene.fake.requests(REGISTER), lambda found: len(found) == 2, 5, "second registration"
        )


async def test_commands_are_registered_as_soon_as_discord_takes_them(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    await scene.fake.fail("429", "PUT /applications/*", times=3, seconds=40)
    async with serving(platform, intake, scene.fake):
        puts = await scene.fake.wait_for(
            lambda: scene.fake.requests(REGISTER), lambda found: len(found) == 4, 5, "registration"
        )
    assert [put["status"] for put in puts] == [429, 429, 429, 200]


async def test_commands_that_change_something_are_for_managers(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        commands = await registered(scene)
    guarded = {command["name"] for command in commands if command.get("default_member_permissions") == 1 << 4}
    assert guarded == {"model", "voice", "settings"}


# --- turns -------------------------------------------------------------------


async def test_a_question_is_stored_and_then_acknowledged(scene: Scene, platform: DiscordPlatform):
    message = await used(scene, platform)
    assert (message.text, message.command, message.addressed) == ("how high is the oak?", "ask", Addressed.COMMAND)
    assert (message.place.workspace, message.place.channel) == (str(scene.guild), str(scene.channel))
    assert message.place.thread == message.key
    answer = await shown(scene, message)
    assert answer.callback_type == DEFERRED
    assert not answer.messages[0].ephemeral


async def test_the_answer_takes_the_place_of_the_acknowledgement(scene: Scene, platform: DiscordPlatform):
    message = await used(scene, platform)
    post = await platform.post(TextPart(text="Forty feet."), answering=message, key=KEY)
    await platform.edit(post, TextPart(text="Forty feet and more."), answering=message)
    (first,) = (await shown(scene, message)).messages
    assert (first.content, first.loading) == ("Forty feet and more.", False)
    assert await platform.find(answering=message, key=KEY) == post


async def test_more_than_one_answer_stands_below_the_first(scene: Scene, platform: DiscordPlatform, tmp_path: Path):
    message = await used(scene, platform)
    await platform.post(TextPart(text="Forty feet."), answering=message, key="0")
    await platform.post(TextPart(text="And growing."), answering=message, key="1")
    await platform.post(clip_in(tmp_path), answering=message, key="clip")
    first, second, clip = await scene.fake.bot_messages(scene.channel)
    assert (first.content, second.content, clip.is_voice) == ("Forty feet.", "And growing.", True)
    assert {second.reply_to, clip.reply_to} == {first.id}


async def test_a_clip_alone_leaves_no_acknowledgement_behind(scene: Scene, platform: DiscordPlatform, tmp_path: Path):
    message = await used(scene, platform, "say", {"text": "good morning"})
    await platform.post(clip_in(tmp_path), answering=message, key=KEY)
    (clip,) = await scene.fake.bot_messages(scene.channel)
    assert clip.is_voice


async def test_where_we_may_not_post_a_clip_is_in_the_answer(scene: Scene, platform: DiscordPlatform, tmp_path: Path):
    await scene.fake.set_permissions(scene.channel, deny=["SEND_MESSAGES"])
    message = await used(scene, platform, "say", {"text": "good morning"})
    post = await platform.post(clip_in(tmp_path), answering=message, key=KEY)
    (first,) = (await shown(scene, message)).messages
    assert not first.loading
    assert first.files[0].content_type == "audio/ogg"
    assert await platform.find(answering=message, key=KEY) == post


async def test_where_we_may_not_post_a_text_is_in_the_answer_and_can_grow(scene: Scene, platform: DiscordPlatform):
    await scene.fake.set_permissions(scene.channel, deny=["VIEW_CHANNEL"])
    message = await used(scene, platform)
    post = await platform.post(TextPart(text="Forty …"), answering=message, key=KEY)
    await platform.edit(post, TextPart(text="Forty feet."), answering=message)
    assert [one.content for one in (await shown(scene, message)).messages] == ["Forty feet."]


async def test_after_fifteen_minutes_the_answer_stands_in_the_channel(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock
):
    message = await used(scene, platform)
    clock.ahead += FIFTEEN_MINUTES
    await scene.fake.advance(FIFTEEN_MINUTES + 1)
    post = await platform.post(TextPart(text="Forty feet."), answering=message, key=KEY)
    await platform.edit(post, TextPart(text="Forty feet, as I said."), answering=message)
    assert [one.content for one in await scene.fake.bot_messages(scene.channel)] == ["", "Forty feet, as I said."]


async def test_an_answer_can_be_edited_and_deleted_after_fifteen_minutes(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock
):
    message = await used(scene, platform)
    post = await platform.post(TextPart(text="Forty feet."), answering=message, key=KEY)
    clock.ahead += FIFTEEN_MINUTES
    await scene.fake.advance(FIFTEEN_MINUTES + 1)
    await platform.edit(post, TextPart(text="Forty feet, as I said."), answering=message)
    assert [one.content for one in await scene.fake.bot_messages(scene.channel)] == ["Forty feet, as I said."]
    await platform.delete(post, answering=message)
    assert await scene.fake.bot_messages(scene.channel) == []


async def test_an_answer_that_was_lost_on_its_way_stands_there_once(scene: Scene, platform: DiscordPlatform):
    message = await used(scene, platform)
    await scene.fake.fail("drop_after", "PATCH /webhooks/*")
    with pytest.raises(Exception, match="Discord did not answer"):
        await platform.post(TextPart(text="Forty feet."), answering=message, key=KEY)
    assert await platform.find(answering=message, key=KEY) is not None
    assert [one.content for one in await scene.fake.bot_messages(scene.channel)] == ["Forty feet."]


@pytest.mark.parametrize("before", ["Forty …", "Forty feet."])
async def test_after_a_crash_the_answer_stands_there_once(
    scene: Scene, platform: DiscordPlatform, clock: QuickClock, before: str
):
    message = await used(scene, platform)
    await platform.post(TextPart(text=before), answering=message, key=KEY)
    async with DiscordPlatform(await scene.account(), clock) as again:
        await again.post(TextPart(text="Forty feet."), answering=message, key=KEY)
        await again.post(TextPart(text="And growing."), answering=message, key="next")
    assert [one.content for one in await scene.fake.bot_messages(scene.channel)] == ["Forty feet.", "And growing."]


async def test_a_command_that_was_never_acknowledged_is_answered_in_the_channel(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, clock: QuickClock
):
    async with serving(platform, intake, scene.fake):
        await scene.fake.fail("drop_before", "POST /interactions/*", times=1 + len(INSIST_PAUSES))
        await use(scene, "ask", {"question": "how high is the oak?"})
        (message,) = await intake.wait_stored()
    clock.ahead += 5
    await platform.post(TextPart(text="Forty feet."), answering=message, key=KEY)
    assert (await shown(scene, message)).callback_type is None
    assert len(await scene.fake.requests("POST /channels/")) == 1
    assert [one.content for one in await scene.fake.bot_messages(scene.channel)] == ["Forty feet."]


async def test_an_answer_waits_for_the_acknowledgement(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        await scene.fake.fail("slow", "POST /interactions/*", seconds=0.5)
        await use(scene, "ask", {"question": "how high is the oak?"})
        (message,) = await intake.wait_stored()
        await platform.post(TextPart(text="Forty feet."), answering=message, key=KEY)
    (first,) = (await shown(scene, message)).messages
    assert (first.content, first.loading) == ("Forty feet.", False)


async def test_a_command_in_a_thread_belongs_to_it(scene: Scene, platform: DiscordPlatform):
    thread = await scene.fake.start_thread(scene.ada, "talk", channel=scene.channel)
    message = await used(scene, platform, channel=thread)
    await platform.post(TextPart(text="first"), answering=message, key="0")
    await platform.post(TextPart(text="second"), answering=message, key="1")
    assert (message.place.channel, message.place.thread) == (str(scene.channel), str(thread))
    assert [one.content for one in await scene.fake.bot_messages(thread)] == ["first", "second"]


async def test_a_command_in_a_direct_message(scene: Scene, platform: DiscordPlatform):
    direct = await scene.fake.direct_message(scene.ada)
    message = await used(scene, platform, channel=direct)
    assert (message.place.workspace, message.place.direct, message.place.thread) == ("", True, None)


async def test_what_cannot_be_stored_is_told_at_once(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    intake.failures = 1
    async with serving(platform, intake, scene.fake):
        answer = await scene.fake.wait_for_answer(await use(scene, "ask", {"question": "how high?"}))
    assert answer.messages[0].ephemeral
    assert "went wrong" in answer.messages[0].content
    assert intake.messages == {}


# --- recordings --------------------------------------------------------------


async def test_a_file_comes_with_a_command(scene: Scene, platform: DiscordPlatform):
    message = await used(scene, platform, "transcribe", {"recording": NOTE})
    assert message.attachments[0].declared_type == "audio/ogg"
    assert await fetched(platform, message) == NOTE.data
    await scene.fake.expire_urls()
    with pytest.raises(MediaGone):
        await fetched(platform, message)


async def test_without_a_file_the_last_recording_is_meant(scene: Scene, platform: DiscordPlatform):
    for voice in (NOTE, None):
        await scene.fake.post(scene.channel, scene.ada, "" if voice else "well?", voice=voice)
    await scene.fake.post(scene.channel, scene.me, voice=NOTE)
    message = await used(scene, platform, "transcribe", {})
    assert message.attachments[0].voice_note
    assert await fetched(platform, message) == NOTE.data


async def test_without_any_recording_it_says_so(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    async with serving(platform, intake, scene.fake):
        answer = await scene.fake.wait_for_answer(await use(scene, "transcribe"))
    assert answer.messages[0].ephemeral
    assert "no recording" in answer.messages[0].content


async def test_what_we_say_by_ourselves_is_said_in_the_language_of_who_asked(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    with teaching(MARKED, Marks()):
        async with serving(platform, intake, scene.fake):
            told = await scene.fake.wait_for_answer(await use(scene, "transcribe", locale=MARKED))
            intake.failures = 1
            failed = await scene.fake.wait_for_answer(await use(scene, "ask", {"question": "why?"}, locale=MARKED))
            english = await scene.fake.wait_for_answer(await use(scene, "transcribe"))
    assert told.messages[0].content.startswith("⟦I see no recording")
    assert failed.messages[0].content == "⟦Something went wrong on my side.⟧"
    assert english.messages[0].content.startswith("I see no recording")


# --- at once -----------------------------------------------------------------


@pytest.mark.parametrize("rights", [[], ["MANAGE_CHANNELS"]])
async def test_usage_is_told_to_its_author_alone(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, rights: list[str]
):
    intake.answer = "Nothing was used."
    async with serving(platform, intake, scene.fake):
        interaction = await use(scene, "usage", permissions=rights)
        answer = await scene.fake.wait_for_answer(interaction, where=lambda found: not found.messages[0].loading)
    (told,) = answer.messages
    assert (told.content, told.ephemeral) == ("Nothing was used.", True)
    (call,) = intake.calls
    assert (call.name, call.author.id, call.may_manage) == ("usage", str(scene.ada), bool(rights))
    assert (call.place.channel, call.place.thread) == (str(scene.channel), None)


async def test_a_setting_is_changed_by_those_who_manage_the_channel(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        options = {"name": "reply", "value": "voice"}
        await scene.fake.wait_for_answer(await use(scene, "settings", options, permissions=["MANAGE_CHANNELS"]))
        await intake.wait(lambda found: bool(found.calls))
    assert (intake.calls[0].options, intake.calls[0].may_manage) == (options, True)


async def test_everybody_manages_their_own_direct_messages(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    direct = await scene.fake.direct_message(scene.ada)
    async with serving(platform, intake, scene.fake):
        await scene.fake.wait_for_answer(await use(scene, "model", {"kind": "chat"}, channel=direct))
        await intake.wait(lambda found: bool(found.calls))
    assert intake.calls[0].may_manage
    assert intake.calls[0].place.direct


async def test_a_long_answer_comes_in_pieces(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    intake.answer = "word " * 1000
    async with serving(platform, intake, scene.fake):
        answer = await scene.fake.wait_for_answer(
            await use(scene, "usage"), where=lambda found: len(found.messages) == 3
        )
    assert all(piece.ephemeral for piece in answer.messages)
    assert "".join(piece.content for piece in answer.messages).split() == ["word"] * 1000


async def test_names_of_settings_are_suggested(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    async with serving(platform, intake, scene.fake):
        await registered(scene)
        await scene.fake.add_member(scene.guild, scene.ada, permissions=["MANAGE_CHANNELS"])
        choices = await scene.fake.autocomplete("settings", "name", "Model", channel=scene.channel, user=scene.ada)
    assert [choice["value"] for choice in choices] == [name for name in SETTINGS if "model" in name]
