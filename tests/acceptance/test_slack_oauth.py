"""Many workspaces install Mynah by OAuth, and the real service answers in each of them with its own token."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.service import Installation
from tests.acceptance.slack_scene import SlackScene, open_slack
from tests.acceptance.stages import open_openrouter, remote
from tests.fakes.openrouter.client import FakeOpenRouter
from tests.fakes.process import wait_for_port
from tests.fakes.slack.browser import browsing
from tests.fakes.slack.client import SlackFake

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackFake]:
    async with open_slack() as scene:
        await scene.fake.options(token_seconds=43_200)
        yield scene.fake
        assert await scene.violations() == []


@pytest_asyncio.fixture
async def openrouter() -> AsyncIterator[FakeOpenRouter]:
    async with open_openrouter() as fake:
        yield fake
        assert (await fake.state()).violations == ()


@pytest.fixture
async def installation(
    slack: SlackFake, openrouter: FakeOpenRouter, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> Installation:
    """Mynah as an admin sets it up for many workspaces, with a key that it made itself."""
    port = unused_tcp_port_factory()
    settings = {
        "SLACK__CLIENT_ID": slack.client_id,
        "SLACK__CLIENT_SECRET": slack.client_secret,
        "SLACK__PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SLACK__PORT": str(port),
        "SLACK__APP_TOKEN": slack.app_token,
        "SLACK__API_URL": slack.api_url,
        "SLACK__FILE_HOSTS": '["127.0.0.1"]',
        **remote(openrouter),
    }
    bare = Installation(folder=tmp_path, settings=settings)
    status, key, _ = await bare.run("slack", "key")
    assert status == 0
    return replace(bare, settings={**settings, "SLACK__ENCRYPTION_KEY": key.strip()})


async def scene_in(team: SlackFake) -> SlackScene:
    """Return somebody in a direct message with Mynah in a workspace."""
    ada = await team.create_user("Ada", is_admin=True)
    return SlackScene(team, ada, await team.create_channel([ada], kind="im"))


async def posted_by(slack: SlackFake) -> set[str]:
    """Return the workspaces whose tokens messages were posted with."""
    requests = (await slack.state())["requests"]
    return {one["opens"] for one in requests if one["path"] in {"/api/chat.postMessage", "/api/chat.startStream"}}


async def test_two_workspaces_install_and_are_answered_and_one_leaves(
    slack: SlackFake, openrouter: FakeOpenRouter, installation: Installation
):
    port = int(installation.settings["SLACK__PORT"])
    analysts, bakers = await slack.create_team("Analysts"), await slack.create_team("Bakers")
    async with installation.serving() as service, browsing(port) as browser:
        await slack.wait_connected(seconds=30)
        await wait_for_port(port)
        for team in (analysts, bakers):
            assert f"Mynah is in {'Analysts' if team is analysts else 'Bakers'}" in await browser.install(team)
        for team in (analysts, bakers):
            scene = await scene_in(team)
            await openrouter.say(f"Hello, {team.team_id}.")
            asked = await scene.write("Hello?")
            assert [reply.text for reply in await scene.wait(asked, texts=1)] == [f"Hello, {team.team_id}."]

        await slack.expire_tokens()
        scene = await scene_in(bakers)
        await openrouter.say("Still here.")
        heard = await scene.speak()
        texts = [reply.text for reply in await scene.wait(heard, texts=1)]
        assert any("Still here." in text for text in texts), texts
        await service.wait_for("token renewed")

        for delivery in await analysts.uninstall():
            assert (await slack.wait_delivered(delivery)).state == "acked"
        await service.wait_for("uninstalled")
        listed = await installation.read("slack", "installations")
        assert [row["name"] for row in listed] == ["Bakers"]
        _, findings, _ = await installation.run("doctor")
        assert "Mynah is installed in the Slack workspace Bakers" in findings
        assert "Analysts" not in findings
    written = [str(service.log).encode(), *(path.read_bytes() for path in installation.folder.glob("mynah.db*"))]
    assert [each for each in written if b"xoxb" in each or b"xoxe" in each] == []
    assert await posted_by(slack) == {analysts.team_id, bakers.team_id}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"SLACK__CLIENT_SECRET": ""}, "slack.client_secret: is needed"),
        ({"SLACK__PUBLIC_URL": "mynah.example.com"}, "slack.public_url: must be the https://"),
        ({"SLACK__ENCRYPTION_KEY": ""}, "slack.encryption_key: is needed"),
        ({"SLACK__ENCRYPTION_KEY": "hunter2"}, "slack.encryption_key: is not a key"),
        ({"SLACK__BOT_TOKEN": "xoxb-1"}, "slack.bot_token: is for one workspace"),
    ],
)
async def test_what_is_missing_or_wrong_is_told_in_one_sentence(
    installation: Installation, changes: dict[str, str], complaint: str
):
    wrong = replace(installation, settings={**installation.settings, **changes})
    status, _, err = await wrong.run("serve")
    assert (status, complaint in err) == (2, True), err
    assert "hunter2" not in err


async def test_a_new_key_in_front_of_the_old_one_takes_its_place(slack: SlackFake, installation: Installation):
    port = int(installation.settings["SLACK__PORT"])
    async with installation.serving(), browsing(port) as browser:
        await wait_for_port(port)
        await browser.install(await slack.create_team("Analysts"))
    _, new, _ = await installation.run("slack", "key")
    old = installation.settings["SLACK__ENCRYPTION_KEY"]

    def keyed(key: str) -> Installation:
        return replace(installation, settings={**installation.settings, "SLACK__ENCRYPTION_KEY": key})

    status, _, err = await keyed(new.strip()).run("slack", "installations")
    assert (status, "slack.encryption_key: opens none" in err) == (2, True), err
    both = keyed(f"{new.strip()}, {old}")
    async with installation.serving():
        assert await both.read("slack", "installations")
        await both.run("doctor")
        assert await keyed(old).read("slack", "installations"), "what runs with the old key goes on"
    async with both.serving():
        pass
    (row,) = await keyed(new.strip()).read("slack", "installations")
    assert row["name"] == "Analysts"
    assert (await keyed(old).run("slack", "installations"))[0] == 2
