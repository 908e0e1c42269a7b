"""One fake fal for all of the room's tests, and gateways to it."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import certifi
import pytest
import pytest_asyncio

from adapters.gateways.fal.gateway import FalGateway
from adapters.gateways.fal.options import Options, Places
from adapters.gateways.fal.queue import Waits
from adapters.gateways.fal.webhook import WebhookPlace
from adapters.gateways.reply import Patience
from adapters.storage.clock import SystemClock
from bot.domain.audio import MediaFile
from bot.domain.errors import ModelProblem
from bot.domain.models import ChatRequest, Delta, Origin, Request, TranscriptionRequest
from tests.fakes.fal.client import FakeFal, driving
from tests.fakes.process import running
from tests.fakes.renewed import renewed
from tests.integration import gateway_calls
from tests.integration.gateway_calls import HEARS
from tests.integration.recordings import babbled, recorded

KEY = "id-0123456789:secret-0123456789"
DATA = Path(__file__).parents[2] / "data"
HASTE = Patience(connect=0.5, idle=0.6, quiet=0.6, total=1.5, listing=1, retry=2)
QUICK = Waits(first=0.02, longest=0.1, stream_after=30, total=5, cancel=1, seek=0.2)

Opener = Callable[..., AbstractAsyncContextManager[FalGateway]]


@pytest.fixture(scope="package", autouse=True)
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every gateway reads all authorities from disk when it is opened; here one is enough, and far faster."""
    first, mark, _ = Path(certifi.where()).read_text(encoding="utf-8").partition("-----END CERTIFICATE-----")
    path = tmp_path_factory.mktemp("authorities") / "one.pem"
    path.write_text(first + mark, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def fake_url() -> AsyncIterator[str]:
    async with running("tests.fakes.fal") as url:
        yield url


@pytest_asyncio.fixture(loop_scope="package")
async def fake(fake_url: str) -> AsyncIterator[FakeFal]:
    async with driving(fake_url) as driver, renewed(driver):
        yield driver


@pytest.fixture
def opened(fake: FakeFal) -> Opener:
    """Open a gateway to the fake; what is given replaces the usual options."""

    @asynccontextmanager
    async def open_gateway(key: str = KEY, **options: Any) -> AsyncIterator[FalGateway]:
        places = Places(run=fake.run_url, queue=fake.queue_url, rest=fake.rest_url, api=fake.api_url)
        usual = {"places": places, "waits": QUICK, "patience": HASTE}
        async with FalGateway(key, SystemClock(), Options(**{**usual, **options})) as gateway:
            yield gateway

    return open_gateway


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared(fake_url: str) -> AsyncIterator[FalGateway]:
    places = Places(run=f"{fake_url}/run", queue=f"{fake_url}/queue", rest=f"{fake_url}/rest", api=f"{fake_url}/v1")
    async with FalGateway(KEY, SystemClock(), Options(places=places, waits=QUICK, patience=HASTE)) as gateway:
        yield gateway


@pytest.fixture
def gateway(fake: FakeFal, shared: FalGateway) -> FalGateway:
    """By the queue; one for all tests, as one is for the whole process."""
    return shared


@pytest.fixture
def webhook() -> WebhookPlace:
    """A place on this machine where nobody listens yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return WebhookPlace(url=f"http://127.0.0.1:{port}/fal?from=fal", host="127.0.0.1", port=port)


def ask(text: str = "Say hello", *, call: str = "", **more: Any) -> ChatRequest:
    return gateway_calls.ask(text, origin=origin_of(call), **more)


def listen(file: MediaFile, *, call: str = "", **more: Any) -> TranscriptionRequest:
    return TranscriptionRequest(**{"model": HEARS, "audio": file, "origin": origin_of(call), **more})


def origin_of(call: str) -> Origin:
    return Origin(call=call, author="a", conversation="c")


def recording(name: str, seconds: float = 3.0) -> MediaFile:
    """One of the tests' clips."""
    return recorded(DATA / name, seconds)


def long_recording(folder: Path, seconds: float = 40) -> MediaFile:
    """More than a megabyte."""
    return babbled(folder / "long.wav", seconds)


async def problem_of(gateway: FalGateway, request: Request) -> tuple[ModelProblem, list[Delta]]:
    """The problem that a call ends with, and what came before."""
    return await problem_in(gateway.perform(request))


async def problem_in(deltas: AsyncIterator[Delta]) -> tuple[ModelProblem, list[Delta]]:
    """The problem that an answer ends with, and what came before; it has a sentence, and no secret."""
    problem, came = await gateway_calls.problem_in(deltas)
    assert problem.sentence
    assert "secret-" not in problem.sentence + str(problem)
    return problem, came
