"""The Slack adapter keeps the contract of platforms, over sockets."""

import pytest

from adapters.slack.adapter import SlackPlatform
from tests.contracts.platform import PlatformContract
from tests.fakes.slack.client import SlackFake
from tests.integration.test_slack_platform.harness import SlackHarness


class TestSlackPlatform(PlatformContract):
    @pytest.fixture
    def harness(self, slack: SlackFake, platform: SlackPlatform, ada: str, channel: str) -> SlackHarness:
        return SlackHarness(platform=platform, slack=slack, ada=ada, channel=channel)
