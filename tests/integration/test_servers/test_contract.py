"""What every gateway keeps, kept by a server that chats, writes down and speaks."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.gateways.gateway import RemoteGateway
from bot.domain.audio import MediaFile
from bot.domain.models import SpeechRequest, TranscriptionRequest
from tests.contracts.gateway import GatewayContract
from tests.fakes.openai_server.client import FakeServer
from tests.integration.gateway_calls import ask
from tests.integration.gateway_harness import FakeHarness
from tests.integration.test_servers.harness import connected, local_ai

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def fake(server_process: str) -> AsyncIterator[FakeServer]:
    async with local_ai(server_process) as driver:
        await driver.say("Good morning. How are you?", pause=0.01)
        yield driver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(server_process: str) -> AsyncIterator[RemoteGateway]:
    async with connected(f"{server_process}/v1") as opened:
        yield opened


class TestContract(GatewayContract):
    @pytest.fixture
    def harness(self, fake: FakeServer, gateway: RemoteGateway, note: MediaFile) -> FakeHarness:
        requests = (
            ask(model="qwen3-1.7b"),
            TranscriptionRequest(model="whisper-base.en", audio=note, language="en"),
            SpeechRequest(model="voice-en-us-amy-low", text="Good morning!"),
        )
        return FakeHarness(gateway=gateway, requests=requests, fake=fake)
