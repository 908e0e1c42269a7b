"""Everything that can go wrong on the way: which problem it is, what came before, and never a second POST."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from adapters.gateways.fal.gateway import FalGateway
from adapters.gateways.fal.options import Places
from bot.domain.errors import (
    ModelBusy,
    ModelInDoubt,
    ModelProblem,
    ModelRefused,
    ModelUnauthorised,
    ModelUnknown,
    ModelUnreachable,
)
from bot.domain.models import Accepted, TextDelta
from bot.domain.money import Usage, nanodollars
from tests.fakes.fal.client import Action, FakeFal
from tests.integration.gateway_calls import HEARS, everything, text_of
from tests.integration.test_fal.conftest import HASTE, KEY, QUICK, Opener, ask, listen, problem_of, recording

pytestmark = pytest.mark.asyncio(loop_scope="package")

SUBMIT: dict[str, Any] = {"method": "POST", "path": "/queue/*"}
RUN: dict[str, Any] = {"method": "POST", "path": "/run/*"}


@pytest_asyncio.fixture(loop_scope="package")
async def fresh(opened: Opener) -> AsyncIterator[FalGateway]:
    """With a breaker that has seen nothing yet."""
    async with opened() as gateway:
        yield gateway


def detail(kind: str, message: str = "It is so", field: str = "audio_url") -> dict[str, Any]:
    return {"detail": [{"loc": ["body", field], "msg": message, "type": kind, "ctx": {}, "input": None}]}


# --- the POST ----------------------------------------------------------------


async def test_nobody_listens(fake: FakeFal, opened: Opener):
    places = Places(queue="http://127.0.0.1:9", run="http://127.0.0.1:9", rest="http://127.0.0.1:9")
    async with opened(places=places) as gateway:
        problem, came = await problem_of(gateway, ask())
    assert type(problem) is ModelUnreachable
    assert came == []


@pytest.mark.parametrize("rst", [False, True])
@pytest.mark.parametrize("way", ["queue", "sync", "stream"])
async def test_a_post_that_was_perhaps_taken_is_never_repeated(fake: FakeFal, opened: Opener, way: str, rst: bool):
    await fake.fail(Action.DROP_BEFORE, method="POST", rst=rst)
    async with opened(way=way) as gateway:
        problem, came = await problem_of(gateway, ask())
    seen = await fake.state()
    assert type(problem) is ModelInDoubt
    assert came == []
    assert sum(times for line, times in seen.hits.items() if line.startswith("POST")) == 1


@pytest.mark.parametrize("action", [Action.DROP_AFTER, Action.HANG_AFTER, Action.HALF])
@pytest.mark.parametrize("way", ["queue", "sync"])
async def test_a_lost_answer_is_found_by_our_mark(fake: FakeFal, opened: Opener, way: str, action: Action):
    await fake.account(admin=True, tags=True)
    await fake.fail(action, method="POST")
    async with opened(way=way) as gateway:
        deltas = await everything(gateway, ask(call="c0ffee"))
    seen = await fake.state()
    assert deltas[0] == Accepted(id=seen.calls[0].request_id)
    assert text_of(deltas) == "You said: Say hello. "
    assert len(seen.calls) == len(seen.charged) == 1


@pytest.mark.parametrize("action", [Action.DROP_AFTER, Action.HALF])
@pytest.mark.parametrize("way", ["queue", "sync"])
async def test_a_lost_answer_that_nobody_knows_is_in_doubt(fake: FakeFal, opened: Opener, way: str, action: Action):
    await fake.fail(action, method="POST", rst=True)
    async with opened(way=way) as gateway:
        problem, _ = await problem_of(gateway, ask(call="c0ffee"))
    assert type(problem) is ModelInDoubt
    assert "may have been charged" in problem.sentence
    assert len((await fake.state()).calls) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 529])
@pytest.mark.parametrize("way", ["queue", "sync"])
async def test_an_answered_not_now_is_asked_again(fake: FakeFal, opened: Opener, way: str, status: int):
    await fake.fail(Action.ERROR, method="POST", status=status, headers={"Retry-After": "0"})
    async with opened(way=way) as gateway:
        assert text_of(await everything(gateway, ask()))
    seen = await fake.state()
    assert len(seen.charged) == 1
    assert sum(times for line, times in seen.hits.items() if line.startswith("POST")) == 2


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, '{"detail": "Internal server error"}', ModelBusy),
        (504, '{"detail": "Request timed out", "error_type": "request_timeout"}', ModelBusy),
        (504, "<html>nginx: Gateway Time-out</html>", ModelInDoubt),
        (408, '{"detail": "Timeout"}', ModelInDoubt),
        (404, '{"detail": "Application not found"}', ModelRefused),
        (413, "<html>nginx: Request Entity Too Large</html>", ModelRefused),
        (200, '{"status": "IN_QUEUE"}', ModelInDoubt),
        (200, '{"request_id": "../../etc"}', ModelInDoubt),
        (200, "<html>hello</html>", ModelInDoubt),
    ],
)
async def test_a_strange_answer_to_the_submission(
    fake: FakeFal, fresh: FalGateway, status: int, body: str, kind: type[ModelProblem]
):
    await fake.fail(Action.ERROR, **SUBMIT, status=status, body=body, times=9)
    problem, came = await problem_of(fresh, ask())
    assert type(problem) is kind
    assert came == []
    assert (await fake.state()).hits["POST /queue/openrouter/router"] == 1


async def test_a_long_wait_goes_up_so_that_a_fallback_may_serve(fake: FakeFal, fresh: FalGateway):
    await fake.fail(Action.ERROR, **SUBMIT, status=429, headers={"Retry-After": "60"})
    problem, _ = await problem_of(fresh, ask())
    assert isinstance(problem, ModelBusy)
    assert problem.retry_after == 60


async def test_a_wrong_key_and_an_empty_balance_are_the_admins_business(fake: FakeFal, fresh: FalGateway):
    await fake.account(locked=True)
    problem, _ = await problem_of(fresh, ask())
    assert type(problem) is ModelUnauthorised
    assert "Exhausted balance" in problem.sentence
    await fake.account(refused_keys=[KEY])
    problem, _ = await problem_of(fresh, ask())
    assert type(problem) is ModelUnauthorised


async def test_a_call_that_is_known_is_not_another_that_was_lost(fake: FakeFal, gateway: FalGateway):
    await fake.account(admin=True, tags=True)
    await everything(gateway, ask("The same words", call="c0ffee"))
    await fake.fail(Action.DROP_BEFORE, **SUBMIT)
    problem, _ = await problem_of(gateway, ask("The same words", call="c0ffee"))
    assert type(problem) is ModelInDoubt


# --- the model ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "says"),
    [
        (422, detail("file_download_error", "Failed to download"), {}, ModelRefused, "fal could not fetch the file"),
        (422, detail("audio_duration_too_long"), {}, ModelRefused, "too long for the model"),
        (422, detail("content_policy_violation"), {}, ModelRefused, "content filter"),
        (403, detail("content_policy_violation"), {}, ModelRefused, "content filter"),
        (422, detail("value_error", "x is not a valid model ID", "model"), {}, ModelUnknown, "not a valid model"),
        (422, detail("something_new", "Too loud"), {}, ModelRefused, "audio_url: Too loud"),
        (422, {"detail": "Plainly wrong"}, {}, ModelRefused, "Plainly wrong"),
        (400, detail("downstream_service_error"), {"X-Fal-Retryable": "true"}, ModelInDoubt, "It is so"),
        (400, detail("downstream_service_error"), {"X-Fal-Retryable": "false"}, ModelRefused, "It is so"),
        (504, detail("generation_timeout"), {"X-Fal-Retryable": "true"}, ModelBusy, "took too long"),
        (500, {"detail": "Boom", "error_type": "runner_server_error"}, {}, ModelBusy, "Boom"),
        (503, {"detail": "Gone", "error_type": "runner_disconnected"}, {"X-Fal-Needs-Retry": "1"}, ModelBusy, "Gone"),
        (499, {"detail": "x", "error_type": "client_cancelled"}, {}, ModelInDoubt, "cancelled"),
    ],
)
async def test_a_model_that_fails(  # noqa: PLR0917
    fake: FakeFal,
    gateway: FalGateway,
    status: int,
    body: dict[str, Any],
    headers: dict[str, str],
    kind: type[ModelProblem],
    says: str,
):
    await fake.script(status=status, body=body, headers=headers)
    problem, came = await problem_of(gateway, listen(recording("clip.mp3")))
    assert type(problem) is kind
    assert says in problem.sentence
    assert [type(delta) for delta in came] == [Accepted]
    assert len((await fake.state()).calls) == 1


async def test_a_model_that_does_not_exist_is_unknown(fake: FakeFal, gateway: FalGateway):
    problem, _ = await problem_of(gateway, ask(model="nobody/knows-this"))
    assert type(problem) is ModelUnknown
    assert "fal/nobody/knows-this" in problem.sentence


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"text": "", "error": "Provider returned an error"}, "Provider returned an error"),
        ({"text": "", "reasoning": "Hmm."}, "all its tokens for thinking"),
        ({"text": " "}, "said nothing"),
    ],
)
async def test_a_good_answer_that_holds_none_tells_what_it_cost(
    fake: FakeFal, gateway: FalGateway, script: dict[str, Any], says: str
):
    await fake.script(**script)
    problem, _ = await problem_of(gateway, ask(reasoning=True))
    assert type(problem) is ModelRefused
    assert says in problem.sentence
    assert problem.usage is not None
    assert problem.usage.cost == nanodollars((await fake.state()).calls[0].charged_usd)


async def test_an_error_without_usage_costs_nobody_knows_what(fake: FakeFal, gateway: FalGateway):
    await fake.script(text="", error="Odd", usage=False)
    problem, _ = await problem_of(gateway, ask())
    assert problem.usage is not None
    assert problem.usage.cost is None


# --- waiting -----------------------------------------------------------------


async def test_the_queue_may_stumble_while_we_wait(fake: FakeFal, gateway: FalGateway):
    await fake.script(work_s=0.2)
    await fake.fail(Action.DROP_BEFORE, path="*/status", rst=True)
    await fake.fail(Action.ERROR, path="*/status", status=503, body="<html>nginx</html>")
    await fake.fail(Action.ERROR, path="*/status", status=429)
    await fake.fail(Action.ERROR, path="*/status", status=200, body='{"status": "NEW_WORD"}')
    await fake.fail(Action.DROP_BEFORE, method="GET", path="*/requests/????????-*[0-9a-f]")
    await fake.fail(Action.ERROR, method="GET", path="*/requests/????????-*[0-9a-f]", status=502, body="<html>")
    assert text_of(await everything(gateway, ask()))
    assert len((await fake.state()).calls) == 1


RESULT: dict[str, Any] = {"method": "GET", "path": "*/requests/????????-*[0-9a-f]"}
STATUS: dict[str, Any] = {"method": "GET", "path": "*/status"}


async def test_what_goes_wrong_with_fetching_is_not_the_models_answer(fake: FakeFal, gateway: FalGateway):
    for status in (400, 408, 425, 429, 500, 502, 503, 504, 529):
        await fake.fail(Action.ERROR, **RESULT, status=status)
    for status in (408, 425, 429, 500, 502, 504):
        await fake.fail(Action.ERROR, **STATUS, status=status)
    assert text_of(await everything(gateway, ask()))
    assert len((await fake.state()).calls) == 1


FETCHED = [(RESULT, status) for status in (302, 400, 401, 403, 404, 410, 429, 503)]
ASKED = [(STATUS, status) for status in (401, 402, 403, 404, 409)]


@pytest.mark.parametrize(("where", "status"), [*FETCHED, *ASKED])
async def test_nothing_that_happens_after_the_submission_passes_for_uncharged(
    fake: FakeFal, opened: Opener, where: dict[str, Any], status: int
):
    await fake.account(history="off")
    retryable = {"X-Fal-Retryable": "true", "Retry-After": "0"}
    await fake.fail(Action.ERROR, **where, status=status, headers=retryable, times=999)
    async with opened(waits=replace(QUICK, total=0.1)) as gateway:
        problem, _ = await problem_of(gateway, ask())
    assert isinstance(problem, ModelInDoubt)
    assert len((await fake.state()).charged) == 1


async def test_a_queue_that_never_tells_where_a_call_is_leaves_it_in_doubt(fake: FakeFal, opened: Opener):
    await fake.fail(Action.ERROR, **STATUS, status=429, times=999)
    await fake.fail(Action.ERROR, path="*/cancel", status=429)
    async with opened(waits=replace(QUICK, total=0.1)) as gateway:
        problem, _ = await problem_of(gateway, ask())
        assert type(problem) is ModelInDoubt
        assert text_of(await everything(gateway, ask())), "it was over when it was to be cancelled"


@pytest.mark.parametrize("status", [401, 429])
async def test_a_failure_that_cannot_be_fetched_is_told_by_the_queue(fake: FakeFal, gateway: FalGateway, status: int):
    await fake.script(status=503, body={"detail": "No runner", "error_type": "runner_scheduling_failure"})
    await fake.fail(Action.ERROR, **RESULT, status=status, body="<html>", times=999)
    problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelBusy
    assert "No runner" in problem.sentence


@pytest.mark.parametrize("status", [401, 503])
async def test_a_refusal_that_cannot_be_fetched_is_in_doubt(fake: FakeFal, opened: Opener, status: int):
    await fake.script(status=422, body={"detail": "Too long"})
    await fake.fail(Action.ERROR, **RESULT, status=status, times=999)
    async with opened(waits=replace(QUICK, total=0.1)) as gateway:
        problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt


@pytest.mark.parametrize("way", ["queue", "sync", "stream"])
async def test_what_a_model_refuses_may_have_been_charged(fake: FakeFal, opened: Opener, way: str):
    await fake.script(status=422, body=detail("file_download_error"))
    async with opened(way=way) as gateway:
        problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelRefused
    assert problem.usage == Usage()


async def test_an_answer_that_is_none_is_in_doubt(fake: FakeFal, gateway: FalGateway):
    await fake.fail(Action.ERROR, method="GET", path="*/requests/????????-*[0-9a-f]", status=200, body="<html>")
    problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt
    assert "cannot be read" in problem.sentence


async def test_a_key_that_is_withdrawn_while_we_wait_leaves_the_call_in_doubt(fake: FakeFal, fresh: FalGateway):
    await fake.script(work_s=0.2)
    await fake.fail(Action.ERROR, path="*/status", status=401, body='{"detail": "No"}')
    problem, _ = await problem_of(fresh, ask())
    assert type(problem) is ModelInDoubt


async def test_fal_itself_drops_what_was_never_begun_in_time(fake: FakeFal, opened: Opener):
    await fake.script(queue_s=9)
    async with opened(waits=replace(QUICK, total=0.5), carries_on=True) as gateway:
        deltas = gateway.perform(ask())
        await anext(deltas)
        await deltas.aclose()
        seen = await fake.wait(lambda seen: not seen.running)
    assert seen.calls[0].status == 504
    assert seen.charged == ()


async def test_what_was_never_begun_in_time_is_taken_back_for_nothing(fake: FakeFal, opened: Opener):
    await fake.script(queue_s=9)
    async with opened(waits=replace(QUICK, total=0.3)) as gateway:
        problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelBusy
    assert (await fake.wait(lambda seen: not seen.running)).charged == ()


@pytest.mark.parametrize("stubborn", [False, True])
async def test_what_takes_too_long_is_cancelled_and_in_doubt(fake: FakeFal, opened: Opener, stubborn: bool):
    await fake.script(work_s=1, stubborn=stubborn)
    async with opened(waits=replace(QUICK, total=0.3)) as gateway:
        problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt
    assert (await fake.state()).calls[0].wants_cancel


# --- a stream ----------------------------------------------------------------


async def test_a_stream_that_breaks_off_is_completed_from_the_history(fake: FakeFal, opened: Opener):
    await fake.script(text="one two three four", events=2)
    async with opened(way="stream") as gateway:
        deltas = await everything(gateway, ask())
    assert [delta.text for delta in deltas if isinstance(delta, TextDelta)] == ["one", " two", " three four"]
    assert len((await fake.state()).calls) == 1


async def test_a_direct_call_may_appear_late_in_the_history(fake: FakeFal, opened: Opener):
    await fake.script(text="one two three", events=1)
    await fake.account(history="off")
    async with opened(way="stream", waits=replace(QUICK, seek=5)) as gateway, asyncio.TaskGroup() as group:
        task = group.create_task(everything(gateway, ask()))
        await fake.wait(lambda seen: seen.count("/by-endpoint"))
        await fake.account(history="ended")
    assert text_of(task.result()) == "one two three"


async def test_a_sync_call_may_take_longer_than_a_pause_in_a_stream(fake: FakeFal, opened: Opener):
    await fake.script(work_s=HASTE.idle + 0.3)
    await fake.account(history="off")
    async with opened(way="sync") as gateway:
        assert text_of(await everything(gateway, ask()))


async def test_a_stream_that_breaks_off_for_good_is_in_doubt(fake: FakeFal, opened: Opener):
    await fake.script(text="one two three four", events=2)
    await fake.account(history="off")
    async with opened(way="stream") as gateway:
        problem, came = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt
    assert text_of(came) == "one two"


async def test_a_stream_of_nothing_is_in_doubt(fake: FakeFal, opened: Opener):
    await fake.script(events=0)
    await fake.account(history="off")
    async with opened(way="stream") as gateway:
        problem, _ = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt


async def test_an_error_at_the_end_of_a_stream_says_that_it_broke_off(fake: FakeFal, opened: Opener):
    await fake.script(text="one two", error="Provider went away")
    async with opened(way="stream") as gateway:
        problem, came = await problem_of(gateway, ask())
    assert type(problem) is ModelInDoubt
    assert "Provider went away" in problem.sentence
    assert text_of(came) == "one two"


async def test_a_stream_that_is_refused_is_a_refusal(fake: FakeFal, opened: Opener):
    await fake.script(status=422, body=detail("file_download_error", field="video_urls"))
    async with opened(way="stream") as gateway:
        problem, came = await problem_of(gateway, ask(model=HEARS))
    assert type(problem) is ModelRefused
    assert came == []


async def test_a_gateway_that_fails_again_and_again_is_left_alone(fake: FakeFal, fresh: FalGateway):
    await fake.fail(Action.ERROR, **SUBMIT, status=500, times=99)
    for _ in range(5):
        await problem_of(fresh, ask())
    problem, _ = await problem_of(fresh, ask())
    assert "left alone" in problem.sentence
    assert (await fake.state()).hits["POST /queue/openrouter/router"] == 5
