"""Modals that ask the app what there is to choose, and Home tabs, by the unmodified slack-bolt."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack.client import FakeRefused, SlackFake

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str) -> Json:
    return {"text": plain(value.title()[:75]), "value": value}


def field(name: str, kind: str, **more: object) -> Json:
    element = {"type": kind, "action_id": name, **more}
    return {"type": "input", "block_id": name, "label": plain(name), "element": element, "optional": True}


MODAL: Json = {
    "type": "modal",
    "callback_id": "menus",
    "title": plain("Menus"),
    "submit": plain("Save"),
    "blocks": [
        field("several", "multi_external_select", min_query_length=0, initial_options=[option("tea")]),
        field("one", "external_select", min_query_length=0),
        field("fixed", "static_select", options=[option("a"), option("b")], initial_option=option("a")),
        {"type": "actions", "elements": [{"type": "button", "action_id": "press", "text": plain("Press")}]},
    ],
}
HOME: Json = {
    "type": "home",
    "blocks": [{"type": "actions", "elements": [{"type": "button", "action_id": "press", "text": plain("Press")}]}],
}


@pytest.fixture
def app(slack: SlackFake) -> AsyncApp:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    return AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True)


@asynccontextmanager
async def connected(slack: SlackFake, app: AsyncApp) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=1)
    handler.client.web_client.base_url = slack.api_url
    await handler.connect_async()
    try:
        await slack.wait_connected()
        yield
    finally:
        await handler.close_async()


async def opened(slack: SlackFake, app: AsyncApp, user: str, channel: str) -> str:
    typed = await slack.slash("/menus", "", user=user, channel=channel)
    return str((await app.client.views_open(trigger_id=typed.trigger_id, view=MODAL))["view"]["id"])


async def test_menus_ask_the_app_and_take_only_what_it_offers(slack: SlackFake, app: AsyncApp, ada: str, channel: str):
    bodies: list[Json] = []

    @app.command("/menus")
    async def typed(ack: Any) -> None:
        await ack()

    @app.options("several")
    async def offer(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack(options=[option(f"{body['value']}-{n}") for n in range(2)])

    @app.view("menus")
    async def submitted(ack: Any, view: Json) -> None:
        bodies.append(view)
        await ack()

    @app.action("press")
    async def pressed(ack: Any, body: Json) -> None:
        bodies.append(body)
        await ack()

    async with connected(slack, app):
        view = await opened(slack, app, ada, channel)
        offered = await slack.type_into(view, "several", "tea", user=ada)
        assert [each["value"] for each in offered] == ["tea-0", "tea-1"]
        await slack.wait_delivered((await slack.press_in(view, "press", user=ada, filled={"fixed": "b"})).delivery)
        sent = await slack.fill_in(view, user=ada, several=["tea-1", "tea"], fixed="b")
        await slack.wait_delivered(sent.delivery)
        for wrong in ({"several": ["coffee"]}, {"one": "tea-0"}, {"fixed": "c"}):
            with pytest.raises(FakeRefused, match="does not offer"):
                await slack.fill_in(view, user=ada, **wrong)
        with pytest.raises(FakeRefused, match="no menu that asks"):
            await slack.type_into(view, "fixed", "", user=ada)
    asked, press, filled = bodies
    assert (asked["type"], asked["value"], asked["container"]) == (
        "block_suggestion",
        "tea",
        {"type": "view", "view_id": view},
    )
    assert press["view"]["state"]["values"]["fixed"]["fixed"]["selected_option"]["value"] == "b"
    values = {name: next(iter(each.values())) for name, each in filled["state"]["values"].items()}
    assert [each["value"] for each in values["several"]["selected_options"]] == ["tea-1", "tea"]
    assert (values["one"]["selected_option"], values["fixed"]["selected_option"]["value"]) == (None, "b")


@pytest.mark.parametrize("options", [[option("x")] * 101, [option("x" * 151)], [{"text": plain("x")}]])
async def test_more_than_a_menu_shows_is_a_violation(
    slack: SlackFake, app: AsyncApp, ada: str, channel: str, options: list[Json]
):
    app.command("/menus")(acknowledge)

    @app.options("one")
    async def offer(ack: Any) -> None:
        await ack(options=options)

    async with connected(slack, app):
        await slack.type_into(await opened(slack, app, ada, channel), "one", "", user=ada)
    assert len(await slack.take_violations()) == 1


async def test_errors_must_name_fields_of_the_modal(slack: SlackFake, app: AsyncApp, ada: str, channel: str):
    app.command("/menus")(acknowledge)

    @app.view("menus")
    async def submitted(ack: Any) -> None:
        await ack(response_action="errors", errors={"nowhere": "Wrong."})

    async with connected(slack, app):
        sent = await slack.fill_in(await opened(slack, app, ada, channel), user=ada)
        await slack.wait_delivered(sent.delivery)
    assert await slack.take_violations() == ["view_submission: errors in no input: ['nowhere']"]


async def acknowledge(ack: Any) -> None:
    await ack()


async def test_each_person_has_a_home(slack: SlackFake, app: AsyncApp, ada: str):
    events: list[Json] = []

    @app.event("app_home_opened")
    async def home(event: Json, client: AsyncWebClient) -> None:
        events.append(event)
        await client.views_publish(user_id=event["user"], view=HOME)

    @app.action("press")
    async def pressed(ack: Any, body: Json) -> None:
        events.append(body)
        await ack()

    async with connected(slack, app):
        for _ in range(2):
            await slack.wait_delivered(await slack.open_home(ada))
        await slack.wait_delivered((await slack.press_in("", "press", user=ada)).delivery)
    first, second, press = events
    assert (first["tab"], "view" in first, "view" in second) == ("home", False, True)
    assert press["view"]["id"] == second["view"]["id"] == (await slack.home(ada))["id"]
    assert (await slack.home("U0000000077"))["blocks"] == []
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await app.client.views_publish(user_id=ada, view=MODAL)
