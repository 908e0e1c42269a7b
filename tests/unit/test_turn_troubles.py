"""Turns that meet trouble at the worst moment: nobody is left without a word, and nothing is paid again by itself."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.audio import AudioLimits, MediaFormat
from bot.domain.budgets import SERVICE, Period
from bot.domain.errors import ModelBusy, ModelRefused, StorageUnavailable
from bot.domain.jobs import JobStatus, Lease
from bot.domain.journal import Step, StepState
from bot.domain.messages import JobId
from bot.domain.money import Nanodollars, Price, Usage
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from tests.doubles.gateway import PRICE, Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.jobs import MemoryJobs
from tests.doubles.journal import MemoryJournal
from tests.unit.test_turn import clips, texts, wav

DEAR = Price(prompt=Decimal("0.000001"), completion=Decimal("0.00001"))
CHAIN = "scripted/omni, scripted/mind"


@dataclass
class Disk:
    """Fails for so many writes."""

    failures: int = 0

    def write(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("the disk is full")


@dataclass(kw_only=True)
class FrailJobs(MemoryJobs):
    disk: Disk = field(default_factory=Disk)

    def __init__(self, home: TestHouse, disk: Disk) -> None:
        super().__init__(home.house.clock, home.store)
        self.disk = disk

    @override
    async def finish(self, lease: Lease) -> None:
        self.disk.write()
        await super().finish(lease)

    @override
    async def retry(self, lease: Lease, *, delay_seconds: float, reason: str) -> None:
        self.disk.write()
        await super().retry(lease, delay_seconds=delay_seconds, reason=reason)

    @override
    async def release(self, lease: Lease) -> None:
        self.disk.write()
        await super().release(lease)


class FrailJournal(MemoryJournal):
    def __init__(self, home: TestHouse, disk: Disk) -> None:
        super().__init__(home.store, home.ledger, home.house.clock)
        self._disk = disk

    @override
    async def steps(self, job: JobId) -> dict[str, Step]:
        self._disk.write()
        return dict(await super().steps(job))

    @override
    async def done(self, lease: Lease, name: str, result: object, usage: object = None) -> None:  # type: ignore[override]
        self._disk.write()
        await super().done(lease, name, result, usage)  # type: ignore[arg-type]


def frail(home: TestHouse, **parts: object) -> TestHouse:
    return replace(home, house=House(**{**vars(home.house), **parts}))


# --- the disk -------------------------------------------------------------------------


@pytest.mark.parametrize("failures", [1, 2, 5])
async def test_a_job_that_could_not_be_settled_is_handed_back_as_soon_as_it_can_be(tmp_path: Path, failures: int):
    home = open_test_house(tmp_path)
    home = frail(home, jobs=FrailJobs(home, Disk(failures)))
    await home.say(message("1", "Hello"))
    assert texts(home) == ["Good morning to you, too."]
    assert [job.status for job in home.store.jobs.values()] == [JobStatus.DONE]
    assert len(home.gateway.charges) == 1


async def test_a_job_whose_steps_could_not_be_read_is_tried_again(tmp_path: Path):
    home = open_test_house(tmp_path)
    home = frail(home, journal=FrailJournal(home, Disk(1)))
    await home.say(message("1", "Hello"))
    assert texts(home) == ["Good morning to you, too."]


async def test_an_answer_in_our_hands_is_written_down_as_soon_as_it_can_be(tmp_path: Path):
    home = open_test_house(tmp_path)
    disk = Disk()
    home = frail(home, journal=FrailJournal(home, disk))

    def answer(_: object) -> str:
        disk.failures = 2
        return "Here you are."

    home.gateway.answers = dict.fromkeys(home.gateway.answers, answer)
    await home.say(message("1", "Hello"))
    assert texts(home) == ["Here you are."]
    assert [record.usage.cost for record in home.ledger.records] == [PRICE]


# --- fallbacks ------------------------------------------------------------------------


async def left(home: TestHouse, name: str, state: StepState, vendor_id: str | None = "call-1") -> None:
    """Leave what a process leaves that dies within a model call."""
    asked = message("1", "Hello")
    await StoredIntake(home.house).accept(asked)
    home.store.steps.setdefault(asked.job_id, {})[name] = Step(
        name=name, state=state, vendor_id=vendor_id, result={"text": "What was said."}
    )


async def test_a_fallback_that_was_cut_off_is_carried_on_before_anybody_is_asked_anew(tmp_path: Path):
    home = open_test_house(tmp_path, chat_model=CHAIN)
    home.gateway.remembers = True
    await left(home, "answer:scripted/mind", StepState.ACCEPTED)
    await home.work()
    assert texts(home)[0].startswith("Good morning to you, too.")
    assert home.gateway.charges == []


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (StepState.DONE, "What was said."),
        (StepState.ACCEPTED, "Good morning to you, too."),
        (StepState.UNKNOWN, "may have been charged"),
    ],
)
async def test_another_model_in_the_settings_does_not_make_what_was_paid_forgotten(
    tmp_path: Path, state: StepState, told: str
):
    home = open_test_house(tmp_path, chat_model="scripted/omni")
    home.gateway.remembers = True
    await left(home, "answer:scripted/mind", state)
    await home.work()
    assert told in texts(home)[0]
    assert home.gateway.charges == []


async def test_a_call_that_came_to_nothing_is_made_anew_with_a_hold_of_its_own(tmp_path: Path):
    home = open_test_house(tmp_path)
    home.gateway.models = {name: replace(can, price=DEAR) for name, can in home.gateway.models.items()}
    home.gateway.nothing = True
    await limit(home, 1_000_000_000)
    await left(home, "answer:scripted/mind", StepState.ACCEPTED)
    await home.work()
    assert texts(home) == ["Good morning to you, too."]
    assert len(home.gateway.charges) == 1
    [budget] = await home.house.ledger.budgets()
    assert (budget.spent, budget.held) == (PRICE, 0)


async def test_a_call_of_a_gateway_that_is_gone_is_for_a_human(tmp_path: Path):
    home = open_test_house(tmp_path)
    await left(home, "answer:elsewhere/mind", StepState.ACCEPTED)
    await home.work()
    assert "may have been charged" in texts(home)[0]
    assert home.gateway.charges == []


async def test_a_refusal_that_was_charged_is_not_asked_for_again_because_the_fallback_is_busy(tmp_path: Path):
    home = open_test_house(tmp_path, chat_model=CHAIN)
    thought = Usage(tokens_in=5, tokens_out=900, cost=Nanodollars(70_000))
    home.gateway.fail(Point.ENDING, ModelRefused("it only thought", model="omni", usage=thought))
    home.gateway.fail(Point.SENT, ModelBusy("busy", model="mind"))
    home.gateway.hold(Point.SENT).released.set()
    await home.say(message("1", "Hello"))
    assert [request.model for request in home.gateway.requests] == ["omni", "mind"]
    assert "it only thought" in texts(home)[0]


async def test_only_who_is_as_unpriced_may_stand_in_for_an_unpriced_model(tmp_path: Path):
    home = open_test_house(tmp_path, chat_model="scripted/mind, scripted/omni")
    home.gateway.models = {**home.gateway.models, "omni": replace(home.gateway.models["omni"], price=DEAR)}
    await home.say(message("1", "Hello"))
    assert home.gateway.requests[0].fallbacks == ()  # type: ignore[union-attr]


async def test_what_a_refusal_cost_follows_from_the_price_where_nobody_tells(tmp_path: Path):
    home = open_test_house(tmp_path)
    home.gateway.models = {name: replace(can, price=DEAR) for name, can in home.gateway.models.items()}
    home.gateway.fail(Point.ENDING, ModelRefused("no", model="mind", usage=Usage(tokens_in=5, tokens_out=9)))
    await home.say(message("1", "Hello"))
    assert [record.usage.cost for record in home.ledger.records] == [5 * 1_000 + 9 * 10_000]
    assert home.ledger.holds == {}


# --- budgets in the middle ------------------------------------------------------------


async def limit(home: TestHouse, nanodollars: int) -> None:
    await home.house.ledger.set_budget(SERVICE, Period.DAY, Nanodollars(nanodollars), by="cli here")


async def test_what_was_written_down_before_the_budget_said_no_is_shown(tmp_path: Path):
    home = open_test_house(tmp_path, voice_notes="transcribe")
    ear = replace(
        home.gateway.models["ear"],
        audio_formats=(MediaFormat.WAV,),
        audio_limits=AudioLimits(max_bytes=20_000_000, max_seconds=2),
        price=Price(second=Decimal("0.0001")),
    )
    home.gateway.models = {**home.gateway.models, "ear": ear}
    home.platform.files["note"] = wav(5)
    await limit(home, PRICE + 200_000)
    await home.say(message("1", "", VOICE_NOTE))
    told = texts(home)[0]
    assert told.startswith("> Good morning, Mynah.")
    assert "_(The rest was not written down: the budget of service" in told
    assert len(home.gateway.charges) == 1


async def test_why_a_reply_is_not_spoken_is_said(tmp_path: Path):
    home = open_test_house(tmp_path, reply="both")
    home.gateway.models = {
        **home.gateway.models,
        "mouth": replace(home.gateway.models["mouth"], price=Price(character=Decimal(1))),
    }
    await limit(home, 1_000_000_000)
    await home.say(message("1", "Hello"))
    assert clips(home) == []
    assert texts(home)[0] == "Good morning to you, too."
    assert texts(home)[1].startswith("_(Not spoken: the budget of service")


async def test_an_admin_hears_of_a_budget_that_only_refuses(tmp_path: Path):
    home = open_test_house(tmp_path, admins="A1")
    home.gateway.models = {name: replace(can, price=DEAR) for name, can in home.gateway.models.items()}
    await home.say(message("1", "Hello"))
    await limit(home, PRICE)
    await home.say(message("2", "Hello again"))
    assert "does not allow that" in texts(home)[-1]
    assert [who for who, _ in home.platform.told] == ["A1"]
    assert "Heads-up: 100 %" in home.platform.told[0][1]
