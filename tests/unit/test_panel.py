"""The form of a channel's settings: made from what holds, and read back into exactly what somebody wants."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from typing_extensions import override

from adapters.slack.panel import to_filled_settings, to_settings_view
from adapters.slack.translate import Identity
from bot.domain.budgets import EACH_USER, SERVICE, Period
from bot.domain.channels import SETTINGS
from bot.domain.commands import CommandCall
from bot.domain.errors import StorageUnavailable
from bot.domain.messages import Author, Place
from bot.domain.models import Capabilities, Catalogue, ModelRef
from bot.domain.money import CallKind, Nanodollars, Price
from bot.domain.panel import (
    BUDGETS,
    EMPTY,
    ROWS,
    SETTINGS_IN_FORM,
    TAKE_BACK,
    EntryKind,
    Outcome,
    SettingsForm,
)
from bot.domain.panel_changes import touched
from bot.domain.prices import short_price
from bot.domain.suggestions import Room, model_choices
from bot.pipeline.intake import StoredIntake
from tests.doubles.audit import MemoryAudit
from tests.doubles.gateway import ScriptedGateway
from tests.doubles.house import TestHouse, open_test_house
from tests.doubles.ledger import MemoryLedger
from tests.fakes.slack.pressing import filled as as_filled

PLACE = Place(platform="memory", workspace="W", channel="C")
CHANNEL, WORKSPACE = "memory:W:C", "memory:W"
ADA = Author(id="U", name="Ada")
CALL = CommandCall(name="settings", place=PLACE, author=ADA, may_manage=True)
ROOM = Room(most=100, label=75, value=150)


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    return open_test_house(tmp_path)


async def opened(home: TestHouse, call: CommandCall = CALL) -> SettingsForm:
    return await StoredIntake(home.house).settings(call)


async def sent(
    home: TestHouse, call: CommandCall = CALL, shown: Mapping[str, str] | None = None, **filled: str
) -> Outcome:
    return await StoredIntake(home.house).change_settings(call, filled, shown=shown or {})


async def changes(home: TestHouse) -> list[tuple[str, str | None]]:
    return [(change.name, change.new) for change in await home.house.audit.newest(100)]


# --- the form ----------------------------------------------------------------


def test_every_field_is_a_setting_or_a_budget_and_its_choices_are_those_of_the_setting():
    assert {row.name for row in ROWS} == SETTINGS_IN_FORM | BUDGETS.keys()
    for row in ROWS:
        assert len(row.label) <= 45
        if row.kind is EntryKind.ONE_OF:
            default: Any = SETTINGS[row.name].default
            assert set(row.choices) == ({"on", "off"} if isinstance(default, bool) else set(type(default)))


async def test_the_form_says_what_holds_and_where_it_comes_from(home: TestHouse):
    await home.house.channels.set(WORKSPACE, "reply", "voice", by="U")
    await home.house.channels.set(CHANNEL, "voice", "bass", by="U")
    await home.house.ledger.set_budget(CHANNEL, Period.DAY, Nanodollars(5_000_000_000), by="U")
    form = await opened(home)
    assert [entry.name for entry in form.entries] == [row.name for row in ROWS]
    assert (form.entry("reply").value, form.entry("reply").hint) == ("voice", "Set for the whole workspace.")
    assert (form.entry("voice").value, form.entry("voice").hint) == ("bass", "Set for this channel.")
    assert [each.value for each in form.entry("voice").choices] == [EMPTY, "alto", "bass", TAKE_BACK]
    assert form.entry("chat_model").hint == "Set for every channel, in the settings file."
    assert form.entry("buttons").hint == "Nobody has set it."
    assert [each.label for each in form.entry("language").chosen] == ["Found out by the model"]
    assert form.entry("budget_day").value == "$5.00"
    assert "$5.00 a day: $0.00 spent, $5.00 left." in form.entry("budget_day").hint
    assert form.entry("budget_month").value == ""


async def test_budgets_of_others_are_not_the_channels_own(home: TestHouse):
    for scope in (SERVICE, EACH_USER, WORKSPACE):
        await home.house.ledger.set_budget(scope, Period.DAY, Nanodollars(1), by="U")
    assert (await opened(home)).entry("budget_day").value == ""


async def test_who_may_not_manage_gets_no_form_and_changes_nothing(home: TestHouse):
    stranger = replace(CALL, may_manage=False)
    form = await opened(home, stranger)
    assert form.entries == ()
    assert form.refusal == "Only people who may manage this channel can change its settings."
    assert (await sent(home, stranger, reply="voice")).form.refusal
    assert await changes(home) == []


async def test_who_may_not_use_it_changes_nothing_in_a_conversation_of_their_own(home: TestHouse):
    await home.house.channels.set(WORKSPACE, "deny", "U", by="U2")
    own = replace(CALL, place=replace(PLACE, direct=True))
    assert (await sent(home, own, reply="voice")).form.refusal
    assert await changes(home) == [("deny", "U")]


async def test_the_form_speaks_the_language_of_who_opens_it(home: TestHouse):
    form = await opened(home, replace(CALL, author=replace(ADA, locale="nl-NL")))
    assert form.language == "nl-NL"


# --- what comes back ---------------------------------------------------------


async def test_only_what_changed_is_changed_each_with_a_line_in_the_audit(home: TestHouse):
    shown = {entry.name: entry.value for entry in (await opened(home)).entries}
    outcome = await sent(home, shown=shown, **{**shown, "reply": "both", "budget_day": "0.50"})
    assert outcome.problems == {}
    assert outcome.changed == ("How to reply: In writing and by voice", "Budget of a day, in dollars: $0.50")
    assert sorted(await changes(home)) == [("budget a day", "500000000"), ("reply", "both")]


async def test_what_somebody_else_changed_meanwhile_stays(home: TestHouse):
    shown = {entry.name: entry.value for entry in (await opened(home)).entries}
    await sent(home, voice_notes="ignore")
    await sent(home, shown=shown, **{**shown, "reply": "both"})
    config = (await home.house.channels.config(PLACE)).config
    assert (config.voice_notes, config.reply) == ("ignore", "both")


async def test_a_mistake_in_one_field_leaves_all_as_it_was(home: TestHouse):
    outcome = await sent(
        home,
        reply="both",
        chat_model="scripted/nobody",
        speech_model="scripted/ear",
        voice="tenor",
        budget_day="five",
        retention_days="-1",
        language="klingon",
        system_prompt="x" * 3_001,
        videos="perhaps",
    )
    assert outcome.problems == {
        "chat_model": "I do not know scripted/nobody. Please choose another.",
        "speech_model": "scripted/ear cannot do that. Please choose another.",
        "budget_day": "Please write an amount of dollars such as 5 or 0.50, or nothing for no limit.",
        "retention_days": "Please write a whole number of days, from 0 to 3650.",
        "language": "I do not know that language. Please choose one from the list.",
        "system_prompt": "This is longer than 3000 characters.",
        "videos": "Please choose one from the list.",
    }
    assert await changes(home) == []


class FullDisk(MemoryLedger):
    """A ledger in which no limit can be noted."""

    @override
    async def set_budget(self, scope: str, period: Period, limit: Nanodollars | None, *, by: str) -> None:
        raise StorageUnavailable("the disk is full")


async def test_a_limit_that_cannot_be_set_leaves_the_settings_as_they_were(home: TestHouse):
    full = replace(home, house=replace(home.house, ledger=FullDisk(home.house.clock, MemoryAudit(home.house.clock))))
    with pytest.raises(StorageUnavailable):
        await sent(full, reply="text", budget_day="5")
    assert await changes(home) == []


async def test_a_voice_has_to_be_one_of_the_models(home: TestHouse):
    outcome = await sent(home, voice="tenor")
    assert outcome.problems == {"voice": "scripted/mouth does not have this voice. It has: alto, bass."}
    assert (await sent(home, voice="bass")).problems == {}


async def test_another_speaker_is_not_left_with_a_voice_that_it_does_not_have(home: TestHouse):
    home.gateway.models = {**home.gateway.models, "choir": replace(home.gateway.models["mouth"], voices=("soprano",))}
    await sent(home, voice="bass")
    refused = await sent(home, shown={"voice": "bass"}, voice="bass", speech_model="scripted/choir")
    assert refused.problems == {"voice": "scripted/choir does not have this voice. It has: soprano."}
    await sent(home, speech_model="scripted/choir")
    config = (await home.house.channels.config(PLACE)).config
    assert (str(config.speech_model[0]), config.voice) == ("scripted/choir", "")


async def test_what_is_cleared_is_taken_back(home: TestHouse):
    await sent(home, chat_model="scripted/omni", reply="both", budget_day="1", system_prompt="Be brief.")
    await sent(home, chat_model="", reply=TAKE_BACK, budget_day="", system_prompt="")
    form = await opened(home)
    assert not any(entry.here for entry in form.entries)
    assert form.entry("chat_model").value == "scripted/mind"


async def test_what_holds_already_is_not_noted_again(home: TestHouse):
    await sent(home, reply="both", budget_day="1")
    await sent(home, reply="both", budget_day="$1.00", voice=TAKE_BACK)
    assert len(await changes(home)) == 2


MODELS = ["scripted/mind", "scripted/omni", "scripted/ear", "scripted/mouth", "scripted/muse", "scripted/nobody", "x"]
FILLED = st.fixed_dictionaries(
    {},
    optional={
        **{
            row.name: st.lists(st.sampled_from(MODELS), max_size=2).map(", ".join)
            for row in ROWS
            if row.kind is EntryKind.MODELS
        },
        **{
            row.name: st.sampled_from([*row.choices, TAKE_BACK, "nonsense"])
            for row in ROWS
            if row.kind is EntryKind.ONE_OF
        },
        "voice": st.sampled_from([EMPTY, "alto", "bass", "tenor", TAKE_BACK]),
        "language": st.sampled_from([EMPTY, "de", "pt", "xx", TAKE_BACK]),
        "system_prompt": st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
        "budget_day": st.sampled_from(["", "5", "$0.50", "five", "-1"]),
        "budget_month": st.sampled_from(["", "0", "100"]),
        "retention_days": st.one_of(st.integers(-5, 4000).map(str), st.just("")),
    },
)


@settings(max_examples=80, deadline=None)
@given(FILLED)
def test_whatever_is_sent_is_refused_by_field_or_holds_exactly(filled: dict[str, str]):
    with TemporaryDirectory() as folder:
        asyncio.run(_sent_and_compared(open_test_house(Path(folder)), filled))


async def _sent_and_compared(home: TestHouse, filled: dict[str, str]) -> None:
    before = await opened(home)
    outcome = await sent(home, **filled)
    after = await opened(home)
    if outcome.problems:
        assert outcome.problems.keys() <= filled.keys()
        assert after == before
        return
    for name, text in touched(filled, {}).items():
        entry = after.entry(name)
        if text in {"", TAKE_BACK}:
            assert not entry.here
        elif name in BUDGETS:
            assert Decimal(entry.value.strip("$")) == Decimal(text.strip("$"))
        else:
            assert (entry.value, entry.here) == ("" if text == EMPTY and name != "system_prompt" else text, True)
    untouched = [entry for entry in after.entries if entry.name not in {*filled, "voice"}]
    assert untouched == [before.entry(entry.name) for entry in untouched]


# --- in Slack ----------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(FILLED)
def test_a_modal_that_is_sent_as_it_opened_changes_nothing(filled: dict[str, str]):
    with TemporaryDirectory() as folder:
        asyncio.run(_sent_as_it_opened(open_test_house(Path(folder)), filled))


async def _sent_as_it_opened(home: TestHouse, set_before: dict[str, str]) -> None:
    await sent(home, **set_before)
    form = await opened(home)
    view = to_settings_view(form, "C1")
    state = {"values": as_filled(view, {}, {})}
    me = Identity(team="T1", user="UBOT", bot="B1")
    used = to_filled_settings({"view": view | {"state": state}, "user": {"id": "U1"}}, me)
    assert touched(used.values, used.shown) == {}
    texts = {entry.name: entry.value.strip() or EMPTY for entry in form.entries}
    assert {name: text.strip() or EMPTY for name, text in used.shown.items()} == texts


# --- what can be chosen ------------------------------------------------------


def priced(prompt: str, completion: str) -> Capabilities:
    price = Price(prompt=Decimal(prompt), completion=Decimal(completion))
    return Capabilities(kinds=frozenset({CallKind.CHAT}), price=price)


FLASH = ModelRef(gateway="openrouter", name="google/gemini-2.5-flash")
LISTED: Catalogue = {
    ModelRef(gateway="openrouter", name="acme/large"): priced("0.00001", "0.00003"),
    FLASH: priced("0.0000003", "0.0000025"),
    ModelRef(gateway="openrouter", name="acme/secret"): Capabilities(kinds=frozenset({CallKind.CHAT})),
    ModelRef(gateway="openrouter", name="acme/gift"): Capabilities(kinds=frozenset({CallKind.CHAT}), free=True),
    ModelRef(gateway="openrouter", name="acme/mouth"): Capabilities(kinds=frozenset({CallKind.SPEECH})),
}


def test_models_are_suggested_with_prices_free_ones_first():
    assert [each.label for each in model_choices("chat", "", LISTED, ROOM)] == [
        "acme/gift · free",
        "google/gemini-2.5-flash · $0.30 / $2.50 per million tokens",
        "acme/large · $10.00 / $30.00 per million tokens",
        "acme/secret · price not known",
    ]
    assert [each.value for each in model_choices("chat", "FLASH goo", LISTED, ROOM)] == [str(FLASH)]
    assert [each.value for each in model_choices("speech", "", LISTED, ROOM)] == ["openrouter/acme/mouth"]


def test_a_gateway_is_named_where_there_are_others():
    two = {**LISTED, ModelRef(gateway="local", name="small"): LISTED[FLASH]}
    labels = [each.label for each in model_choices("chat", "", two, ROOM)]
    assert "openrouter/google/gemini-2.5-flash · $0.30 / $2.50 per million tokens" in labels


@given(st.integers(1, 100), st.integers(10, 100), st.text(max_size=3))
def test_suggestions_stay_within_what_a_platform_shows(most: int, label: int, typed: str):
    many = {replace(FLASH, name=f"acme/{'very-' * (n % 30)}long-{n}"): LISTED[FLASH] for n in range(60)}
    found = model_choices("chat", typed, many, Room(most=most, label=label, value=100))
    assert len(found) <= most
    assert all(1 <= len(each.label) <= label and len(each.value) <= 100 for each in found)


def test_prices_are_told_by_what_matters():
    can = LISTED[FLASH]
    assert short_price(replace(can, price=Price(second=Decimal("0.0001")))) == "$0.006 a minute"
    assert short_price(replace(can, price=Price(character=Decimal("0.000015")))) == "$0.015 per 1,000 characters"
    assert short_price(replace(can, price=Price())) == "free"


async def test_voices_and_languages_are_suggested(home: TestHouse):
    async def suggested(name: str, typed: str, **filled: str) -> list[str]:
        intake = StoredIntake(home.house)
        found = await intake.suggest(name, typed, place=PLACE, author=ADA, room=ROOM, filled=filled)
        return [each.value for each in found]

    home.gateway.models = {**home.gateway.models, "choir": replace(home.gateway.models["mouth"], voices=("soprano",))}
    assert await suggested("voice", "") == [EMPTY, "alto", "bass"]
    assert await suggested("voice", "", speech_model="scripted/choir") == [EMPTY, "soprano"]
    assert await suggested("language", "germ") == ["de"]
    assert await suggested("reply", "voice") == ["voice", "both"]
    assert await suggested("no such field", "") == []


class Asleep(ScriptedGateway):
    """Never tells what it offers."""

    async def catalogue(self) -> Catalogue:
        await asyncio.Event().wait()
        raise AssertionError

    async def capabilities(self, model: str) -> Capabilities:
        await asyncio.Event().wait()
        raise AssertionError(model)


async def test_a_gateway_that_is_slow_delays_nobody(home: TestHouse):
    house = replace(home.house, gateways={**home.house.gateways, "asleep": Asleep(name="asleep")})
    async with asyncio.timeout(2):
        found = await StoredIntake(house).suggest("chat_model", "", place=PLACE, author=ADA, room=ROOM, filled={})
    assert "scripted/mind" in [each.value for each in found]


async def test_what_a_slow_gateway_does_not_tell_in_time_is_not_set(home: TestHouse):
    house = replace(home.house, gateways={**home.house.gateways, "asleep": Asleep(name="asleep")})
    filled = {"chat_model": "asleep/mind", "reply": "both"}
    async with asyncio.timeout(2):
        outcome = await StoredIntake(house).change_settings(CALL, filled, shown={})
    assert outcome.problems == {"chat_model": "I could not find out about this in time. Please try again."}
    assert await changes(home) == []
