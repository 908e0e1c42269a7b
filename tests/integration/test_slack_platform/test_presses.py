"""Buttons under a reply and the forms that they open, with the fake Slack."""

from collections.abc import Callable

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.adapter import SlackPlatform
from adapters.slack.controls import card
from bot.domain.controls import YES, Field, FieldKind, Form, Press, Response
from bot.domain.errors import StorageUnavailable
from bot.domain.messages import Action, Author, Message, TextPart
from tests.doubles.intake import RecordingIntake
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import Delivery, Interaction
from tests.integration.test_slack_platform.harness import heard, serving, shown_text

ALL = (Action.AGAIN, Action.SPEAK, Action.CORRECT, Action.RECEIPT, Action.GOOD, Action.BAD)
PLAIN = (Action.AGAIN, Action.SPEAK, Action.CORRECT, Action.RECEIPT)
LONG = "word " * 600


@pytest.fixture
async def asked(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str) -> Message:
    return await heard(slack, platform, channel, ada, "hello")


def form_of(*fields: Field) -> Callable[[Press], Response]:
    return lambda press: Response(form=Form(press=press, title="Correct the words", fields=fields, shown="12345678"))


def element_types(blocks: object) -> list[str]:
    return [element["type"] for block in blocks for element in block.get("elements", ())]  # type: ignore[attr-defined]


async def pressed(slack: SlackFake, used: Interaction) -> Delivery:
    delivery = await slack.wait_delivered(used.delivery)
    assert delivery.state == "acked"
    assert delivery.attempts[-1]["seconds"] < 3
    return delivery


async def reply_with(platform: SlackPlatform, asked: Message, *actions: Action) -> str:
    post = await platform.post(TextPart(text="**hi**", actions=actions), answering=asked, key="k")
    return post.split(":")[1]


async def test_a_reply_has_its_buttons_below(slack: SlackFake, platform: SlackPlatform, asked: Message, channel: str):
    await reply_with(platform, asked, *ALL)
    (message,) = await slack.bot_messages(channel, asked.place.thread)
    _text, *under = message.blocks
    assert shown_text(message) == "**hi**"
    assert under == card(asked.job_id, ALL)
    assert element_types(under) == ["button"] * 4 + ["feedback_buttons"]


async def test_an_edit_brings_buttons_and_takes_them_away(
    slack: SlackFake, platform: SlackPlatform, asked: Message, channel: str
):
    post = await platform.post(TextPart(text="hi"), answering=asked, key="k")
    for actions, count in [(PLAIN, 4), ((), 0)]:
        await platform.edit(post, TextPart(text="hi there", actions=actions), answering=asked)
        (message,) = await slack.bot_messages(channel, asked.place.thread)
        assert len(element_types(message.blocks)) == count


async def test_a_reply_that_grew_has_its_buttons_at_the_end(
    slack: SlackFake, platform: SlackPlatform, asked: Message, channel: str
):
    post = await platform.post(TextPart(text="h", growing=True), answering=asked, key="k")
    await platform.edit(post, TextPart(text="hi", growing=True), answering=asked)
    await platform.edit(post, TextPart(text="hi there", actions=ALL), answering=asked)
    (message,) = await slack.bot_messages(channel, asked.place.thread)
    assert len(element_types(message.blocks)) == 5
    assert await platform.find(answering=asked, key="k") == post


@pytest.mark.parametrize("action", PLAIN)
async def test_a_press_is_handed_over_and_answered_to_one_person(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, asked: Message, action: Action
):
    ts, channel = await reply_with(platform, asked, *ALL), asked.place.channel
    charles = await slack.create_user("Charles")
    await slack.join(channel, charles)
    async with serving(platform, intake, slack):
        await pressed(slack, await slack.press(action, user=charles, channel=channel, ts=ts))
    (press,) = intake.presses
    assert (press.action, press.job, press.may_manage) == (action, asked.job_id, False)
    assert (press.author, press.place, press.filled) == (Author(id=charles, name="charles"), asked.place, None)
    assert [one["text"] for one in await slack.private(channel, charles)] == ["Done."]
    assert [one["thread_ts"] for one in await slack.private(channel, charles)] == [asked.place.thread]
    assert await slack.private(channel, asked.author.id) == []


async def test_feedback_is_a_press(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, asked: Message, ada: str
):
    ts, channel = await reply_with(platform, asked, *ALL), asked.place.channel
    async with serving(platform, intake, slack):
        for side in ("positive", "negative"):
            await pressed(slack, await slack.press("feedback", user=ada, channel=channel, ts=ts, pressed=side))
    assert [press.action for press in intake.presses] == [Action.GOOD, Action.BAD]
    assert {press.job for press in intake.presses} == {asked.job_id}


async def test_whoever_made_the_channel_manages_it(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, asked: Message, ada: str, channel: str
):
    ts = await reply_with(platform, asked, *ALL)
    async with serving(platform, intake, slack):
        for action in (Action.CORRECT, Action.RECEIPT):
            await pressed(slack, await slack.press(action, user=ada, channel=channel, ts=ts))
    assert [press.may_manage for press in intake.presses] == [True, False]


async def test_an_answer_can_have_buttons_itself(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, asked: Message, ada: str, channel: str
):
    ts = await reply_with(platform, asked, *ALL)
    intake.respond = lambda press: Response(text="Sorry.", actions=(Action.CORRECT,))
    async with serving(platform, intake, slack):
        await pressed(slack, await slack.press("feedback", user=ada, channel=channel, ts=ts, pressed="negative"))
        await pressed(slack, await slack.press_private("correct", user=ada, channel=channel))
    assert [press.action for press in intake.presses] == [Action.BAD, Action.CORRECT]
    assert {(press.job, press.place) for press in intake.presses} == {(asked.job_id, asked.place)}


async def test_a_form_opens_and_comes_back_filled_in(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, asked: Message, ada: str, channel: str
):
    ts = await reply_with(platform, asked, *ALL)
    words = Field(name="words0", label="What was said", hint="Only the beginning.", value=LONG)
    choice = Field(name="answer", label="Answer again", kind=FieldKind.CHOICE)
    intake.respond = form_of(words, choice)
    async with serving(platform, intake, slack):
        await pressed(slack, await slack.press("correct", user=ada, channel=channel, ts=ts))
        ((view, opened),) = (await slack.state())["views"].items()
        assert [block["block_id"] for block in opened["blocks"]] == ["words0", "answer"]
        assert opened["blocks"][0]["element"]["initial_value"] == LONG
        intake.respond = lambda press: Response(text="Corrected.")
        await pressed(slack, await slack.fill_in(view, user=ada, words0="hello <world>", answer=[YES]))
        await pressed(slack, await slack.fill_in(view, user=ada))
    _, first, second = intake.presses
    assert first.filled == {"words0": "hello <world>", "answer": YES}
    assert second.filled == {"words0": LONG, "answer": ""}
    assert (first.action, first.job, first.place, first.shown) == (
        Action.CORRECT,
        asked.job_id,
        asked.place,
        "12345678",
    )
    assert [one["text"] for one in await slack.private(channel, ada)] == ["Corrected.", "Corrected."]


async def test_a_choice_can_be_made_before(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, asked: Message, ada: str, channel: str
):
    ts = await reply_with(platform, asked, *ALL)
    intake.respond = form_of(Field(name="answer", label="Answer again", kind=FieldKind.CHOICE, value=YES))
    async with serving(platform, intake, slack):
        await pressed(slack, await slack.press("correct", user=ada, channel=channel, ts=ts))
        (view,) = (await slack.state())["views"]
        intake.respond = lambda press: Response()
        await pressed(slack, await slack.fill_in(view, user=ada))
    assert await slack.private(channel, ada) == []
    assert intake.presses[-1].filled == {"answer": YES}


async def test_what_cannot_be_stored_is_told(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, asked: Message, ada: str, channel: str
):
    ts = await reply_with(platform, asked, *ALL)

    def fail(press: Press) -> Response:
        raise StorageUnavailable("the disk is full")

    intake.respond = fail
    async with serving(platform, intake, slack):
        await pressed(slack, await slack.press("again", user=ada, channel=channel, ts=ts))
    assert [one["text"] for one in await slack.private(channel, ada)] == ["Something went wrong on my side."]


async def test_a_slow_slack_makes_no_press_late(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, asked: Message, ada: str, channel: str
):
    ts = await reply_with(platform, asked, *ALL)
    for call in ("GET /api/users.info", "POST /api/chat.postEphemeral"):
        await slack.fault(call, "slow", seconds=4)
    async with serving(platform, intake, slack):
        await pressed(slack, await slack.press("again", user=ada, channel=channel, ts=ts))
    assert [press.may_manage for press in intake.presses] == [False]


async def test_a_button_of_a_newer_version_is_left_alone(
    slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake, ada: str, channel: str
):
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    text = {"type": "plain_text", "text": "Dance"}
    button = {"type": "button", "action_id": "dance", "text": text, "value": "dance|slack:T:C:1"}
    sent = await client.chat_postMessage(channel=channel, text="hi", blocks=[{"type": "actions", "elements": [button]}])
    async with serving(platform, intake, slack):
        await pressed(slack, await slack.press("dance", user=ada, channel=channel, ts=sent["ts"]))
    assert intake.presses == []
