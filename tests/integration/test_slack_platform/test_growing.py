"""A reply that grows is one message with the whole text at its end, streamed or edited, whatever happens on the way."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.slack.adapter import SlackPlatform
from adapters.slack.plan import SHORTEST_SECONDS
from bot.domain.errors import PostInDoubt, PostNotDone
from bot.domain.messages import Action, Message, PostId, TextPart
from bot.ports import Stage
from tests.fakes.slack.client import Json, SlackFake
from tests.fakes.slack.values import BotMessage
from tests.integration.test_slack_platform.harness import QuickClock, account_of, heard, shown_text

KEY = "slack:T:C:1/post:text:0"
FAULTS = ("429", "500", "drop_before", "drop_after")
NO_STREAMS = ["chat.startStream"]
HEARD = (Stage.FETCHING, Stage.CONVERTING, Stage.LISTENING, Stage.THINKING)


def growing(text: str) -> TextPart:
    return TextPart(text=text, growing=True)


async def insist(platform: SlackPlatform, post: PostId, part: TextPart, message: Message) -> None:
    """Edit as the service does."""
    for _ in range(3):
        try:
            return await platform.edit(post, part, answering=message)
        except PostNotDone:
            continue
    raise AssertionError("never edited")


async def show(platform: SlackPlatform, post: PostId, text: str, message: Message) -> None:
    """Show more, as the service does: what fails is shown with what comes next."""
    try:
        await platform.edit(post, growing(text), answering=message)
    except PostNotDone:
        return


async def only_message(slack: SlackFake, channel: str) -> BotMessage:
    (message,) = await slack.bot_messages(channel)
    return message


async def calls(slack: SlackFake, *methods: str) -> Sequence[int]:
    return [len(await slack.requests(method)) for method in methods]


def plan_of(message: BotMessage) -> Json:
    return next(block for block in message.blocks if block["type"] == "plan")


async def test_a_growing_text_is_streamed_piece_by_piece(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    post = await platform.post(growing("Once"), answering=message, key=KEY)
    for text in ("Once upon", "Once upon", "Once upon a"):
        await platform.edit(post, growing(text), answering=message)
    seen = await only_message(slack, channel)
    assert (seen.text, seen.streaming_state) == ("Once upon a", "in_progress")
    await platform.edit(post, TextPart(text="Once upon a time."), answering=message)

    seen = await only_message(slack, channel)
    assert (seen.text, seen.streaming_state, seen.thread_ts) == ("Once upon a time.", "completed", message.key)
    assert await platform.find(answering=message, key=KEY) == post
    (begun,) = await slack.requests("chat.startStream")
    assert begun["arguments"]["recipient_user_id"] == ada
    appended = [call["arguments"]["chunks"] for call in await slack.requests("chat.appendStream")]
    assert appended == [[{"type": "markdown_text", "text": " upon"}], [{"type": "markdown_text", "text": " a"}]]
    assert await calls(slack, "chat.stopStream", "chat.update", "chat.postMessage") == [1, 0, 0]


async def test_nothing_that_is_streamed_calls_anybody(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    text = f"<!channel> <@{ada}> &amp; &lt; a < b & c"
    message = await heard(slack, platform, channel, ada, "hi")
    post = await platform.post(growing(text[:3]), answering=message, key=KEY)
    for end in range(4, len(text)):
        await show(platform, post, text[:end], message)
    await platform.edit(post, TextPart(text=text), answering=message)
    seen = await only_message(slack, channel)
    assert "<" not in seen.text
    assert await calls(slack, "chat.update") == [0]


async def test_without_streams_it_is_posted_and_edited_and_nobody_asks_again(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    await slack.options(missing=NO_STREAMS)
    for number in range(2):
        message = await heard(slack, platform, channel, ada, "hi")
        post = await platform.post(growing("Once"), answering=message, key=f"{KEY}{number}")
        assert shown_text((await slack.bot_messages(channel))[-1]) == "Once …"
        await platform.edit(post, TextPart(text="Once upon a time."), answering=message)
        assert await platform.find(answering=message, key=f"{KEY}{number}") == post
    assert [shown_text(seen) for seen in await slack.bot_messages(channel)] == ["Once upon a time."] * 2
    assert await calls(slack, "chat.startStream") == [1]


async def test_where_there_is_no_room_for_a_stream_it_is_posted_and_edited(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    await slack.rate_limits()
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /api/chat.startStream", "429", seconds=30)
    post = await platform.post(growing("Once"), answering=message, key=KEY)
    await platform.edit(post, TextPart(text="Once upon a time."), answering=message)
    assert shown_text(await only_message(slack, channel)) == "Once upon a time."
    assert await calls(slack, "chat.startStream", "chat.postMessage", "chat.update") == [1, 1, 1]


async def test_what_is_taken_back_is_shown_by_an_edit(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    post = await platform.post(growing("Once upon"), answering=message, key=KEY)
    await platform.edit(post, growing("There was"), answering=message)
    assert shown_text(await only_message(slack, channel)) == "There was …"
    changes = [change["text"] for change in await slack.journal("message.changed")]
    assert all(text.endswith("…") for text in changes), "for a moment it looked as if all was said"
    await platform.edit(post, growing("There was a"), answering=message)
    await platform.edit(post, TextPart(text="There was a king."), answering=message)
    seen = await only_message(slack, channel)
    assert (shown_text(seen), seen.streaming_state) == ("There was a king.", "completed")
    assert await platform.find(answering=message, key=KEY) == post


async def test_a_text_that_is_too_long_for_a_stream_is_shown_by_an_edit(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    post = await platform.post(growing("語" * 2_900), answering=message, key=KEY)
    for length in (3_100, 5_000):
        await platform.edit(post, growing("語" * length), answering=message)
    await platform.edit(post, TextPart(text="語" * 7_900), answering=message)
    assert shown_text(await only_message(slack, channel)) == "語" * 7_900


async def test_an_answer_full_of_angle_brackets_is_finished_with_its_plan_and_its_buttons(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    code = "a <<< b;\n" * 850
    async with platform.progress(message) as live:
        await live.expect(HEARD)
        await live.stage(Stage.THINKING)
        post = await platform.post(growing(code[:1_000]), answering=message, key=KEY)
        await platform.edit(post, TextPart(text=code, actions=(Action.AGAIN,)), answering=message)
    seen = await only_message(slack, channel)
    assert shown_text(seen) == code
    kinds = [block["type"] for block in seen.blocks]
    assert (kinds[0], set(kinds[1:-1]), kinds[-1]) == ("plan", {"section"}, "actions")


async def test_a_stream_that_expired_is_finished_by_an_edit(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    post = await platform.post(growing("Once"), answering=message, key=KEY)
    await slack.expire_stream(channel, (await only_message(slack, channel)).ts)
    await platform.edit(post, growing("Once upon"), answering=message)
    assert shown_text(await only_message(slack, channel)) == "Once upon …"
    await platform.edit(post, TextPart(text="Once upon a time."), answering=message)
    assert shown_text(await only_message(slack, channel)) == "Once upon a time."
    assert await platform.find(answering=message, key=KEY) == post


async def test_a_stream_that_its_reader_stopped_says_no_more_until_the_last_word(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    post = await platform.post(growing("Once"), answering=message, key=KEY)
    await slack.stop_stream(channel, (await only_message(slack, channel)).ts, ada)
    await platform.edit(post, growing("Once upon"), answering=message)
    assert (await only_message(slack, channel)).text == "Once"
    await platform.edit(post, TextPart(text="Once\n\n_Stopped._"), answering=message)
    seen = await only_message(slack, channel)
    assert (shown_text(seen), seen.finished) == ("Once\n\n_Stopped._", True)


async def test_another_process_finishes_what_one_began(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    post = await platform.post(growing("Once upon"), answering=message, key=KEY)
    async with SlackPlatform(account_of(slack), QuickClock()) as other:
        await other.edit(post, growing("Once more"), answering=message)
        assert shown_text(await only_message(slack, channel)) == "Once more …"
        await other.edit(post, TextPart(text="Once more, and all."), answering=message)
    seen = await only_message(slack, channel)
    assert (shown_text(seen), seen.finished) == ("Once more, and all.", True)


@pytest.mark.parametrize("same", [True, False], ids=["by itself", "by another process"])
async def test_a_stream_that_was_perhaps_begun_is_found_and_goes_on(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, same: bool
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /api/chat.startStream", "drop_after")
    with pytest.raises(PostInDoubt):
        await platform.post(growing("Once"), answering=message, key=KEY)
    async with SlackPlatform(account_of(slack), QuickClock()) as other:
        finder = platform if same else other
        post = await finder.find(answering=message, key=KEY)
        assert post is not None
        await finder.edit(post, growing("Once upon"), answering=message)
        await finder.edit(post, TextPart(text="Once upon a time."), answering=message)
        assert shown_text(await only_message(slack, channel)) == "Once upon a time."
        assert await finder.find(answering=message, key=KEY) == post
        assert await calls(slack, "chat.update") == [0] if same else [2]


async def test_a_stream_is_not_taken_for_another_post(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    await platform.post(growing("Once"), answering=message, key=KEY)
    assert await platform.find(answering=message, key=f"{KEY}1") is None


async def test_a_stream_that_was_not_begun_is_not_found(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    await slack.fault("POST /api/chat.startStream", "drop_before")
    with pytest.raises(PostInDoubt):
        await platform.post(growing("Once"), answering=message, key=KEY)
    assert await platform.find(answering=message, key=KEY) is None


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream", "chat.update"])
async def test_the_whole_text_stands_there_once_whatever_the_network_does(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, method: str, kind: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    if method == "chat.update":
        await slack.options(missing=NO_STREAMS)
    post = await platform.post(growing("Once"), answering=message, key=KEY)
    await slack.fault(f"POST /api/{method}", kind, seconds=0)
    for text in ("Once upon", "Once upon a"):
        await show(platform, post, text, message)
    await insist(platform, post, TextPart(text="Once upon a time."), message)
    seen = await only_message(slack, channel)
    assert (shown_text(seen), seen.finished) == ("Once upon a time.", True)
    assert (await slack.state())["faults"] == []


# --- the plan ----------------------------------------------------------------


@pytest.mark.parametrize("missing", [[], NO_STREAMS], ids=["streamed", "edited"])
async def test_the_plan_of_a_turn_stands_above_its_text(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str, missing: list[str]
):
    await slack.options(missing=missing)
    message = await heard(slack, platform, channel, ada)
    async with platform.progress(message) as live:
        await live.stage(Stage.FETCHING)
        await live.expect((*HEARD, Stage.SPEAKING))
        await live.stage(Stage.CONVERTING)
        post = await platform.post(growing(""), answering=message, key=KEY)
        cards = plan_of(await only_message(slack, channel))["tasks"]
        assert [card["status"] for card in cards] == ["complete", "in_progress", "pending", "pending", "pending"]
        await live.stage(Stage.LISTENING)
        await slack.wait_for(channel, None, lambda found: plan_of(found[0])["tasks"][2]["status"] == "in_progress")
        await asyncio.sleep(SHORTEST_SECONDS)
        await live.stage(Stage.THINKING)
        await platform.edit(post, growing("Once"), answering=message)
        await platform.edit(post, TextPart(text="Once upon a time."), answering=message)
        await live.stage(Stage.SPEAKING)
    seen = await only_message(slack, channel)
    assert shown_text(seen) == "Once upon a time."
    plan = plan_of(seen)
    assert {card["status"] for card in plan["tasks"]} == {"complete"}
    assert plan["tasks"][2]["title"].startswith("Wrote down what is said · ")
    assert plan["title"].startswith("Done in ")
    assert seen.blocks[0] == plan


async def test_a_turn_that_does_not_speak_needs_no_edit_after_its_stream(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada)
    async with platform.progress(message) as live:
        await live.expect(HEARD)
        for stage in HEARD:
            await live.stage(stage)
        post = await platform.post(growing(""), answering=message, key=KEY)
        await platform.edit(post, TextPart(text="Once upon a time."), answering=message)
        await live.stage(Stage.POSTING)
    assert plan_of(await only_message(slack, channel))["title"].startswith("Done in ")
    assert await calls(slack, "chat.update") == [0]


async def test_what_went_wrong_is_seen_in_the_plan(slack: SlackFake, platform: SlackPlatform, ada: str, channel: str):
    message = await heard(slack, platform, channel, ada)

    async def fail() -> PostId:
        async with platform.progress(message) as live:
            await live.expect(HEARD)
            await live.stage(Stage.FETCHING)
            post = await platform.post(growing(""), answering=message, key=KEY)
            await live.stage(Stage.LISTENING)
            raise PostInDoubt(post)

    with pytest.raises(PostInDoubt) as caught:
        await fail()
    assert (await only_message(slack, channel)).streaming_state == "in_progress"
    await platform.edit(PostId(caught.value.reason), TextPart(text="I could not hear that."), answering=message)
    seen = await only_message(slack, channel)
    cards = {card["task_id"]: card for card in plan_of(seen)["tasks"]}
    assert (shown_text(seen), seen.finished) == ("I could not hear that.", True)
    assert cards["listening"]["status"] == "error"
    assert cards["listening"]["title"].startswith("What is said could not be written down")
    assert plan_of(seen)["title"].startswith("Stopped after ")


async def test_a_plan_whose_turn_writes_nothing_ends_by_itself(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada)
    async with platform.progress(message) as live:
        await live.expect(HEARD)
        await live.stage(Stage.FETCHING)
        await platform.post(growing(""), answering=message, key=KEY)
    seen = await only_message(slack, channel)
    assert (seen.finished, seen.text) == (True, "")


async def test_there_is_room_for_streams_and_edits_until_others_used_it_up(
    slack: SlackFake, platform: SlackPlatform, ada: str, channel: str
):
    message = await heard(slack, platform, channel, ada, "hi")
    seen: list[bool] = []
    for number in range(30):
        seen.append(platform.has_room(message))
        if not seen[-1]:
            break
        post = await platform.post(growing("Once"), answering=message, key=f"{KEY}{number}")
        await platform.edit(post, TextPart(text="Once upon a time."), answering=message)
    assert seen[0]
    assert not seen[-1]
    streamed, posted = await calls(slack, "chat.startStream", "chat.postMessage")
    assert (streamed > 0, posted > 0, streamed + posted) == (True, True, len(seen) - 1)
