"""Settings as a panel, and what is suggested while somebody types, with the fake Discord."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from adapters.discord.adapter import DiscordPlatform
from adapters.discord.commands import ROOM
from adapters.discord.panel import COMPONENTS_V2, SEARCH, Deed, Found, to_panel, to_signal
from bot.domain.errors import StorageUnavailable
from bot.domain.messages import Addressed
from bot.domain.panel import EMPTY, ROWS, TAKE_BACK, Choice, Entry, EntryKind, Outcome, SettingsForm, languages
from tests.doubles.intake import RecordingIntake
from tests.doubles.panel import NOBODYS
from tests.fakes.discord.client import FakeDiscord, Posted, Used
from tests.integration.test_discord_platform.harness import QuickClock, Scene, serving

MANAGES = ("MANAGE_CHANNELS",)
SETTINGS = "mynah settings"
UPDATED, MODAL, REPLY = 7, 9, 4

GIFT = Choice(value="openrouter/acme/gift", label="acme/gift · free")
MIND = Choice(value="local/mind", label="local/mind")
SPARE = Choice(value="local/spare", label="local/spare")
CHOSEN: Mapping[EntryKind, tuple[Choice, ...]] = {
    EntryKind.MODELS: (MIND, SPARE),
    EntryKind.VOICE: (Choice(value=EMPTY, label="The model's own voice"),),
    EntryKind.LANGUAGE: (languages()[0],),
}
CHOICES: Mapping[EntryKind, tuple[Choice, ...]] = {
    EntryKind.VOICE: (*CHOSEN[EntryKind.VOICE], *(Choice(value=f"voice-{n}", label=f"voice-{n}") for n in range(40))),
    EntryKind.LANGUAGE: languages(),
}
VALUES = {"system_prompt": "You are a bird.", "retention_days": "30"}


def entries(**more: Any) -> tuple[Entry, ...]:
    found = []
    for row in ROWS:
        listed = tuple(Choice(value=value, label=label) for value, label in row.choices.items())
        choices = listed or CHOICES.get(row.kind, ())
        chosen = listed[:1] or CHOSEN.get(row.kind, ())
        about = {"label": row.label, "hint": "Nobody has set it.", "value": VALUES.get(row.name, ""), "here": False}
        found.append(Entry(name=row.name, kind=row.kind, choices=choices, chosen=chosen, **{**about, **more}))
    return tuple(found)


FORM = SettingsForm(title="Settings of this channel", language="en", entries=entries())


@pytest.fixture
def intake() -> RecordingIntake:
    found = RecordingIntake()
    found.panel.form = FORM
    found.panel.choices = [GIFT, MIND]
    return found


@pytest.fixture
async def listening(platform: DiscordPlatform, intake: RecordingIntake, scene: Scene) -> AsyncIterator[None]:
    async with serving(platform, intake, scene.fake):
        await scene.fake.wait_for(lambda: scene.fake.requests("PUT /applications/"), bool, 5, "registration")
        yield


async def opened(scene: Scene) -> Posted:
    used = await scene.fake.use_slash(SETTINGS, channel=scene.channel, user=scene.ada, permissions=MANAGES)
    (panel,) = (await answered(scene.fake, used)).messages
    assert panel.ephemeral
    assert panel.flags & COMPONENTS_V2
    return panel


async def answered(fake: FakeDiscord, used: int) -> Used:
    found = await fake.wait_for_answer(used)
    assert found.answer_seconds is not None
    assert found.answer_seconds < 3
    return found


async def use(scene: Scene, panel: Posted, signal: str, *values: str, permissions: Sequence[str] = MANAGES) -> Used:
    chosen = list(values) or None
    used = await scene.fake.use_component(panel.id, signal, user=scene.ada, values=chosen, permissions=permissions)
    return await answered(scene.fake, used)


async def now(scene: Scene, panel: Posted) -> list[dict[str, Any]]:
    return parts(next(one for one in await scene.fake.messages(scene.channel) if one.id == panel.id).raw["components"])


def parts(components: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [each for one in components for each in (dict(one), *parts(one.get("components", ())))]


def texts(found: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(str(each["content"]) for each in found if "content" in each)


def menu(found: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    (options,) = [each["options"] for each in found if each.get("custom_id") == to_signal(Deed.CHOOSE, name)]
    return list(options)


# --- the panel ---------------------------------------------------------------


def test_a_panel_fits_into_a_message_however_much_there_is_to_choose():
    many = [Choice(value=f"openrouter/{n:090}", label="x" * 100) for n in range(200)]
    form = replace(FORM, entries=entries(here=True, hint="x" * 100))
    told = ["x" * 200] * 9
    found = Found(name="language", typed="x" * 100, choices=())
    panel = parts(to_panel(form, dict.fromkeys(("chat_model", "speech_model"), many), told=told, found=found))
    assert len(panel) <= 40
    assert len(texts(panel)) <= 4_000
    for each in panel:
        assert len(each.get("custom_id", "")) <= 100
        assert len(each.get("options", ())) <= 25


@pytest.mark.usefixtures("listening")
async def test_settings_open_as_a_panel_for_who_manages_the_channel(scene: Scene, intake: RecordingIntake):
    panel = await now(scene, await opened(scene))
    assert [each["value"] for each in menu(panel, "chat_model")] == [MIND.value, GIFT.value, SEARCH]
    assert [each.get("default", False) for each in menu(panel, "chat_model")] == [True, False, False]
    assert "1 more in case the first does not answer." in texts(panel)
    assert len(menu(panel, "voice")) == 25
    assert {name for name, *_ in intake.panel.typed} == {row.name for row in ROWS if row.kind is EntryKind.MODELS}


@pytest.mark.usefixtures("listening")
async def test_who_does_not_manage_the_channel_reads_the_settings(scene: Scene, intake: RecordingIntake):
    charles = await scene.fake.add_user("charles")
    await scene.fake.add_member(scene.guild, charles)
    used = await scene.fake.use_slash(SETTINGS, channel=scene.channel, user=charles)
    found = await scene.fake.wait_for_answer(used, where=lambda it: not it.messages[0].loading)
    assert [each.content for each in found.messages] == [intake.answer]


@pytest.mark.usefixtures("listening")
async def test_a_choice_holds_at_once_and_the_panel_says_so(scene: Scene, intake: RecordingIntake):
    panel = await opened(scene)
    used = await use(scene, panel, to_signal(Deed.CHOOSE, "reply"), "both")
    assert used.callback_type == UPDATED
    ((call, filled, shown),) = intake.panel.sent
    assert (filled, shown, call.may_manage) == ({"reply": "both"}, {}, True)
    assert (call.place.channel, call.author.id) == (str(scene.channel), str(scene.ada))
    assert "✅ All of it" in texts(await now(scene, panel))


@pytest.mark.usefixtures("listening")
async def test_a_model_that_is_chosen_comes_before_the_others(scene: Scene, intake: RecordingIntake):
    panel = await opened(scene)
    await use(scene, panel, to_signal(Deed.CHOOSE, "chat_model"), GIFT.value)
    assert intake.panel.sent[0][1] == {"chat_model": f"{GIFT.value}, {SPARE.value}"}


@pytest.mark.usefixtures("listening")
async def test_what_is_set_here_can_be_taken_back(scene: Scene, intake: RecordingIntake):
    intake.panel.form = replace(FORM, entries=entries(here=True))
    panel = await opened(scene)
    for name in ("chat_model", "voice"):
        await use(scene, panel, to_signal(Deed.CHOOSE, name), TAKE_BACK)
    assert [filled for _, filled, _ in intake.panel.sent] == [{"chat_model": TAKE_BACK}, {"voice": TAKE_BACK}]


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("name", ["chat_model", "voice"])
async def test_what_a_menu_does_not_show_is_found_by_a_search(scene: Scene, intake: RecordingIntake, name: str):
    intake.panel.choices = [GIFT, MIND, Choice(value="voice-39", label="voice-39")]
    panel = await opened(scene)
    asked = await use(scene, panel, to_signal(Deed.CHOOSE, name), SEARCH)
    assert asked.callback_type == MODAL
    typed = {"chat_model": "gift", "voice": "39"}[name]
    sent = await scene.fake.submit_modal(asked.id, {"typed": typed}, permissions=MANAGES)
    assert (await answered(scene.fake, sent)).callback_type == UPDATED
    shown = menu(await now(scene, panel), name)
    assert [each["value"] for each in shown] == [{"gift": GIFT.value, "39": "voice-39"}[typed], SEARCH]
    assert (name, typed, {}) in intake.panel.typed
    await use(scene, panel, to_signal(Deed.CHOOSE, name), shown[0]["value"])
    assert len(intake.panel.sent) == 1


@pytest.mark.usefixtures("listening")
async def test_a_search_in_vain_says_so(scene: Scene):
    panel = await opened(scene)
    asked = await use(scene, panel, to_signal(Deed.CHOOSE, "chat_model"), SEARCH)
    await answered(scene.fake, await scene.fake.submit_modal(asked.id, {"typed": "kiwi"}, permissions=MANAGES))
    assert "nothing fits “kiwi”" in texts(await now(scene, panel))


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize(
    ("form", "given"),
    [
        ("prompt", {"system_prompt": "Be brief."}),
        ("budget", {"budget_day": "5", "budget_month": ""}),
        ("retention", {"retention_days": "7"}),
    ],
)
async def test_texts_and_amounts_are_filled_in(scene: Scene, intake: RecordingIntake, form: str, given: dict[str, str]):
    panel = await opened(scene)
    asked = await use(scene, panel, to_signal(Deed.ASK, form))
    sent = await answered(scene.fake, await scene.fake.submit_modal(asked.id, given, permissions=MANAGES))
    assert sent.callback_type == UPDATED
    assert intake.panel.sent[0][1] == given


@pytest.mark.usefixtures("listening")
async def test_mistakes_are_told_by_field(scene: Scene, intake: RecordingIntake):
    intake.panel.change = lambda *_: Outcome(form=FORM, problems={"budget_day": "Please write an amount."})
    panel = await opened(scene)
    asked = await use(scene, panel, to_signal(Deed.ASK, "budget"))
    await answered(scene.fake, await scene.fake.submit_modal(asked.id, {"budget_day": "five"}, permissions=MANAGES))
    assert "⚠️ **Budget of a day, in dollars**: Please write an amount." in texts(await now(scene, panel))


@pytest.mark.usefixtures("listening")
async def test_what_cannot_be_stored_is_told(scene: Scene, intake: RecordingIntake):
    def fail(*_: object) -> Outcome:
        raise StorageUnavailable("the disk is full")

    panel = await opened(scene)
    intake.panel.change = fail
    used = await use(scene, panel, to_signal(Deed.CHOOSE, "buttons", "off"))
    assert (used.callback_type, used.messages[-1].ephemeral) == (REPLY, True)


@pytest.mark.usefixtures("listening")
async def test_who_does_not_manage_the_channel_any_more_is_refused(scene: Scene, intake: RecordingIntake):
    panel = await opened(scene)
    await use(scene, panel, to_signal(Deed.CHOOSE, "reply"), "both", permissions=())
    assert intake.panel.sent == []
    assert texts(await now(scene, panel)) == NOBODYS.refusal


async def test_a_panel_works_after_a_restart(scene: Scene, clock: QuickClock, intake: RecordingIntake):
    async with DiscordPlatform(await scene.account(), clock) as platform, serving(platform, intake, scene.fake):
        await scene.fake.wait_for(lambda: scene.fake.requests("PUT /applications/"), bool, 5, "registration")
        panel = await opened(scene)
    async with DiscordPlatform(await scene.account(), clock) as platform, serving(platform, intake, scene.fake):
        await use(scene, panel, to_signal(Deed.CHOOSE, "reply"), "both")
    assert [filled for _, filled, _ in intake.panel.sent] == [{"reply": "both"}]


@pytest.mark.usefixtures("listening")
async def test_the_voice_is_heard_by_who_wants_to_hear_it_alone(scene: Scene, intake: RecordingIntake):
    panel = await opened(scene)
    used = await use(scene, panel, to_signal(Deed.HEAR, "voice"))
    assert used.messages[0].ephemeral
    assert used.messages[0].loading
    (message,) = intake.messages.values()
    assert (message.command, message.addressed, message.text) == (
        "say",
        Addressed.COMMAND,
        "Good morning! This is how I sound.",
    )
    assert "private" in message.handle


# --- what is suggested -------------------------------------------------------


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize(
    ("command", "option", "typed", "others", "asked", "values"),
    [
        ("mynah model", "model", "gift", {"kind": "chat"}, ("chat_model", "gift"), [GIFT.value]),
        (
            "model",
            "model",
            "local/mind, gift",
            {"kind": "speech"},
            ("speech_model", "gift"),
            [f"local/mind, {GIFT.value}"],
        ),
        ("model", "model", "", {}, ("chat_model", ""), [GIFT.value, MIND.value]),
        ("voice", "voice", "alt", {}, ("voice", "alt"), ["alto"]),
        ("settings", "value", "gift", {"name": "video_model"}, ("video_model", "gift"), [GIFT.value]),
    ],
)
async def test_choices_are_suggested_with_prices(  # noqa: PLR0917
    scene: Scene,
    intake: RecordingIntake,
    command: str,
    option: str,
    typed: str,
    others: dict[str, str],
    asked: tuple[str, str],
    values: list[str],
):
    intake.panel.choices = [GIFT, MIND, Choice(value="alto", label="alto")] if typed else [GIFT, MIND]
    choices = await scene.fake.autocomplete(command, option, typed, channel=scene.channel, user=scene.ada, **others)
    assert [each["value"] for each in choices] == values
    assert intake.panel.typed == [(*asked, {})]
    assert all(len(each["name"]) <= ROOM.label for each in choices)


@pytest.mark.usefixtures("listening")
async def test_kinds_of_models_are_suggested(scene: Scene):
    choices = await scene.fake.autocomplete("model", "kind", "t", channel=scene.channel, user=scene.ada)
    assert [each["value"] for each in choices] == ["chat", "transcription"]
