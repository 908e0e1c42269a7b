"""What a message refers to at Slack: the head of its thread, and what it links to; nothing that its author may not read."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.slack.adapter import SlackPlatform
from bot.domain.errors import PostNotDone
from bot.domain.messages import ClipPart, Message, Quoted, TextPart, VoiceClip
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import NOTE, fetched, heard, serving


def link(channel: str, ts: str, thread: str = "") -> str:
    """Return a permalink as a message's text holds it, https://docs.slack.dev/reference/methods/chat.getPermalink."""
    query = f"?thread_ts={thread}&amp;cid={channel}" if thread else ""
    return f"<https://aviary.slack.com/archives/{channel}/p{ts.replace('.', '')}{query}>"


async def looked_up(platform: SlackPlatform, message: Message) -> list[Quoted | None]:
    return [await platform.look_up(quoted, message=message) for quoted in message.quoted]


async def asked_under(slack: SlackFake, platform: SlackPlatform, channel: str, user: str, ts: str) -> Message:
    """Let somebody mention us in the thread of another message."""
    intake = RecordingIntake()
    async with serving(platform, intake, slack):
        await slack.post(channel, user, f"{slack.mention} and?", thread_ts=ts)
        (message,) = await intake.wait_stored()
    return message


async def test_the_head_of_a_thread_is_the_voice_note_that_nobody_told_us_of(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    grace = await slack.create_user("Grace")
    await slack.join(channel, grace)
    note = await slack.post(channel, grace, "for all of you", files=(NOTE,), deliver=False)
    await slack.post(channel, ada, "nice", thread_ts=note.ts, deliver=False)
    message = await asked_under(slack, platform, channel, ada, note.ts)
    assert message.quoted == (Quoted(channel=channel, key=note.ts, head=True),)
    (found,) = await looked_up(platform, message)
    assert found is not None
    assert found.author is not None
    assert (found.author.id, found.text, found.attachments[0].voice_note) == (grace, "for all of you", True)
    assert await fetched(platform, message, found.attachments[0]) == NOTE.content


async def test_links_are_followed_in_the_same_channel(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    root = await slack.post(channel, ada, "root", deliver=False)
    reply = await slack.post(channel, ada, "reply", thread_ts=root.ts, deliver=False)
    links = f"{link(channel, root.ts)} {link(channel, reply.ts, root.ts)} {link(channel, root.ts)}"
    message = await heard(slack, platform, channel, ada, f"compare {links}")
    assert [found and found.text for found in await looked_up(platform, message)] == ["root", "reply"]


@pytest.mark.parametrize("kind", ["public", "private"])
async def test_what_stands_in_another_channel_is_shown_to_its_members_alone(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, kind: str
):
    grace = await slack.create_user("Grace")
    elsewhere = await slack.create_channel([grace], kind=kind)
    secret = await slack.post(elsewhere, grace, "the cake is a surprise", deliver=False)
    message = await heard(slack, platform, channel, ada, f"what is {link(elsewhere, secret.ts)}?")
    assert await looked_up(platform, message) == [None]
    await slack.join(elsewhere, ada)
    (found,) = await looked_up(platform, message)
    assert found is not None
    assert found.text == "the cake is a surprise"


async def test_what_is_gone_or_never_was_is_nothing(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    gone = await slack.post(channel, ada, "oops", deliver=False)
    links = f"{link(channel, gone.ts)} {link('C0000000099', gone.ts)}"
    message = await heard(slack, platform, channel, ada, f"what is {links}?")
    await slack.delete(channel, gone.ts)
    assert await looked_up(platform, message) == [None, None]


async def test_a_slack_that_is_busy_says_so(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    root = await slack.post(channel, ada, "root", deliver=False)
    message = await asked_under(slack, platform, channel, ada, root.ts)
    await slack.fault("* /api/conversations.replies", "429", seconds=7)
    with pytest.raises(PostNotDone) as told:
        await looked_up(platform, message)
    assert told.value.retry_after == 7


def clip_in(folder: Path, platform: SlackPlatform) -> ClipPart:
    form = platform.abilities.clip
    path = folder / form.filename
    path.write_bytes(b"ID3" + bytes(1_000))
    return ClipPart(clip=VoiceClip(path=str(path), format=form.format, filename=form.filename, seconds=1.0))


async def test_of_our_own_posts_the_words_are_read_and_the_sound_is_not(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, tmp_path: Path
):
    message = await heard(slack, platform, channel, ada, "hello")
    text = await platform.post(TextPart(text="hello **yourself**"), answering=message, key="k")
    sound = await platform.post(clip_in(tmp_path, platform), answering=message, key="c")
    keys = [post.split(":")[1] for post in (text, sound)]
    quoted = [Quoted(channel=channel, key=key, handle={"thread": message.key}) for key in keys]
    words, spoken = await looked_up(platform, replace(message, quoted=tuple(quoted)))
    assert words is not None
    assert words.text == "hello **yourself**"
    assert spoken is not None
    assert (spoken.text, spoken.attachments) == ("", ())
