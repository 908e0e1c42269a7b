"""Buttons under a reply and the forms that they open, with the fake Discord."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import discord
import pytest

from adapters.discord.adapter import DiscordPlatform
from adapters.discord.controls import rows
from bot.domain.controls import YES, Field, FieldKind, Form, Press, Response, to_signal
from bot.domain.errors import PostInDoubt, StorageUnavailable
from bot.domain.messages import Action, JobId, Message, PostId, TextPart
from tests.doubles.intake import RecordingIntake
from tests.fakes.discord.client import FakeDiscord, Posted, Used
from tests.integration.test_discord_platform.harness import QuickClock, Scene, heard, serving

ALL = (Action.AGAIN, Action.SPEAK, Action.CORRECT, Action.RECEIPT, Action.GOOD, Action.BAD)
DEFERRED, MODAL, REPLY = 5, 9, 4
LONG = "word " * 800


@pytest.fixture
async def asked(scene: Scene, platform: DiscordPlatform) -> Message:
    return await heard(scene, platform, "hello")


def form_of(*fields: Field) -> Callable[[Press], Response]:
    return lambda press: Response(form=Form(press=press, title="Correct the words", fields=fields, shown="12345678"))


def labels(posted: Posted) -> list[list[str]]:
    return [[each["emoji"]["name"] for each in row["components"]] for row in posted.raw["components"]]


async def replied(scene: Scene, platform: DiscordPlatform, asked: Message, *actions: Action) -> Posted:
    await platform.post(TextPart(text="hi", actions=actions or ALL), answering=asked, key="k")
    return (await scene.replies(int(asked.key)))[-1]


async def press(scene: Scene, posted: Posted, action: Action, job: JobId, *, user: int | None = None) -> Used:
    used = await scene.fake.use_component(posted.id, to_signal(action, job), user=user or scene.ada)
    return await answered(scene.fake, used)


async def answered(fake: FakeDiscord, used: int) -> Used:
    found = await fake.wait_for_answer(
        used, where=lambda it: bool(it.modal or (it.messages and not it.messages[0].loading))
    )
    assert found.answer_seconds is not None
    assert found.answer_seconds < 3
    assert all(each.ephemeral for each in found.messages)
    return found


async def test_a_reply_has_its_buttons_below(scene: Scene, platform: DiscordPlatform, asked: Message):
    posted = await replied(scene, platform, asked)
    assert posted.content == "hi"
    assert labels(posted) == [["🔁", "🔊", "✏️", "🧾"], ["👍", "👎"]]


async def test_an_edit_brings_buttons_and_takes_them_away(scene: Scene, platform: DiscordPlatform, asked: Message):
    post = await platform.post(TextPart(text="hi"), answering=asked, key="k")
    for actions, count in [(ALL, 2), ((), 0)]:
        await platform.edit(post, TextPart(text="hi there", actions=actions), answering=asked)
        (posted,) = await scene.replies(int(asked.key))
        assert (posted.content, len(posted.raw["components"])) == ("hi there", count)
    assert await platform.find(answering=asked, key="k") == post


async def test_a_post_of_an_earlier_process_gets_its_buttons(
    scene: Scene, platform: DiscordPlatform, asked: Message, clock: QuickClock
):
    await platform.post(TextPart(text="hi", growing=True), answering=asked, key="k")
    async with DiscordPlatform(await scene.account(), clock) as next_one:
        await next_one.post(TextPart(text="hi there", actions=ALL), answering=asked, key="k")
    (posted,) = await scene.replies(int(asked.key))
    assert (posted.content, len(posted.raw["components"])) == ("hi there", 2)


@pytest.mark.parametrize("action", [Action.AGAIN, Action.SPEAK, Action.RECEIPT, Action.GOOD, Action.BAD])
async def test_a_press_is_handed_over_and_answered_to_one_person(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message, action: Action
):
    posted = await replied(scene, platform, asked)
    async with serving(platform, intake, scene.fake):
        used = await press(scene, posted, action, asked.job_id)
    (taken,) = intake.presses
    assert (taken.action, taken.job, taken.author.id, taken.filled) == (action, asked.job_id, str(scene.ada), None)
    assert taken.place == asked.place
    assert (used.callback_type, [each.content for each in used.messages]) == (DEFERRED, ["Done."])


async def test_who_manages_the_channel_is_known(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message
):
    posted = await replied(scene, platform, asked)
    owner = await scene.fake.add_user("owner")
    await scene.fake.add_member(scene.guild, owner, permissions=["MANAGE_CHANNELS"])
    async with serving(platform, intake, scene.fake):
        for user in (scene.ada, owner):
            await press(scene, posted, Action.AGAIN, asked.job_id, user=user)
    assert [each.may_manage for each in intake.presses] == [False, True]


async def test_what_is_wanted_by_a_button_stands_below_it(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message
):
    posted = await replied(scene, platform, asked)
    async with serving(platform, intake, scene.fake):
        await press(scene, posted, Action.AGAIN, asked.job_id)
    again = wanted_by(asked, intake.presses[0])
    # The same words once more: what stands there already is another reply.
    first = await platform.post(TextPart(text="hi", actions=ALL), answering=again, key="again")
    assert await platform.find(answering=again, key="again") == first
    one, two = [each for each in await scene.replies(int(asked.key)) if not each.ephemeral]
    assert (one.content, two.content, two.reply_to) == ("hi", "hi", posted.id)
    assert labels(two) == labels(one)


def wanted_by(asked: Message, wanted: Press) -> Message:
    return replace(asked, revision=1, pressed=wanted.action, handle={**asked.handle, **wanted.handle})


async def test_the_same_words_long_afterwards_are_another_reply(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message, clock: QuickClock
):
    posted = await replied(scene, platform, asked)
    await scene.fake.act("clock", seconds=600)
    clock.ahead += 600
    async with serving(platform, intake, scene.fake):
        await press(scene, posted, Action.AGAIN, asked.job_id)
    again = wanted_by(asked, intake.presses[0])
    await platform.post(TextPart(text="hi", actions=ALL), answering=again, key="again")
    assert len([each for each in await scene.replies(int(asked.key)) if not each.ephemeral]) == 2


async def test_an_answer_can_have_buttons_itself(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message
):
    posted = await replied(scene, platform, asked)
    intake.respond = lambda press: Response(text="Sorry.", actions=(Action.CORRECT,))
    async with serving(platform, intake, scene.fake):
        used = await press(scene, posted, Action.BAD, asked.job_id)
        intake.respond = lambda press: Response(text="No.")
        await press(scene, used.messages[0], Action.CORRECT, asked.job_id)
    assert [each.action for each in intake.presses] == [Action.BAD, Action.CORRECT]
    assert "target" in intake.presses[0].handle
    assert "target" not in intake.presses[1].handle


async def test_a_form_opens_and_comes_back_filled_in(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message
):
    posted = await replied(scene, platform, asked)
    words = Field(name="words0", label="What was said", hint="Only the beginning.", value=LONG, limit=4_000)
    choice = Field(name="answer", label="Answer again", kind=FieldKind.CHOICE)
    intake.respond = form_of(words, choice)
    async with serving(platform, intake, scene.fake):
        opened = await press(scene, posted, Action.CORRECT, asked.job_id)
        assert opened.callback_type == MODAL
        assert opened.modal is not None
        assert opened.modal["components"][0]["component"]["value"] == LONG
        intake.respond = lambda press: Response(text="Corrected.")
        first = await answered(
            scene.fake, await scene.fake.submit_modal(opened.id, {"words0": "hello", "answer": True})
        )
        await answered(scene.fake, await scene.fake.submit_modal(opened.id, {}))
    _, one, two = intake.presses
    assert one.filled == {"words0": "hello", "answer": YES}
    assert two.filled == {"words0": LONG, "answer": ""}
    assert (one.action, one.job, one.place, one.shown) == (Action.CORRECT, asked.job_id, asked.place, "12345678")
    assert [each.content for each in first.messages] == ["Corrected."]


async def test_where_no_form_opens_a_person_is_told_why(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message
):
    posted = await replied(scene, platform, asked)
    intake.answer = "Only <@1> can correct that."
    async with serving(platform, intake, scene.fake):
        used = await press(scene, posted, Action.CORRECT, asked.job_id)
    assert (used.callback_type, [each.content for each in used.messages]) == (REPLY, ["Only <@1> can correct that."])
    assert used.messages[0].mentions == ()


async def test_what_cannot_be_stored_is_told(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message
):
    posted = await replied(scene, platform, asked)

    def fail(press: Press) -> Response:
        raise StorageUnavailable("the disk is full")

    intake.respond = fail
    async with serving(platform, intake, scene.fake):
        for action in (Action.AGAIN, Action.CORRECT):
            used = await press(scene, posted, action, asked.job_id)
            assert [each.content for each in used.messages] == ["Something went wrong on my side."]


async def test_a_long_answer_comes_in_pieces_and_none_leaves_nothing(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message
):
    posted = await replied(scene, platform, asked)
    async with serving(platform, intake, scene.fake):
        intake.answer = LONG
        used = await press(scene, posted, Action.RECEIPT, asked.job_id)
        await scene.fake.wait_for_answer(used.id, where=lambda it: words(it) == LONG.split())
        intake.respond = lambda press: Response()
        gone = await scene.fake.use_component(posted.id, to_signal(Action.GOOD, asked.job_id), user=scene.ada)
        await scene.fake.wait_for_answer(gone, where=lambda it: bool(it.messages) and it.messages[0].deleted)


async def test_a_button_of_a_newer_version_is_told_of(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message
):
    posted = await replied(scene, platform, asked)
    under = rows(asked.job_id, ALL)
    under[0]["components"][0]["custom_id"] = "dance|discord:1:2:3"
    route = discord.http.Route(
        "PATCH", "/channels/{channel_id}/messages/{message}", channel_id=posted.channel_id, message=posted.id
    )
    client, _ = await platform._signed_in()
    await client.http.request(route, json={"components": under})
    async with serving(platform, intake, scene.fake):
        used = await scene.fake.use_component(posted.id, "dance|discord:1:2:3", user=scene.ada)
        told = await answered(scene.fake, used)
    assert [each.content for each in told.messages] == ["I do not know that button any more."]
    assert intake.presses == []


async def test_presses_leave_nothing_in_the_process(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake, asked: Message
):
    posted = await replied(scene, platform, asked)
    intake.respond = form_of(Field(name="words0", label="What was said", value="hi"))
    async with serving(platform, intake, scene.fake):
        await press(scene, posted, Action.CORRECT, asked.job_id)
        client, _ = await platform._signed_in()
        store = client._connection._view_store
        await asyncio.sleep(0)
        assert not store._synced_message_views
        assert not store._views
        assert not store._modals


async def test_a_post_that_was_lost_is_found_with_its_buttons(scene: Scene, platform: DiscordPlatform, asked: Message):
    await scene.fake.fail("drop_after", "POST /channels/*/messages")
    with pytest.raises(PostInDoubt):
        await platform.post(TextPart(text="hi", actions=ALL), answering=asked, key="k")
    found = await platform.find(answering=asked, key="k")
    (posted,) = await scene.replies(int(asked.key))
    assert found == PostId(f"{posted.channel_id}:{posted.id}")
    assert len(labels(posted)) == 2


def words(used: Used) -> list[str]:
    return "".join(each.content for each in used.messages).split()
