"""Money at the command line: budgets, prices, receipts, and whether the gateway says what we say."""

from pathlib import Path

import pytest

from bot.domain.money import Nanodollars, nanodollars, show_dollars
from tests.acceptance.commands import all_shown, shown
from tests.acceptance.service import Installation
from tests.acceptance.stages import remote
from tests.fakes.openrouter.client import Action, FakeOpenRouter

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

CHAT = "openrouter/openai/gpt-4o-mini"


@pytest.fixture
def desk(openrouter: FakeOpenRouter, tmp_path: Path) -> Installation:
    """Mynah whose ears and mind are paid for."""
    return Installation(folder=tmp_path, settings=dict(remote(openrouter)))


async def charged(openrouter: FakeOpenRouter) -> Nanodollars:
    return nanodollars(sum(call.cost_usd for call in (await openrouter.state()).charged))


# --- budgets -----------------------------------------------------------------


async def test_budgets_are_set_shown_and_lifted(desk: Installation):
    assert "nothing limits what may be spent" in (await shown(desk, "budget", "show")).out
    said = {
        ("service", "month", "$20"): "service: $20.00 a month\n",
        ("users", "day", "0.25"): "users: $0.25 a day\n",
        ("slack:T1:@U1", "day", "1.50"): "slack:T1:@U1: $1.50 a day\n",
        ("discord::42", "day", ".5"): "discord::42: $0.50 a day\n",
    }
    seen = await all_shown(desk, *(["budget", "set", *words] for words in said))
    assert [(one.status, one.out) for one in seen] == [(0, words) for words in said.values()]

    table, as_json = await all_shown(desk, ["budget", "show"], ["budget", "show", "--json"])
    limits = {(row["scope"], row["period"]): row["limit_nanodollars"] for row in as_json.json}
    assert limits == {
        ("service", "month"): 20 * 10**9,
        ("users", "day"): 250_000_000,
        ("slack:T1:@U1", "day"): 1_500_000_000,
        ("discord::42", "day"): 500_000_000,
    }
    assert all(row["by"] == "command line" for row in as_json.json)
    assert "slack:T1:@U1  $1.50 a day" in table.out

    lifted, again = [await shown(desk, "budget", "unset", "users", "day") for _ in range(2)]
    assert (lifted.out, again.out) == ("users: no limit a day\n", "users: there was no limit a day\n")
    assert (await shown(desk, "budget", "set", "service", "month", "off")).out == "service: no limit a month\n"
    assert {row["scope"] for row in (await shown(desk, "budget", "show", "--json")).json} == {
        "slack:T1:@U1",
        "discord::42",
    }


async def test_a_budget_holds_at_the_terminal_too(desk: Installation, openrouter: FakeOpenRouter):
    await openrouter.say("Good morning.")
    await shown(desk, "budget", "set", "terminal", "day", "0.000001")
    refused = await shown(desk, "ask", "Hello?")
    assert refused.status == 1
    assert "The budget of $0.000001 for this day does not allow that" in refused.err
    assert await charged(openrouter) == 0
    free = await shown(desk, "say", "Hello.", "-o", "hello.ogg")
    assert free.status == 0, "the embedded models go on working"

    await shown(desk, "budget", "set", "terminal", "day", "1")
    assert (await shown(desk, "ask", "Hello?")).out == "Good morning.\n"
    (budget,) = (await shown(desk, "budget", "show", "--json")).json
    assert (budget["spent_nanodollars"], budget["held_nanodollars"]) == (await charged(openrouter), 0)


# --- what the gateway says ---------------------------------------------------


async def test_our_sums_and_the_gateways_agree_until_somebody_else_uses_the_key(
    desk: Installation, openrouter: FakeOpenRouter, tmp_path: Path
):
    await openrouter.say("Good morning.")
    for _ in range(2):
        await shown(desk, "ask", "Hello?")
    ours = await charged(openrouter)
    agreed, as_json = await all_shown(desk, ["usage", "reconcile"], ["usage", "reconcile", "--json"])
    assert agreed.status == 0
    assert agreed.out.count(show_dollars(ours)) == 4
    (found,) = as_json.json
    assert [(one["period"], one["ours_nanodollars"], one["equal"]) for one in found["comparisons"]] == [
        ("day", ours, True),
        ("month", ours, True),
    ]

    (tmp_path / "other").mkdir()
    await shown(Installation(folder=tmp_path / "other", settings=desk.settings), "ask", "And me?")
    theirs = await charged(openrouter)
    differs = await shown(desk, "usage", "reconcile")
    assert differs.status == 1
    more = show_dollars(Nanodollars(theirs - ours))
    assert f"openrouter charged {more} more today than is written down here." in differs.out
    assert "installation that uses the same key" in differs.out


async def test_a_call_that_was_cut_is_settled_by_asking_what_it_did_cost(
    desk: Installation, openrouter: FakeOpenRouter
):
    await openrouter.limit(generation_delay_s=60)
    await openrouter.fail(Action.CUT_MID_STREAM, after=2, path="*/chat/completions")
    assert (await shown(desk, "ask", "Hello?")).status == 1
    (before,) = (await shown(desk, "usage", "--json")).json
    assert (before["cost"], before["of_unknown_cost"]) == ("1 call of unknown cost", 1)

    missing = await shown(desk, "usage", "reconcile")
    assert missing.status == 1
    assert "openrouter: what 1 of the calls did cost is not known to the gateway yet." in missing.out
    assert "It may come from 1 call here of unknown cost" in missing.out

    await openrouter.limit(generation_delay_s=0)
    agreed = await shown(desk, "usage", "reconcile")
    assert (agreed.status, agreed.err) == (0, "")
    assert "openrouter: what 1 of the calls did cost is known now." in agreed.out
    (after,) = (await shown(desk, "usage", "--by", "model", "--json")).json
    assert (after["cost_nanodollars"], after["of_unknown_cost"]) == (await charged(openrouter), 0)
    assert after["cost_nanodollars"] > 0


async def test_what_nobody_can_tell_is_settled_by_an_admin(desk: Installation, openrouter: FakeOpenRouter):
    await shown(desk, "budget", "set", "service", "day", "1")
    await openrouter.fail(Action.DROP_AFTER, path="*/chat/completions")
    await shown(desk, "ask", "hello?")
    (held,) = (await shown(desk, "budget", "show", "--json")).json
    assert (held["spent_nanodollars"], held["held_nanodollars"] > 0) == (0, True)

    (run,) = (await shown(desk, "runs", "list", "--json")).json
    one = (await shown(desk, "runs", "show", run["run"], "--json")).json
    assert one["held"] == show_dollars(held["held_nanodollars"])
    done, again = [await shown(desk, "runs", "settle", run["run"], "--cost", "0.002") for _ in range(2)]
    assert (done.status, done.out) == (0, "Settled at $0.002.\n")
    assert again.status != 0
    (settled,) = (await shown(desk, "budget", "show", "--json")).json
    assert (settled["spent_nanodollars"], settled["held_nanodollars"]) == (2_000_000, 0)
    assert (await shown(desk, "runs", "show", run["run"])).facts["held"] == [""]


async def test_a_gateway_that_cannot_be_asked_is_told(desk: Installation, openrouter: FakeOpenRouter):
    await openrouter.limit(refused_keys=[desk.settings["OPENROUTER__KEY"]])
    seen = await shown(desk, "usage", "reconcile")
    assert seen.status == 1
    assert "openrouter could not be asked: " in seen.err


# --- prices and receipts -----------------------------------------------------


async def test_models_are_listed_with_their_prices_and_how_old_the_list_is(desk: Installation):
    table, as_json = await all_shown(desk, ["models"], ["models", "--json"])
    models = {model["model"]: model for model in as_json.json}
    assert models["local/whisper-tiny.en"]["price"] == "free"
    assert models[CHAT]["price"] == "$0.15 in, $0.60 out per million tokens"
    assert models[CHAT]["dollars"]["prompt"] == "0.00000015"
    assert models[CHAT]["catalogue_age_seconds"] >= 0
    assert models["local/whisper-tiny.en"]["catalogue_age_seconds"] is None
    assert {"chats", "hears"} <= set(models["openrouter/google/gemini-2.5-flash"]["does"])
    assert "openrouter: its list of models is fresh." in table.out
    assert "$0.15 in, $0.60 out per million tokens" in table.out


async def test_a_run_has_a_receipt(desk: Installation, openrouter: FakeOpenRouter):
    await openrouter.say("Good morning.")
    await shown(desk, "ask", "Hello?")
    (run,) = (await shown(desk, "runs", "list", "--json")).json
    told, as_json = await all_shown(desk, ["runs", "show", run["run"]], ["runs", "show", run["run"], "--json"])
    cost = await charged(openrouter)
    (call,) = as_json.json["calls"]
    assert (call["model"], call["cost_nanodollars"], call["cost"]) == (CHAT, cost, show_dollars(cost))
    assert call["tokens_in"] > 0
    assert call["tokens_out"] > 0
    assert call["seconds"] >= 0
    assert told.facts["cost"] == [show_dollars(cost)]
    assert "tokens in" in told.out
