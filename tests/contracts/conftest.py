from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.storage import Storage, in_memory, in_sqlite


@pytest.fixture(params=[in_memory, in_sqlite], ids=["memory", "sqlite"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    async with request.param(tmp_path) as opened:
        yield opened
