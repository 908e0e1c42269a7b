"""What stands in the menu of a message, and links to messages: a turn in the thread of what is meant."""

from dataclasses import replace

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.domain.commands import COMMANDS
from bot.domain.messages import Addressed, Message, TextPart
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import NOTE, fetched, heard, serving, shown_text
from tests.integration.test_slack_platform.test_commands import answered
from tests.integration.test_slack_platform.test_quotes import link


async def chosen(slack: SlackFake, platform: SlackPlatform, name: str, *, user: str, channel: str, ts: str) -> Message:
    """Let somebody choose something from the menu of a message, and return the message that comes of it."""
    intake = RecordingIntake()
    async with serving(platform, intake, slack):
        used = await slack.message_action(name, user=user, channel=channel, ts=ts)
        assert (await slack.wait_delivered(used.delivery)).state == "acked"
        (message,) = await intake.wait_stored()
    return message


async def refused(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, *, user: str, channel: str, ts: str
) -> str:
    """Let somebody choose something that cannot be done, and return what they alone are told."""
    async with serving(platform, intake, slack):
        used = await slack.message_action("transcribe", user=user, channel=channel, ts=ts)
        assert (await slack.wait_delivered(used.delivery)).state == "acked"
        await slack.wait_until(lambda state: bool(state["ephemerals"]))
    (told,) = await slack.private(channel, user)
    assert intake.messages == {}
    return str(told["text"])


# --- in the menu ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["public", "private", "mpim", "im"])
async def test_to_transcribe_takes_the_recording_of_the_message(
    slack: SlackFake, platform: SlackPlatform, ada: str, kind: str
):
    channel = await slack.create_channel([ada], kind=kind)
    note = await slack.post(channel, ada, "listen", files=(NOTE,), deliver=False)
    message = await chosen(slack, platform, "transcribe", user=ada, channel=channel, ts=note.ts)
    (target,) = message.quoted
    assert (message.command, message.addressed, message.author.id) == ("transcribe", Addressed.COMMAND, ada)
    assert (message.place.thread, message.aside, target.key, target.text) == (note.ts, True, note.ts, "listen")
    assert await fetched(platform, message, target.attachments[0]) == NOTE.content
    await platform.post(TextPart(text="> What was said."), answering=message, key="k")
    assert [shown_text(one) for one in await slack.bot_messages(channel, note.ts)] == ["> What was said."]
    assert await platform.find(answering=message, key="k") is not None


@pytest.mark.parametrize("kind", ["public", "private", "mpim", "im"])
async def test_a_voice_note_is_heard_in_every_kind_of_conversation_and_in_its_threads(
    slack: SlackFake, platform: SlackPlatform, ada: str, kind: str
):
    channel = await slack.create_channel([ada], kind=kind)
    root = await slack.post(channel, ada, "root", deliver=False)
    intake = RecordingIntake()
    async with serving(platform, intake, slack):
        await slack.post(channel, ada, slack.mention, files=(NOTE,))
        await slack.post(channel, ada, slack.mention, files=(NOTE,), thread_ts=root.ts)
        outside, inside = await intake.wait_stored(2)
    assert (outside.place.thread, inside.place.thread) == (outside.key, root.ts)
    for message in (outside, inside):
        assert message.attachments[0].voice_note
        assert await fetched(platform, message) == NOTE.content


async def test_in_a_thread_the_answer_stands_in_that_thread(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    root = await slack.post(channel, ada, "root", deliver=False)
    reply = await slack.post(channel, ada, "reply", thread_ts=root.ts, deliver=False)
    message = await chosen(slack, platform, "say", user=ada, channel=channel, ts=reply.ts)
    assert (message.place.thread, message.quoted[0].text) == (root.ts, "reply")


async def test_a_stub_of_another_workspaces_file_is_resolved(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    note = await slack.post(channel, ada, files=(replace(NOTE, kind="connect"),), deliver=False)
    message = await chosen(slack, platform, "transcribe", user=ada, channel=channel, ts=note.ts)
    (file,) = message.quoted[0].attachments
    assert "url" not in file.handle
    assert await fetched(platform, message, file) == NOTE.content
    assert len(await slack.requests("files.info")) == 1


async def test_a_translation_is_into_the_language_in_which_somebody_reads_slack(
    slack: SlackFake, platform: SlackPlatform
):
    jo = await slack.create_user("Jo", locale="pt-BR")
    channel = await slack.create_channel([jo])
    text = await slack.post(channel, jo, "good morning", deliver=False)
    message = await chosen(slack, platform, "translate", user=jo, channel=channel, ts=text.ts)
    assert message.language == "pt-BR"


async def test_without_knowing_the_language_it_is_stored_anyway(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    text = await slack.post(channel, ada, "good morning", deliver=False)
    await slack.fault("* /api/users.info", "error", error="user_not_found")
    message = await chosen(slack, platform, "translate", user=ada, channel=channel, ts=text.ts)
    assert message.language == ""


@pytest.mark.parametrize("kind", ["public", "private"])
async def test_where_we_are_not_who_asked_is_told_so(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, kind: str
):
    foreign = await slack.create_channel([ada], kind=kind, bot=False)
    note = await slack.post(foreign, ada, files=(NOTE,), deliver=False)
    assert "/invite" in await refused(slack, platform, intake, user=ada, channel=foreign, ts=note.ts)


async def test_what_cannot_be_stored_is_told(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    note = await slack.post(channel, ada, files=(NOTE,), deliver=False)
    intake.failures = 1
    assert "went wrong" in await refused(slack, platform, intake, user=ada, channel=channel, ts=note.ts)


# --- a whole thread --------------------------------------------------------------


async def test_a_thread_is_read_with_names(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    grace = await slack.create_user("Grace")
    await slack.join(channel, grace)
    root = await slack.post(channel, ada, "Lunch?", deliver=False)
    for user, text in ((grace, "At noon."), (ada, "Fine.")):
        last = await slack.post(channel, user, text, thread_ts=root.ts, deliver=False)
    message = await chosen(slack, platform, "summarise", user=ada, channel=channel, ts=last.ts)
    (start,) = message.quoted
    found = await platform.history(start, message=message, limit=10)
    named = [(each.author and each.author.name, each.text) for each in found]
    assert named == [("Ada", "Lunch?"), ("Grace", "At noon."), ("Ada", "Fine.")]
    assert [each.text for each in await platform.history(start, message=message, limit=2)] == ["At noon.", "Fine."]


async def test_a_thread_of_another_channel_is_read_to_its_members_alone(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    grace = await slack.create_user("Grace")
    elsewhere = await slack.create_channel([grace])
    root = await slack.post(elsewhere, grace, "the cake is a surprise", deliver=False)
    message = await heard(slack, platform, channel, ada, link(elsewhere, root.ts))
    assert await platform.history(message.quoted[0], message=message, limit=10) == ()
    await slack.join(elsewhere, ada)
    assert len(await platform.history(message.quoted[0], message=message, limit=10)) == 1


# --- links, and the one door -------------------------------------------------------


async def typed(
    slack: SlackFake, platform: SlackPlatform, command: str, text: str, *, user: str, channel: str
) -> Message:
    """Let somebody type a command, and return the message that comes of it."""
    intake = RecordingIntake()
    async with serving(platform, intake, slack):
        used = await slack.slash(command, text, user=user, channel=channel)
        assert (await slack.wait_delivered(used.delivery)).state == "acked"
        (message,) = await intake.wait_stored()
    return message


@pytest.mark.parametrize(("command", "before"), [("/transcribe", ""), ("/mynah", "transcribe ")])
async def test_a_link_leads_to_the_recording(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, command: str, before: str
):
    root = await slack.post(channel, ada, "root", deliver=False)
    note = await slack.post(channel, ada, files=(NOTE,), thread_ts=root.ts, deliver=False)
    where = f"{before}{link(channel, note.ts, root.ts)}"
    message = await typed(slack, platform, command, where, user=ada, channel=channel)
    (target,) = message.quoted
    assert (message.text, message.command, message.place.thread) == ("", "transcribe", message.key)
    found = await platform.look_up(target, message=message)
    assert found is not None
    assert await fetched(platform, message, found.attachments[0]) == NOTE.content


async def test_a_language_is_named_with_a_link(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    text = await slack.post(channel, ada, "good morning", deliver=False)
    where = f"translate German {link(channel, text.ts)}"
    message = await typed(slack, platform, "/mynah", where, user=ada, channel=channel)
    assert (message.command, message.language, message.text) == ("translate", "German", "")
    assert [each.key for each in message.quoted] == [text.ts]


async def test_what_is_no_link_is_told(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        assert "no link to a message" in await answered(slack, "/transcribe", "that one", user=ada, channel=channel)
    assert intake.messages == {}


async def test_one_door_leads_to_all_commands(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        for text in ("usage", "Settings reply voice", "", "dance with me"):
            await answered(slack, "/mynah", text, user=ada, channel=channel)
    assert [(call.name, dict(call.options)) for call in intake.calls] == [
        ("usage", {}),
        ("settings", {"name": "reply", "value": "voice"}),
        ("help", {}),
        ("help", {"command": "dance"}),
    ]


async def test_commands_of_an_older_manifest_still_work(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    async with serving(platform, intake, slack):
        await answered(slack, "/usage", "", user=ada, channel=channel)
    assert not COMMANDS["usage"].short
    assert [call.name for call in intake.calls] == ["usage"]
