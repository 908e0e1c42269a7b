"""What every gateway keeps, kept by OpenRouter."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.gateways.gateway import RemoteGateway
from bot.domain.models import (
    Request,
    TranscriptionRequest,
)
from tests.contracts.gateway import Call, GatewayContract
from tests.fakes.openrouter.client import FakeOpenRouter
from tests.integration.test_openrouter.harness import (
    FREE,
    HEARS,
    ask,
    tone,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(kw_only=True)
class Harness:
    gateway: RemoteGateway
    requests: tuple[Request, ...]
    fake: FakeOpenRouter
    calls: list[Call] = field(default_factory=list)

    async def running(self) -> int:
        return sum(call.outcome == "open" for call in (await self.fake.state()).calls)


class TestContract(GatewayContract):
    @pytest.fixture
    def harness(self, fake: FakeOpenRouter, gateway: RemoteGateway, tmp_path: Path) -> Harness:
        transcription = TranscriptionRequest(model=HEARS, audio=tone(tmp_path / "f.wav"))
        return Harness(gateway=gateway, requests=(ask(), transcription, ask(model=FREE)), fake=fake)
