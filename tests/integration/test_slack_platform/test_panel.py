"""Settings in a modal and the Home tab, with the fake Slack."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.slack.adapter import SlackPlatform
from adapters.slack.home import OPEN
from adapters.slack.panel import LISTEN, SETTINGS
from bot.domain.errors import StorageUnavailable
from bot.domain.messages import Addressed
from bot.domain.panel import EMPTY, ROWS, TAKE_BACK, Choice, Entry, EntryKind, Outcome, SettingsForm
from tests.doubles.intake import RecordingIntake
from tests.doubles.panel import NOBODYS
from tests.fakes.process import wait_for_port
from tests.fakes.slack.client import SlackFake
from tests.fakes.slack.values import Delivery, Interaction
from tests.integration.test_slack_platform.harness import QuickClock, http_account_of, serving

GIFT = Choice(value="openrouter/acme/gift", label="acme/gift · free")
MIND = Choice(value="local/mind", label="local/mind")
YES, NO = Choice(value="on", label="Yes"), Choice(value="off", label="No")


def entry(name: str, kind: EntryKind, value: str = "", **more: Any) -> Entry:
    return Entry(name=name, label=name.title(), hint="Nobody has set it.", kind=kind, value=value, here=False, **more)


FORM = SettingsForm(
    title="Settings of this channel",
    language="en",
    entries=(
        entry("chat_model", EntryKind.MODELS, "local/mind", chosen=(MIND,)),
        entry("speech_model", EntryKind.MODELS, "local/mouth", chosen=(Choice(value="local/mouth", label="mouth"),)),
        entry("voice", EntryKind.VOICE, chosen=(Choice(value=EMPTY, label="Its own"),)),
        entry("buttons", EntryKind.ONE_OF, "on", choices=(YES, NO), chosen=(YES,)),
        entry("system_prompt", EntryKind.WORDS, "You are a bird."),
        entry("budget_day", EntryKind.DOLLARS),
        entry("retention_days", EntryKind.NUMBER, "30"),
    ),
)
SHOWN = {
    "chat_model": "local/mind",
    "speech_model": "local/mouth",
    "voice": EMPTY,
    "buttons": "on",
    "system_prompt": "You are a bird.",
    "budget_day": "",
    "retention_days": "30",
}


@pytest.fixture
def intake() -> RecordingIntake:
    found = RecordingIntake()
    found.panel.form = FORM
    found.panel.choices = [GIFT, MIND, Choice(value="alto", label="alto")]
    return found


@pytest.fixture
async def listening(slack: SlackFake, platform: SlackPlatform, intake: RecordingIntake) -> AsyncIterator[None]:
    async with serving(platform, intake, slack):
        yield


async def acked(slack: SlackFake, used: Interaction | str) -> Delivery:
    delivery = await slack.wait_delivered(used if isinstance(used, str) else used.delivery)
    assert delivery.state == "acked"
    assert delivery.attempts[-1]["seconds"] < 3
    return delivery


async def opened(slack: SlackFake, user: str, channel: str) -> str:
    await acked(slack, await slack.slash("/mynah", "settings", user=user, channel=channel))
    views = (await slack.state())["views"]
    return str(next(name for name, view in reversed(views.items()) if view["callback_id"] == SETTINGS))


# --- the modal ---------------------------------------------------------------


@pytest.mark.usefixtures("listening")
async def test_settings_open_for_who_manages_the_channel(slack: SlackFake, ada: str, channel: str):
    name = await opened(slack, ada, channel)
    view = (await slack.state())["views"][name]
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    assert [block["block_id"] for block in inputs] == list(SHOWN)
    assert [block["element"]["type"] for block in inputs][:4] == [
        "multi_external_select",
        "multi_external_select",
        "external_select",
        "static_select",
    ]


@pytest.mark.usefixtures("listening")
async def test_who_does_not_manage_the_channel_reads_the_settings(
    slack: SlackFake, intake: RecordingIntake, channel: str
):
    charles = await slack.create_user("Charles")
    await slack.join(channel, charles)
    used = await acked(slack, await slack.slash("/mynah", "settings", user=charles, channel=channel))
    assert used.attempts[-1]["answer"]["text"] == "Done."
    assert (await slack.state())["views"] == {}
    assert [(call.name, call.may_manage) for call in intake.calls] == [("settings", False)]


@pytest.mark.usefixtures("listening")
async def test_models_are_found_while_somebody_types(slack: SlackFake, intake: RecordingIntake, ada: str, channel: str):
    view = await opened(slack, ada, channel)
    options = await slack.type_into(view, "chat_model", "gift", user=ada)
    assert [(each["value"], each["text"]["text"]) for each in options] == [(GIFT.value, GIFT.label)]
    assert intake.panel.typed == [("chat_model", "gift", SHOWN)]


@pytest.mark.usefixtures("listening")
async def test_what_is_filled_in_comes_with_what_was_shown(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str
):
    view = await opened(slack, ada, channel)
    await slack.type_into(view, "chat_model", "", user=ada)
    given = {"chat_model": [GIFT.value, MIND.value], "buttons": "off", "budget_day": "5", "system_prompt": ""}
    await acked(slack, await slack.fill_in(view, user=ada, **given))
    ((call, filled, shown),) = intake.panel.sent
    assert (call.may_manage, call.place.channel, call.author.id) == (True, channel, ada)
    assert shown == SHOWN
    assert filled == SHOWN | given | {"chat_model": f"{GIFT.value}, {MIND.value}"}
    told = (await slack.state())["views"][view]
    assert told["blocks"][0]["text"]["text"] == "All of it"


@pytest.mark.usefixtures("listening")
async def test_mistakes_are_shown_by_field(slack: SlackFake, intake: RecordingIntake, ada: str, channel: str):
    intake.panel.change = lambda *_: Outcome(form=FORM, problems={"budget_day": "Please write an amount."})
    view = await opened(slack, ada, channel)
    sent = await acked(slack, await slack.fill_in(view, user=ada, budget_day="five"))
    assert sent.attempts[-1]["answer"] == {
        "response_action": "errors",
        "errors": {"budget_day": "Please write an amount."},
    }


@pytest.mark.usefixtures("listening")
async def test_what_cannot_be_stored_is_told_in_the_form(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str
):
    def fail(*_: object) -> Outcome:
        raise StorageUnavailable("the disk is full")

    intake.panel.change = fail
    view = await opened(slack, ada, channel)
    sent = await acked(slack, await slack.fill_in(view, user=ada))
    assert sent.attempts[-1]["answer"]["response_action"] == "errors"


@pytest.mark.usefixtures("listening")
async def test_who_does_not_manage_it_any_more_when_they_send_it_is_refused(
    slack: SlackFake, intake: RecordingIntake, channel: str
):
    admin = await slack.create_user("Grace", is_admin=True)
    view = await opened(slack, admin, channel)
    await slack.set_admin(admin, is_admin=False)
    await acked(slack, await slack.fill_in(view, user=admin, budget_day="5"))
    ((call, *_),) = intake.panel.sent
    assert not call.may_manage
    assert (await slack.state())["views"][view]["blocks"][0]["text"]["text"] == NOBODYS.refusal


@pytest.mark.usefixtures("listening")
async def test_values_that_no_menu_can_hold_are_left_alone(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str
):
    model = "local/" + "x" * 150
    long = (
        entry("chat_model", EntryKind.MODELS, model, chosen=(Choice(value=model, label=model),)),
        entry("system_prompt", EntryKind.WORDS, "x" * 3_001),
        entry("budget_day", EntryKind.DOLLARS),
    )
    intake.panel.form = replace(FORM, entries=long)
    name = await opened(slack, ada, channel)
    view = (await slack.state())["views"][name]
    assert [block["type"] for block in view["blocks"]] == ["section", "section", "input"]


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize(("chosen", "voice"), [("alto", "alto"), (EMPTY, ""), (TAKE_BACK, None)])
async def test_a_voice_is_heard_by_who_wants_to_hear_it_alone(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, chosen: str, voice: str | None
):
    intake.panel.choices = [Choice(value=value, label=value) for value in ("alto", EMPTY, TAKE_BACK)]
    view = await opened(slack, ada, channel)
    await slack.type_into(view, "voice", "", user=ada)
    await acked(slack, await slack.press_in(view, LISTEN, user=ada, filled={"voice": chosen}))
    (message,) = intake.messages.values()
    assert (message.place.channel, message.place.direct) == (await slack.direct_message(ada), True)
    assert (message.command, message.addressed, message.author.id) == ("say", Addressed.COMMAND, ada)
    assert (message.speaker, message.voice) == ("local/mouth", voice)
    assert message.text == "Good morning! This is how I sound."


@pytest.mark.usefixtures("listening")
async def test_who_may_not_speak_to_us_directly_is_told_so_above_the_form(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str
):
    intake.panel.refusals[ada] = "I do not answer direct messages here."
    view = await opened(slack, ada, channel)
    await acked(slack, await slack.press_in(view, LISTEN, user=ada))
    *_, (told, shown) = (await slack.state())["views"].items()
    assert (told != view, shown["blocks"][0]["text"]["text"]) == (True, "I do not answer direct messages here.")
    assert len(await slack.requests("views.push")) == 1
    assert (await slack.requests("chat.postMessage"), intake.offered) == ([], [])


@pytest.mark.usefixtures("listening")
async def test_a_voice_that_could_not_be_asked_to_speak_leaves_nothing_behind(
    slack: SlackFake, intake: RecordingIntake, ada: str, channel: str
):
    view = await opened(slack, ada, channel)
    intake.failures = 1
    await acked(slack, await slack.press_in(view, LISTEN, user=ada))
    assert len(await slack.requests("chat.postMessage")) == 1
    assert await slack.bot_messages(await slack.direct_message(ada)) == []


async def test_menus_work_by_http_too(slack: SlackFake, intake: RecordingIntake, ada: str, channel: str, port: int):
    await slack.options(delivery="http", events_url=f"http://127.0.0.1:{port}/slack/events")
    async with SlackPlatform(http_account_of(slack, port), QuickClock()) as platform, asyncio.TaskGroup() as group:
        task = group.create_task(platform.serve(intake))
        await wait_for_port(port)
        view = await opened(slack, ada, channel)
        assert len(await slack.type_into(view, "chat_model", "", user=ada)) == 3
        await acked(slack, await slack.fill_in(view, user=ada, budget_day="5"))
        task.cancel()
    assert intake.panel.sent[0][1]["budget_day"] == "5"


def test_every_kind_of_field_is_tested():
    assert {each.kind for each in FORM.entries} | {EntryKind.LANGUAGE} == {row.kind for row in ROWS}


# --- the Home tab ------------------------------------------------------------


def texts(view: dict[str, Any]) -> list[str]:
    return [block["text"]["text"] for block in view["blocks"] if "text" in block]


@pytest.mark.usefixtures("listening")
async def test_everybody_sees_their_own_page(slack: SlackFake, ada: str):
    await acked(slack, await slack.open_home(ada))
    assert texts(await slack.home(ada)) == [
        "Your month",
        "Nothing was used.",
        "Your wishes",
        "Replies to you",
        "The language that I speak to you",
    ]


@pytest.mark.usefixtures("listening")
async def test_admins_see_channels_and_health_and_open_settings_there(
    slack: SlackFake, intake: RecordingIntake, channel: str
):
    admin = await slack.create_user("Grace", is_admin=True)
    await acked(slack, await slack.open_home(admin))
    assert texts(await slack.home(admin))[-4:] == [
        "Channels",
        f"<#{channel}>\nIt stands well.",
        "Health",
        "All is well.",
    ]
    await acked(slack, await slack.press_in("", OPEN, user=admin))
    (view,) = [view for view in (await slack.state())["views"].values() if view["callback_id"] == SETTINGS]
    shown = (await slack.home(admin))["hash"]
    await acked(slack, await slack.fill_in(view["id"], user=admin, budget_day="5"))
    ((call, *_),) = intake.panel.sent
    assert (call.place.channel, call.may_manage) == (channel, True)
    assert (await slack.home(admin))["hash"] != shown, "what was changed there is seen there"


@pytest.mark.usefixtures("listening", "channel")
async def test_who_may_not_change_settings_any_more_is_told_so_on_their_page(slack: SlackFake):
    admin = await slack.create_user("Grace", is_admin=True)
    await acked(slack, await slack.open_home(admin))
    await slack.set_admin(admin, is_admin=False)
    await acked(slack, await slack.press_in("", OPEN, user=admin))
    told = [texts(view) for view in (await slack.state())["views"].values() if view["type"] == "modal"]
    assert told == [[NOBODYS.refusal]]


@pytest.mark.usefixtures("listening", "channel")
async def test_settings_that_slack_is_slow_to_open_are_given_up_in_time(slack: SlackFake):
    admin = await slack.create_user("Grace", is_admin=True)
    await acked(slack, await slack.open_home(admin))
    await slack.fault("POST /api/views.open", "slow", seconds=4)
    await acked(slack, await slack.press_in("", OPEN, user=admin))


@pytest.mark.usefixtures("listening")
async def test_a_wish_is_kept_and_shown(slack: SlackFake, intake: RecordingIntake, ada: str):
    await acked(slack, await slack.open_home(ada))
    chosen = {"text": {"type": "plain_text", "text": "Written only"}, "value": "off"}
    await acked(slack, await slack.press_in("", "home:wish:voice", user=ada, selected_option=chosen))
    (call,) = intake.calls
    assert (call.name, call.options, call.author.id) == ("me", {"voice": "off"}, ada)
    assert len(await slack.requests("views.publish")) == 2


@pytest.mark.usefixtures("listening")
async def test_a_home_that_slack_does_not_take_is_no_reason_to_tell_it_again(slack: SlackFake, ada: str):
    await slack.fault("POST /api/views.publish", "error", error="not_enabled")
    await acked(slack, await slack.open_home(ada))
