"""What every gateway keeps, kept by OpenRouter."""

from pathlib import Path

import pytest

from adapters.gateways.gateway import RemoteGateway
from bot.domain.models import TranscriptionRequest
from tests.contracts.gateway import GatewayContract
from tests.fakes.openrouter.client import FakeOpenRouter
from tests.integration.gateway_calls import FREE, HEARS, ask
from tests.integration.gateway_harness import FakeHarness
from tests.integration.recordings import tone

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestContract(GatewayContract):
    @pytest.fixture
    def harness(self, fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path) -> FakeHarness:
        transcription = TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav"))
        return FakeHarness(gateway=gateway, requests=(ask(), transcription, ask(model=FREE)), fake=fake)
