import pytest

from bot.ports import Media
from tests.contracts.media import MediaContract
from tests.doubles.media import MemoryMedia


class TestMemoryMedia(MediaContract):
    @pytest.fixture
    def media(self) -> Media:
        return MemoryMedia()
