"""What every gateway keeps."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import pytest_asyncio
from typing_extensions import override

from adapters.gateways.fal.gateway import FalGateway
from bot.domain.errors import ModelUnknown
from bot.domain.models import Request
from tests.contracts.gateway import Call, GatewayContract, GatewayHarness, raised
from tests.fakes.fal.client import FakeFal
from tests.integration.test_fal.conftest import Opener, ask, listen, recording

pytestmark = pytest.mark.asyncio(loop_scope="package")


@dataclass
class FalHarness:
    gateway: FalGateway
    fake: FakeFal
    requests: list[Request]
    calls: list[Call] = field(default_factory=list)

    async def running(self) -> int:
        return len((await self.fake.state()).running)


class FalContract(GatewayContract):
    @override
    async def test_an_unknown_model_is_unknown(self, harness: GatewayHarness):
        """fal lists no models: what looks like one is sent, and fal says that there is none."""
        with pytest.raises(ModelUnknown) as unknown:
            await harness.gateway.capabilities("knows-this")
        assert "knows-this" in unknown.value.sentence
        for request in harness.requests:
            for model in ("google/gemini-0-nobody-knows-this", "knows-this"):
                assert await raised(harness, replace(request, model=model)) is ModelUnknown


class Ways:
    way: str

    @pytest_asyncio.fixture(loop_scope="package")
    async def harness(self, fake: FakeFal, opened: Opener) -> Any:
        async with opened(way=self.way) as gateway:
            yield FalHarness(gateway, fake, [ask(), listen(recording("clip.mp3"))])


class TestQueue(Ways, FalContract):
    way = "queue"


class TestStream(Ways, FalContract):
    way = "stream"


class TestSync(Ways, FalContract):
    way = "sync"
