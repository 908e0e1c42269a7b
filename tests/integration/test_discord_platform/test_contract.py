"""The Discord adapter keeps the contract of platforms, over sockets."""

import pytest

from adapters.discord.adapter import DiscordPlatform
from tests.contracts.platform import PlatformContract
from tests.integration.test_discord_platform.harness import DiscordHarness, Scene


class TestDiscordPlatform(PlatformContract):
    @pytest.fixture
    async def harness(self, scene: Scene, platform: DiscordPlatform) -> DiscordHarness:
        robot = await scene.fake.add_user("robot", bot=True)
        await scene.fake.add_member(scene.guild, robot)
        return DiscordHarness(platform=platform, scene=scene, robot=robot)
