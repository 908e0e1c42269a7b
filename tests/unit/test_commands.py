"""The commands that are answered at once: what may be spent, what was, on what, and what is to be repeated."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.budgets import EACH_USER, SERVICE, Period
from bot.domain.commands import COMMANDS, SHORTCUTS, Answer, CommandCall
from bot.domain.errors import ModelInDoubt, ModelRefused
from bot.domain.jobs import JobStatus
from bot.domain.messages import Author, Message
from bot.domain.money import Nanodollars, Price, Usage
from bot.pipeline.command import ANSWERS, carry_out
from tests.contracts.sounds import tone, write_wav
from tests.doubles.gateway import MODELS, PRICE, Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house

PLACE = message().place
ADA, GRACE = message().author, Author(id="G", name="Grace")


@pytest.fixture
def made(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path)
    made.platform.files[VOICE_NOTE.id] = Path(write_wav(tmp_path / "note.wav", tone(1))).read_bytes()
    return made


async def use(made: TestHouse, command: str, *, manages: bool = False, by: Author = ADA, **options: str) -> str:
    call = CommandCall(name=command, options=options, place=PLACE, author=by, may_manage=manages)
    return await carry_out(made.house, call)


def by_grace(key: str, text: str) -> Message:
    return replace(message(key, text), author=GRACE)


def test_every_command_that_is_answered_at_once_has_an_answer():
    assert set(ANSWERS) == {command.name for command in COMMANDS.values() if command.answer is Answer.AT_ONCE}


async def test_a_command_that_is_none_is_told_what_there_is(made: TestHouse):
    assert "I do not know the command dance. I know /ask <question>" in await use(made, "dance")


# --- /mynah help ------------------------------------------------------------


async def helped(made: TestHouse, name: str) -> str:
    call = CommandCall(name="help", options={"command": name}, place=PLACE, author=ADA, may_manage=False)
    return await carry_out(made.house, call)


async def test_help_tells_of_all_that_can_be_done(made: TestHouse):
    told = await use(made, "help")
    assert [c.usage for c in COMMANDS.values() if f"`{c.usage}`: {c.description}." not in told] == []
    assert [c.name for c in SHORTCUTS.values() if c.shortcut and f"- {c.shortcut.title}: " not in told] == []
    assert told.endswith("**By voice note**\nRecord one for me: I write down what you say, and answer it.")
    assert "In a thread no command can be typed" not in told


async def test_help_says_where_no_command_can_be_typed(made: TestHouse):
    made.platform.abilities = replace(made.platform.abilities, commands_in_threads=False)
    assert "In a thread no command can be typed here" in await use(made, "help")


async def test_help_goes_by_what_the_channel_is_set_to(made: TestHouse):
    await use(made, "settings", manages=True, name="voice_notes", value="ignore")
    assert (await use(made, "help")).endswith("I listen to none that are sent here, unless you use a command.")


@pytest.mark.parametrize("name", ["translate", "/mynah translate", "/Translate"])
async def test_help_tells_more_of_one_command(made: TestHouse, name: str):
    assert (await helped(made, name)).splitlines() == [
        "`/mynah translate <language> <text>`: Translate words, or those of a message.",
        "- `language`: Into which language, such as German or pt-BR.",
        "- `text`: What to translate, or a link to a message.",
        "It also stands in the menu of a message, as **Translate**.",
        "It is answered in the channel.",
    ]


async def test_help_for_what_is_no_command_is_told_with_all_the_rest(made: TestHouse):
    told = await helped(made, "dance")
    assert told.startswith("I do not know the command `dance`.\n**Commands**")


# --- /budget -----------------------------------------------------------------


async def test_without_a_budget_it_says_how_to_set_one(made: TestHouse):
    assert "`/mynah budget day 5`" in await use(made, "budget")


async def test_a_budget_of_the_channel_is_set_shown_and_lifted(made: TestHouse):
    done = await use(made, "budget", manages=True, period="day", dollars="$5")
    assert done.startswith("Done.\n- **This conversation**, $5.00 a day: $0.00 spent, $5.00 left. Starts anew on ")
    assert await use(made, "budget") == done.removeprefix("Done.\n")
    assert "No budget" in await use(made, "budget", period="month")
    (budget,) = await made.ledger.budgets()
    assert (budget.scope, budget.period, budget.limit, budget.by) == ("memory:W:C", Period.DAY, 5_000_000_000, "U")
    assert "No budget" in await use(made, "budget", manages=True, period="day", dollars="off")
    assert await made.ledger.budgets() == []


@pytest.mark.parametrize(
    ("period", "dollars", "said"),
    [
        ("5", "", "period: '5' is neither day nor month."),
        ("week", "5", "period: 'week' is neither day nor month."),
        ("day", "five", "dollars: 'five' is no amount such as 5"),
        ("day", "5,50", "dollars: '5,50' is no amount such as 5"),
    ],
)
async def test_a_limit_that_makes_no_sense_is_explained(made: TestHouse, period: str, dollars: str, said: str):
    assert (await use(made, "budget", manages=True, period=period, dollars=dollars)).startswith(said)
    assert await made.ledger.budgets() == []


async def test_only_who_manages_the_channel_limits_it(made: TestHouse):
    assert "Only people who may manage" in await use(made, "budget", period="day", dollars="5")
    assert await made.ledger.budgets() == []


async def test_every_budget_that_counts_here_is_shown_and_no_other(made: TestHouse):
    for scope in (SERVICE, "memory", "memory:W", EACH_USER, "memory:W:elsewhere", "memory:W:@G", "slack"):
        await made.ledger.set_budget(scope, Period.MONTH, Nanodollars(7), by="test")
    lines = (await use(made, "budget")).splitlines()
    assert [line.split("**")[1] for line in lines] == ["Everybody together", "All of Memory", "This workspace", "You"]


async def test_what_is_spent_is_taken_off_and_at_the_end_it_says_what_still_works(made: TestHouse):
    await made.ledger.set_budget("memory:W", Period.DAY, PRICE, by="test")
    made.gateway.models = {**MODELS, "mind": replace(MODELS["mind"], price=Price(request=Decimal("0.00095")))}
    await made.say(message("1", "Hello?"))
    told = await use(made, "budget")
    assert "$0.00095 a day: $0.00095 spent, $0.00 left." in told
    assert told.endswith("the embedded models cost nothing and go on working.")


# --- /usage ------------------------------------------------------------------


async def test_usage_tells_exact_dollars_by_model_and_by_person(made: TestHouse):
    assert await use(made, "usage") == "Nothing was used here this month."
    await made.say(message("1", "Hello?"))
    await made.say(by_grace("2", "Me, too."))
    await made.say(message("3", "", VOICE_NOTE))
    assert (await use(made, "usage")).splitlines() == [
        "**This channel**: $0.00475 in 5 calls today, $0.00475 in 5 calls this month.",
        "By model:",
        "- scripted/mind: $0.00285 in 3 calls today, $0.00285 in 3 calls this month",
        "- scripted/ear: $0.00095 in 1 call today, $0.00095 in 1 call this month",
        "- scripted/mouth: $0.00095 in 1 call today, $0.00095 in 1 call this month",
        "By person:",
        "- you: $0.0038 in 4 calls today, $0.0038 in 4 calls this month",
        "- <@G>: $0.00095 in 1 call today, $0.00095 in 1 call this month",
    ]


async def test_usage_of_an_earlier_day_counts_for_the_month(made: TestHouse):
    clock = made.house.clock
    await clock.sleep((Period.MONTH.ends(clock.now()) - clock.now()) / 1000)
    await made.say(message("1", "Hello?"))
    await clock.sleep(86_400)
    assert "**This channel**: nothing today, $0.00095 in 1 call this month." in await use(made, "usage")


async def test_usage_says_what_it_does_not_know_and_how_the_budgets_stand(made: TestHouse):
    await made.ledger.set_budget(SERVICE, Period.MONTH, Nanodollars(10**9), by="test")
    assert "- **Everybody together**, $1.00 a month" in await use(made, "usage")
    await made.say(message("1", "Hello?"))
    made.gateway.price = None
    await made.say(message("2", "Hello?"))
    told = await use(made, "usage")
    assert "$0.00095 and 1 call of unknown cost in 2 calls this month" in told
    assert "- **Everybody together**, $1.00 a month: $0.00095 spent" in told


async def test_usage_stays_short(made: TestHouse):
    for number in range(8):
        await made.say(replace(message(str(number), "Hello?"), author=Author(id=f"U{number}")))
    told = (await use(made, "usage")).splitlines()
    assert told[-1] == "- … and 3 more"
    assert len(told) == 10


# --- /receipt ----------------------------------------------------------------


async def test_a_receipt_tells_each_call_of_the_newest_reply(made: TestHouse):
    assert await use(made, "receipt") == "There is no finished reply here yet."
    await made.say(message("1", "Hello?"))
    await made.say(message("2", "", VOICE_NOTE))
    title, heard, answered, spoke, total = (await use(made, "receipt", by=GRACE)).splitlines()
    assert title.startswith("The newest reply here, to <@U> on ")
    assert [line.partition(",")[0] for line in (heard, answered, spoke)] == [
        "- Wrote down: scripted/ear",
        "- Answered: scripted/mind",
        "- Spoke: scripted/mouth",
    ]
    assert all(line.endswith("cost $0.00095") for line in (heard, answered, spoke))
    assert total == "Sum: $0.00285."


async def test_a_receipt_says_who_answered_instead_of_whom(tmp_path: Path):
    made = open_test_house(tmp_path, chat_model="scripted/mind, scripted/omni")
    made.gateway.fail(Point.SENT, ModelRefused("it is out of fashion"))
    await made.say(message("1", "Hello?"))
    _, answered, total = (await use(made, "receipt")).splitlines()
    assert answered.startswith("- Answered: scripted/omni,")
    assert answered.endswith("cost $0.00095, instead of scripted/mind: it is out of fashion")
    assert total == "Sum: $0.00095."


async def test_what_was_charged_for_nothing_is_on_the_receipt(tmp_path: Path):
    made = open_test_house(tmp_path, chat_model="scripted/mind, scripted/omni")
    made.gateway.fail(Point.ENDING, ModelRefused("it only thought", usage=Usage(tokens_out=900, cost=PRICE)))
    await made.say(message("1", "Hello?"))
    _, wasted, answered, total = (await use(made, "receipt")).splitlines()
    assert wasted.startswith("- Came to nothing: scripted/mind,")
    assert "unknown tokens in, 900 out" in wasted
    assert answered.startswith("- Answered: scripted/omni,")
    assert total == "Sum: $0.0019."


# --- /retry ------------------------------------------------------------------


async def asked(made: TestHouse, key: str = "1", text: str = "Hello?") -> None:
    made.gateway.fail(Point.MIDWAY, ModelInDoubt("the connection broke"))
    await made.say(message(key, text))
    job = await made.jobs.newest(PLACE)
    assert job is not None
    assert job.status is JobStatus.ASKED


async def test_who_asked_lets_it_be_repeated_and_is_told_what_that_may_cost(made: TestHouse):
    assert await use(made, "retry") == "Nothing here waits for a decision."
    await asked(made, text="Hello   there,\nMynah?")
    told = await use(made, "retry")
    assert told.startswith("I try again: “Hello there, Mynah?”.")
    assert "may be charged a second time" in told
    await made.work()
    job = await made.jobs.newest(PLACE)
    assert job is not None
    assert job.status is JobStatus.DONE
    assert len(made.gateway.charges) == 2
    assert await use(made, "retry") == "Nothing here waits for a decision."


async def test_nobody_else_decides_but_who_manages_the_channel(made: TestHouse):
    await asked(made)
    assert (await use(made, "retry", by=GRACE)).startswith("Only <@U>, whose message it is, or who manages")
    assert len(made.gateway.charges) == 1
    assert (await use(made, "retry", by=GRACE, manages=True)).startswith("I try again")


# --- /model ------------------------------------------------------------------


async def test_a_chosen_model_is_told_with_its_price(made: TestHouse):
    made.gateway.models = {
        **MODELS,
        "mind": replace(MODELS["mind"], price=Price(prompt=Decimal("1.5E-7"), completion=Decimal("6E-7"))),
        "omni": replace(MODELS["omni"], free=True),
    }
    told = await use(made, "model", manages=True, kind="chat", model="scripted/mind, scripted/omni")
    assert told.splitlines()[-2:] == [
        "- scripted/mind: $0.15 in, $0.60 out per million tokens",
        "- scripted/omni: free",
    ]


async def test_a_price_that_nobody_says_is_warned_of(made: TestHouse):
    told = await use(made, "model", manages=True, kind="chat", model="scripted/mind")
    assert told.endswith("nobody says what it charges, so budgets cannot hold anything back for it beforehand")
    await use(made, "settings", manages=True, name="unknown_price", value="refuse")
    told = await use(made, "model", manages=True, kind="chat", model="scripted/mind")
    assert told.endswith("so it is not asked here, until `unknown_price` is set to allow")


@pytest.mark.parametrize(
    ("kind", "model", "said"),
    [
        ("transcription", "mind", "⚠️ scripted/mind cannot hear; choose one of scripted/ear, scripted/omni."),
        ("video", "mouth", "⚠️ scripted/mouth cannot hear; choose one of scripted/ear, scripted/omni."),
        ("speech", "mind", "⚠️ scripted/mind cannot speak; choose one of scripted/mouth, scripted/muse."),
        ("chat", "ear", "⚠️ scripted/ear cannot chat; choose one of scripted/mind, scripted/muse, scripted/omni."),
    ],
)
async def test_a_model_that_cannot_do_it_is_warned_of(made: TestHouse, kind: str, model: str, said: str):
    told = await use(made, "model", manages=True, kind=kind, model=f"scripted/{model}")
    assert told.startswith("Done.")
    assert told.splitlines()[-1] == said


async def test_who_may_not_choose_a_model_is_not_told_about_it(made: TestHouse):
    told = await use(made, "model", kind="chat", model="scripted/mind")
    assert told == "Only people who may manage this channel can change its settings."


async def test_a_model_is_set_back_to_the_default(made: TestHouse):
    await use(made, "model", manages=True, kind="chat", model="scripted/omni")
    told = await use(made, "model", manages=True, kind="chat", model="default")
    assert told == "Done.\n- `chat_model` = scripted/mind  — service"
