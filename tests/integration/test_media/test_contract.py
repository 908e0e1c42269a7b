"""The real thing keeps the contract."""

import pytest

from tests.contracts.media import MediaContract

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestPydubMedia(MediaContract):
    """Its fixture `media` is the workers of this folder."""
