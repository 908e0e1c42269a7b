"""Settings without typing: chosen from what there is, with prices, and holding from then on."""

from typing import Any

import pytest

from adapters.discord.panel import SEARCH, Deed, to_signal
from adapters.slack.home import OPEN
from adapters.slack.panel import LISTEN, SETTINGS
from tests.acceptance.discord_scene import DiscordScene
from tests.acceptance.scenes import Scene
from tests.acceptance.slack_scene import SlackScene
from tests.acceptance.stages import Stage
from tests.acceptance.test_money_in_chat import told_after
from tests.fakes.discord.client import Posted, Used
from tests.fakes.openrouter.client import Script
from tests.fakes.slack.values import Interaction

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120), pytest.mark.slow]

on_slack = pytest.mark.parametrize("shared_stage", ["slack"], indirect=True, scope="session")
on_discord = pytest.mark.parametrize("shared_stage", ["discord"], indirect=True, scope="session")

FLASH = "openrouter/google/gemini-2.5-flash"
MANAGES = ("MANAGE_CHANNELS",)
VOICE_SECONDS = 60


async def model_asked_last(stage: Stage) -> str:
    return (await stage.openrouter.state()).calls[-1].model


async def holds(stage: Stage, scene: Scene) -> None:
    """See to it that the budget refuses, and what it takes to be answered by the model that was chosen."""
    assert "The budget of $0.0001 for this day does not allow that" in await told_after(stage, scene, "hello?")
    assert await stage.charged() == 0


async def answers(stage: Stage, scene: Scene) -> None:
    await stage.openrouter.say("Good morning.")
    assert await told_after(stage, scene, "hello?") == "Good morning."
    assert await model_asked_last(stage) == FLASH.removeprefix("openrouter/")


# --- Slack -------------------------------------------------------------------


def slack_of(scene: Scene) -> SlackScene:
    assert isinstance(scene, SlackScene)
    return scene


async def acked(scene: SlackScene, used: Interaction | str) -> None:
    delivery = await scene.fake.wait_delivered(used if isinstance(used, str) else used.delivery)
    assert delivery.state == "acked", delivery
    assert delivery.attempts[-1]["seconds"] < 3


async def modal(scene: SlackScene) -> dict[str, Any]:
    views = (await scene.fake.state())["views"].values()
    return next(view for view in reversed(list(views)) if view["callback_id"] == SETTINGS)


@on_slack
async def test_in_slack_a_modal_sets_a_model_and_a_budget_and_lets_a_voice_be_heard(stage: Stage):
    scene = slack_of(await stage.scene.among_others())
    admin = await scene.fake.create_user("Grace", is_admin=True)
    await acked(scene, await scene.fake.slash("/mynah", "settings", user=admin, channel=scene.channel))
    view = str((await modal(scene))["id"])
    options = await scene.fake.type_into(view, "chat_model", "gemini flash", user=admin)
    assert FLASH in [each["value"] for each in options]
    assert all(" · " in each["text"]["text"] for each in options)
    wrong = await scene.fake.fill_in(view, user=admin, chat_model=[FLASH], budget_day="little")
    await acked(scene, wrong)
    assert "No budget counts here" in await scene.use("budget"), "nothing is half saved"
    await acked(scene, await scene.fake.fill_in(view, user=admin, chat_model=[FLASH], budget_day="0.0001"))
    told = (await scene.fake.state())["views"][view]["blocks"][0]["text"]["text"]
    assert told == (
        f"Models that answer: {FLASH} · $0.30 / $2.50 per million tokens\nBudget of a day, in dollars: $0.0001"
    )
    await holds(stage, scene)

    await acked(scene, await scene.fake.slash("/mynah", "settings", user=admin, channel=scene.channel))
    again = await modal(scene)
    shown = {block["block_id"]: block["element"] for block in again["blocks"] if block["type"] == "input"}
    assert shown["budget_day"]["initial_value"] == "$0.0001"
    assert [each["value"] for each in shown["chat_model"]["initial_options"]] == [FLASH]
    await acked(scene, await scene.fake.fill_in(again["id"], user=admin, budget_day=""))
    await answers(stage, scene)


@on_slack
async def test_in_slack_the_chosen_voice_is_heard_in_a_direct_message(stage: Stage):
    scene = slack_of(await stage.scene.among_others())
    admin = await scene.fake.create_user("Grace", is_admin=True)
    await acked(scene, await scene.fake.slash("/mynah", "settings", user=admin, channel=scene.channel))
    await acked(scene, await scene.fake.press_in((await modal(scene))["id"], LISTEN, user=admin))
    room = await scene.fake.direct_message(admin)
    found = await scene.fake.wait_for(
        room, None, lambda posts: any(post.files for post in posts), seconds=VOICE_SECONDS
    )
    (clip,) = [file for post in found for file in post.files]
    assert len(await scene.fake.file_bytes(clip)) > 1_000
    assert await scene.fake.bot_messages(scene.channel) == []
    await stage.over(found[0].ts)


@on_slack
async def test_in_slack_everybody_has_a_page_and_admins_set_channels_there(stage: Stage):
    scene = slack_of(await stage.scene.among_others())
    # The costliest channels are shown, and the tests before this one talked in many.
    await stage.openrouter.answer(Script(text="Good morning.", cost_usd=0.5))
    await told_after(stage, scene, "hello?")
    await acked(scene, await scene.fake.open_home(scene.user))
    mine = str(await scene.fake.home(scene.user))
    assert "Used this month: $" in mine
    assert "in 1 call." in mine
    assert "Health" not in mine
    chosen = {"text": {"type": "plain_text", "text": "Deutsch"}, "value": "de"}
    await acked(scene, await scene.fake.press_in("", "home:wish:language", user=scene.user, selected_option=chosen))
    assert "initial_option': {'text': {'type': 'plain_text', 'text': 'Deutsch'" in str(
        await scene.fake.home(scene.user)
    )

    admin = await scene.fake.create_user("Grace", is_admin=True)
    await acked(scene, await scene.fake.open_home(admin))
    page = await scene.fake.home(admin)
    channel = next(block for block in page["blocks"] if scene.channel in str(block))
    assert "`openrouter/openai/gpt-4o-mini` answers" in channel["text"]["text"]
    assert "Used this month: $" in channel["text"]["text"]
    assert "`openrouter`: " in str(page["blocks"][-1])
    await acked(scene, await scene.fake.press_in("", OPEN, user=admin, value=scene.channel))
    await acked(scene, await scene.fake.fill_in((await modal(scene))["id"], user=admin, budget_month="20"))
    assert "*Budget*, $20.00 a month: $0.50 spent" in str(await scene.fake.home(admin))


# --- Discord -----------------------------------------------------------------


def discord_of(scene: Scene) -> DiscordScene:
    assert isinstance(scene, DiscordScene)
    return scene


async def answered(scene: DiscordScene, used: int) -> Used:
    found = await scene.fake.wait_for_answer(used)
    assert found.answer_seconds is not None
    assert found.answer_seconds < 3
    return found


async def use(scene: DiscordScene, panel: Posted, signal: str, *values: str) -> Used:
    about: dict[str, Any] = {"values": list(values) or None, "permissions": MANAGES}
    return await answered(scene, await scene.fake.use_component(panel.id, signal, user=scene.user, **about))


async def shown(scene: DiscordScene, panel: Posted) -> str:
    return str(next(one for one in await scene.fake.messages(scene.channel) if one.id == panel.id).raw["components"])


async def opened(scene: DiscordScene) -> Posted:
    used = await scene.fake.use_slash("settings", channel=scene.channel, user=scene.user, permissions=MANAGES)
    (panel,) = (await answered(scene, used)).messages
    return panel


@on_discord
async def test_in_discord_a_panel_sets_a_model_and_a_budget(stage: Stage):
    scene = discord_of(await stage.scene.among_others())
    panel = await opened(scene)
    search = await use(scene, panel, to_signal(Deed.CHOOSE, "chat_model"), SEARCH)
    sent = await scene.fake.submit_modal(search.id, {"typed": "gemini flash"}, permissions=MANAGES)
    await answered(scene, sent)
    assert f"'value': '{FLASH}'" in await shown(scene, panel)
    await use(scene, panel, to_signal(Deed.CHOOSE, "chat_model"), FLASH)
    for amount, told in (("little", "Please write an amount of dollars"), ("0.0001", "in dollars: $0.0001")):
        money = await use(scene, panel, to_signal(Deed.ASK, "budget"))
        given = {"budget_day": amount, "budget_month": ""}
        await answered(scene, await scene.fake.submit_modal(money.id, given, permissions=MANAGES))
        assert told in await shown(scene, panel)
    await holds(stage, scene)
    money = await use(scene, panel, to_signal(Deed.ASK, "budget"))
    await answered(scene, await scene.fake.submit_modal(money.id, {"budget_day": ""}, permissions=MANAGES))
    await answers(stage, scene)


@on_discord
async def test_in_discord_the_voice_that_is_set_is_heard_by_one_person_alone(stage: Stage):
    scene = discord_of(await stage.scene.among_others())
    panel = await opened(scene)
    used = await use(scene, panel, to_signal(Deed.HEAR, "voice"))
    heard = await scene.fake.wait_for_answer(
        used.id, seconds=VOICE_SECONDS, where=lambda it: bool(it.messages and it.messages[0].files)
    )
    (clip,) = heard.messages[0].files
    assert heard.messages[0].ephemeral
    assert len(await scene.fake.file_bytes(clip)) > 1_000
    await stage.over(str(used.id))


@on_discord
async def test_in_discord_models_are_suggested_with_prices(stage: Stage):
    scene = discord_of(await stage.scene.among_others())
    about = {"channel": scene.channel, "user": scene.user, "kind": "chat"}
    choices = await scene.fake.autocomplete("model", "model", "gemini-2.5-flash", **about)
    (chosen,) = [each for each in choices if each["value"] == FLASH]
    assert chosen["name"].startswith("openrouter/google/gemini-2.5-flash · $")
    assert chosen["name"].endswith(" per million tokens")
