"""Money in a turn: held before a call, settled after it, refused where a budget says no; nothing is paid twice."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.budgets import SERVICE, Period, user_scope
from bot.domain.errors import ModelInDoubt
from bot.domain.jobs import JobStatus
from bot.domain.journal import Step, StepState
from bot.domain.money import Account, Nanodollars, Price, Usage
from bot.pipeline.costs import settle_costs
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.ports import Billed
from tests.doubles.gateway import PRICE, Point, ScriptedGateway
from tests.doubles.house import TestHouse, message, open_test_house

CHANNEL = "memory:W:C"
CENT = Nanodollars(10_000_000)
DEAR = Price(prompt=Decimal("0.000001"), completion=Decimal("0.00001"))


@dataclass(kw_only=True)
class BilledGateway(ScriptedGateway, Billed):
    """One that tells afterwards what it charged."""

    costs: dict[str, Usage] = field(default_factory=dict)

    @override
    async def cost(self, call: str) -> Usage | None:
        return self.costs.get(call)

    @override
    async def account(self) -> Account:
        return Account(spent_today=Nanodollars(0), spent_this_month=Nanodollars(0))


def priced(home: TestHouse, price: Price | None = DEAR) -> TestHouse:
    home.gateway.models = {name: replace(can, price=price) for name, can in home.gateway.models.items()}
    return home


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    return priced(open_test_house(tmp_path))


def texts(home: TestHouse) -> list[str]:
    return [posted.text for posted in home.platform.posts.values() if posted.text]


async def limit(home: TestHouse, scope: str, dollars: str, period: Period = Period.DAY, by: str = "cli here") -> None:
    amount = Nanodollars(int(Decimal(dollars) * 1_000_000_000))
    await home.house.ledger.set_budget(scope, period, amount, by=by)


async def test_what_a_call_cost_takes_the_place_of_what_was_held(home: TestHouse):
    await limit(home, SERVICE, "1")
    hold = home.gateway.hold(Point.ACCEPTED)
    hold.released.set()
    await home.say(message("1", "Hello"))
    [budget] = await home.house.ledger.budgets()
    assert (budget.spent, budget.held) == (PRICE, 0)


async def test_a_call_that_does_not_fit_is_refused_with_the_time_of_reset_and_not_made(home: TestHouse):
    await limit(home, CHANNEL, "0.001")
    await home.say(message("1", "Hello"))
    [told] = texts(home)
    assert "This conversation: The budget of $0.001 for this day does not allow that: $0.001 is left" in told
    assert "It starts anew on" in told
    assert "UTC" in told
    assert home.gateway.requests == []
    [job] = home.store.jobs.values()
    assert job.status is JobStatus.FAILED


@pytest.mark.parametrize("scope", [SERVICE, "memory", "memory:W", CHANNEL, "memory:W:@U", "users"])
@pytest.mark.parametrize("period", Period)
async def test_every_scope_can_say_no(home: TestHouse, scope: str, period: Period):
    await limit(home, scope, "0", period)
    await home.say(message("1", "Hello"))
    assert "does not allow that" in texts(home)[0]
    assert home.gateway.charges == []


async def test_a_refusal_names_what_would_do_it_for_nothing(home: TestHouse):
    ear = home.gateway.models["ear"]
    free = {"brain": replace(home.gateway.models["mind"], free=True), "drum": replace(ear, free=True)}
    home.gateway.models = {**home.gateway.models, **free}
    await limit(home, CHANNEL, "0")
    await home.say(message("1", "Hello"))
    assert texts(home)[0].endswith("Until then, `/mynah model` can choose what costs nothing: scripted/brain.")


async def test_what_is_free_goes_on_where_the_budget_is_used_up(tmp_path: Path):
    home = priced(open_test_house(tmp_path, chat_model="scripted/omni, scripted/mind"))
    home.gateway.models = {**home.gateway.models, "mind": replace(home.gateway.models["mind"], free=True)}
    await limit(home, CHANNEL, "0")
    await home.say(message("1", "Hello"))
    assert texts(home)[0].startswith("Good morning to you, too.\n\n_(scripted/mind answered instead of scripted/omni: ")
    assert home.gateway.charges == [0]


@pytest.mark.parametrize(("times", "fallbacks"), [(1, ("omni",)), (100, ())])
async def test_only_who_costs_no_more_may_stand_in_at_the_gateway(
    tmp_path: Path, times: int, fallbacks: tuple[str, ...]
):
    home = priced(open_test_house(tmp_path, chat_model="scripted/mind, scripted/omni"))
    dear = replace(DEAR, completion=times * DEAR.completion)
    home.gateway.models = {**home.gateway.models, "omni": replace(home.gateway.models["omni"], price=dear)}
    await limit(home, CHANNEL, "0.1")
    await home.say(message("1", "Hello"))  # 300 tokens of the dear one are $0.30
    assert texts(home) == ["Good morning to you, too."]
    assert [request.fallbacks for request in home.gateway.requests] == [fallbacks]  # type: ignore[union-attr]


async def test_a_price_that_nobody_says_is_allowed_and_counted_afterwards(tmp_path: Path):
    home = priced(open_test_house(tmp_path), None)
    await limit(home, CHANNEL, "0.001")
    await home.say(message("1", "Hello"))
    await home.say(message("2", "Hello again"))
    assert len(home.gateway.charges) == 2
    await home.say(message("3", "And again"))  # $0.0019 is spent by now
    assert "does not allow that" in texts(home)[-1]
    assert len(home.gateway.charges) == 2


async def test_a_channel_can_refuse_what_nobody_prices(tmp_path: Path):
    home = priced(open_test_house(tmp_path, unknown_price="refuse"), None)
    await home.say(message("1", "Hello"))
    assert "nobody says what it charges" in texts(home)[0]
    assert home.gateway.requests == []


async def test_an_admin_knows_a_price_better(tmp_path: Path):
    home = priced(open_test_house(tmp_path, unknown_price="refuse"), None)
    house = House(**{**vars(home.house), "prices": {"scripted/*": DEAR}})
    await replace(home, house=house).say(message("1", "Hello"))
    assert texts(home) == ["Good morning to you, too."]


@pytest.mark.parametrize(("told_later", "cost"), [(False, 1_000 + 5 * 10_000), (True, None)])
async def test_what_no_gateway_ever_tells_is_charged_as_listed(tmp_path: Path, told_later: bool, cost: int | None):
    home = priced(open_test_house(tmp_path, system_prompt=""))
    home.gateway.models = {name: replace(can, told_later=told_later) for name, can in home.gateway.models.items()}
    home.gateway.price = None
    await home.say(message("1", "Hello"))  # one word in, five words out
    assert [record.usage.cost for record in home.ledger.records] == [cost]


# --- admins are told ------------------------------------------------------------------


async def test_admins_are_told_once_that_a_budget_is_nearly_spent(tmp_path: Path):
    home = priced(open_test_house(tmp_path, admins="A1, A2"))
    await limit(home, CHANNEL, "0.0105")
    for key in ("1", "2", "3"):
        home.gateway.price = Nanodollars(4_500_000)
        await home.say(message(key, "Hello"))
    assert [who for who, _ in home.platform.told] == ["A1", "A2"]
    assert "85 % of this day's budget of memory:W:C is spent ($0.009 of $0.0105)" in home.platform.told[0][1]


async def test_whoever_set_the_budget_is_told_where_no_admin_is_named(home: TestHouse):
    await limit(home, CHANNEL, "0.006", by="U7")
    home.gateway.price = Nanodollars(5_000_000)
    await home.say(message("1", "Hello"))
    assert [who for who, _ in home.platform.told] == ["U7"]


async def test_where_nobody_can_be_told_it_is_said_in_the_thread(home: TestHouse):
    await limit(home, CHANNEL, "0.006")
    home.gateway.price = Nanodollars(5_000_000)
    await home.say(message("1", "Hello"))
    assert home.platform.told == []
    assert texts(home)[-1].startswith("Heads-up: 83 %")


async def test_an_admin_who_cannot_be_reached_does_not_spoil_the_reply(home: TestHouse):
    await limit(home, CHANNEL, "0.006", by="U7")
    home.gateway.price = Nanodollars(5_000_000)
    home.platform.unreachable.add("U7")
    await home.say(message("1", "Hello"))
    assert [text[:8] for text in texts(home)] == ["Good mor", "Heads-up"]
    [job] = home.store.jobs.values()
    assert job.status is JobStatus.DONE


# --- paid for nothing -----------------------------------------------------------------


async def test_speech_that_says_nothing_is_paid_all_the_same(home: TestHouse):
    home.gateway.mute = True
    await home.say(message("1", "Lunch is ready", command="say"))
    assert "it said nothing" in texts(home)[0]
    assert [record.usage.cost for record in home.ledger.records] == [PRICE]
    assert home.ledger.holds == {}


async def test_speech_that_is_too_long_to_keep_is_paid_all_the_same(home: TestHouse, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.pipeline.sound.LIMIT_BYTES", 100)
    await home.say(message("1", "Lunch is ready", command="say"))
    [job] = home.store.jobs.values()
    assert job.status is JobStatus.FAILED
    assert [record.usage.cost for record in home.ledger.records] == [PRICE]
    assert home.ledger.holds == {}


async def test_a_call_that_is_made_anew_has_no_name_of_the_one_before(tmp_path: Path):
    home = priced(open_test_house(tmp_path, in_doubt="retry"))
    home.gateway.ids = False
    await left_over(home, StepState.ACCEPTED, "call-1")
    await home.work()
    assert [(record.call, record.usage.cost) for record in home.ledger.records] == [("call-1", None), (None, PRICE)]


# --- cut off --------------------------------------------------------------------------


async def left_over(home: TestHouse, state: StepState, vendor_id: str | None) -> None:
    """Leave what a process leaves that dies within a model call."""
    asked = message("1", "Hello")
    await StoredIntake(home.house).accept(asked)
    name = "answer:scripted/mind"
    home.store.steps[asked.job_id] = {name: Step(name=name, state=state, vendor_id=vendor_id)}


async def test_a_call_that_the_gateway_remembers_is_carried_on_and_not_paid_again(home: TestHouse):
    home.gateway.remembers = True
    await left_over(home, StepState.ACCEPTED, "call-1")
    await home.work()
    assert texts(home) == ["Good morning to you, too."]
    assert home.gateway.charges == []
    assert [record.call for record in home.ledger.records] == ["call-1"]


async def test_a_call_that_the_gateway_does_not_remember_is_for_a_human(home: TestHouse):
    await left_over(home, StepState.BEGAN, None)
    await home.work()
    assert "may have been charged" in texts(home)[0]
    assert home.gateway.charges == []


async def test_a_channel_that_retries_asks_the_gateway_first(tmp_path: Path):
    home = priced(open_test_house(tmp_path, in_doubt="retry"))
    home.gateway.remembers = True
    await left_over(home, StepState.ACCEPTED, "call-1")
    await home.work()
    assert (texts(home), home.gateway.charges) == (["Good morning to you, too."], [])
    home = priced(open_test_house(tmp_path / "other", in_doubt="retry"))
    await left_over(home, StepState.ACCEPTED, "call-1")
    await home.work()
    assert (texts(home), len(home.gateway.charges)) == (["Good morning to you, too."], 1)


async def test_what_may_have_been_charged_stays_held_until_the_gateway_tells(tmp_path: Path):
    home = priced(open_test_house(tmp_path))
    gateway = BilledGateway(models=home.gateway.models)
    home = replace(home, gateway=gateway, house=House(**{**vars(home.house), "gateways": {"scripted": gateway}}))
    await limit(home, CHANNEL, "1")
    gateway.fail(Point.ACCEPTED, ModelInDoubt("cut off", model="mind"))
    await home.say(message("1", "Hello"))
    [budget] = await home.house.ledger.budgets()
    assert budget.spent == 0
    assert budget.held > 0
    assert await settle_costs(home.house) == 0

    gateway.costs["call-1"] = Usage(tokens_in=3, tokens_out=1, cost=CENT)
    assert await settle_costs(home.house) == 1
    [budget] = await home.house.ledger.budgets()
    assert (budget.spent, budget.held) == (CENT, 0)
    assert [record.usage.cost for record in home.ledger.records] == [CENT]
    assert await settle_costs(home.house) == 0


async def test_nobody_is_known_by_name_at_the_gateway(home: TestHouse):
    await home.say(message("1", "Hello"))
    [request] = home.gateway.requests
    origin = request.origin
    assert len({origin.call, origin.author, origin.conversation}) == 3
    for name in (origin.call, origin.author, origin.conversation):
        assert len(name) == 32
        assert "memory" not in name
    assert user_scope(message().place, message().author) not in str(request)
