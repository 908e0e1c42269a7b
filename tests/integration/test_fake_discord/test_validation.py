import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.fakes.discord.client import FakeDiscord, FakeError
from tests.fakes.discord.validation import Specification
from tests.fakes.process import ROOT, running
from tests.fakes.specs import specification
from tests.integration.test_fake_discord.conftest import Place
from tests.integration.test_fake_discord.rig import NOTE, connected, send_voice

PATH = specification("discord-openapi.json")
MESSAGES = "/channels/{channel_id}/messages"


async def call(fake: FakeDiscord, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Send a raw request with the bot's token and return the status and the JSON."""
    headers = {"Authorization": f"Bot {await fake.token()}"}
    async with (
        ClientSession(headers=headers) as session,
        session.request(method, fake.api_url + path, json=body) as response,
    ):
        return response.status, await response.json() if response.status != 204 else None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", MESSAGES, {"content": "x", "unheard_of": 1}),
        ("POST", MESSAGES, {"content": 5}),
        ("POST", MESSAGES, {"content": "x", "nonce": "n" * 26}),
        ("POST", MESSAGES, {"content": "x", "embeds": [{"title": "t" * 257}]}),
        ("POST", MESSAGES, {"content": "x", "flags": 1 << 6}),
        ("POST", MESSAGES, {"content": "x", "attachments": [{"id": 0, "filename": "missing.ogg"}]}),
        ("POST", MESSAGES, None),
        ("GET", MESSAGES + "?limit=101", None),
        ("GET", MESSAGES + "?after=1&before=2&limit=3", None),
        ("GET", MESSAGES, {"content": "a body on a GET"}),
        ("POST", "/users/@me/channels", {}),
        ("PUT", "/applications/{bot}/commands", [{"name": "Not A Name", "description": "d"}]),
        ("PUT", "/applications/{bot}/commands", [{"name": "a", "description": "d"}] * 2),
        ("PUT", "/applications/{bot}/commands", [{"name": f"m{n}", "type": 3} for n in range(16)]),
        ("POST", "/interactions/1/t/callback", {"type": 4, "data": {"content": "x"}, "attachments": []}),
        ("PUT", MESSAGES + "/1/reactions/thumbsup/@me", None),
        ("GET", "/guilds/1/soundboard-sounds", None),
        ("POST", "/gateway/bot", None),
    ],
)
async def test_every_fault_of_a_client_is_refused_and_recorded(
    careless: FakeDiscord, place: Place, method: str, path: str, body: Any
) -> None:
    status, answer = await call(
        careless, method, path.format(channel_id=place.channel, bot=await careless.bot_id()), body
    )
    assert 400 <= status < 500
    assert "message" in answer
    (line,) = await careless.violations()
    assert line.startswith(method)


async def test_broken_json_and_strange_parts_are_recorded(careless: FakeDiscord, place: Place) -> None:
    headers = {"Authorization": f"Bot {await careless.token()}", "Content-Type": "application/json"}
    url = careless.api_url + MESSAGES.format(channel_id=place.channel)
    async with ClientSession() as session:
        async with session.post(url, data="{", headers=headers) as response:
            assert (await response.json())["code"] == 50109
        async with session.post(url, data=b"text", headers=headers | {"Content-Type": "text/plain"}) as response:
            assert (await response.json())["code"] == 50035
    assert len(await careless.violations()) == 2


@pytest.mark.skipif(PATH is None, reason="no specification here")
async def test_discords_own_specification_is_applied(careless: FakeDiscord, place: Place) -> None:
    body = {"content": "x", "components": [{"type": 2, "custom_id": "a button outside of a row"}]}
    status, _ = await call(careless, "POST", MESSAGES.format(channel_id=place.channel), body)
    assert status == 400
    assert "Discord's specification" in (await careless.violations())[0]


READABLE = (
    "/users/@me",
    "/users/@me/guilds",
    "/users/{user_id}",
    "/oauth2/applications/@me",
    "/gateway/bot",
    "/guilds/{guild_id}",
    "/guilds/{guild_id}/channels",
    "/guilds/{guild_id}/roles",
    "/guilds/{guild_id}/members/{user_id}",
    "/guilds/{guild_id}/threads/active",
    "/channels/{channel_id}",
    "/channels/{channel_id}/messages",
    "/channels/{channel_id}/messages/{message_id}",
    "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}",
    "/channels/{channel_id}/threads/archived/public",
    "/applications/{application_id}/commands",
)


@pytest.fixture
async def conforms(fake: FakeDiscord, place: Place) -> Callable[..., Awaitable[Any]]:
    """Return a function that calls an operation and compares its answer with Discord's specification."""
    if PATH is None:
        pytest.skip("no specification here")
    checks = Specification(PATH)
    usual = {"guild_id": place.guild, "channel_id": place.channel, "user_id": place.alice, "emoji_name": "👍"}

    async def ask(method: str, template: str, body: Any = None, query: str = "", **values: Any) -> Any:
        status, answer = await call(fake, method, template.format(**{**usual, **values}) + query, body)
        check = checks.answer(method, template, status)
        assert check is not None, (method, template, status, answer)
        assert check(answer) is None, (method, template, check(answer))
        return answer

    return ask


async def test_answers_are_as_discords_specification_says(
    fake: FakeDiscord, place: Place, conforms: Callable[..., Awaitable[Any]]
) -> None:
    bot, dm = await fake.bot_id(), await fake.direct_message(place.alice)
    asked = await fake.post(place.channel, place.alice, voice=NOTE)
    await fake.post(place.channel, place.alice, f"<@{bot}>", reply_to=asked)
    await fake.react(asked, place.alice, "👍")
    await conforms("POST", MESSAGES + "/{message_id}/threads", {"name": "thread"}, message_id=asked)
    await conforms("POST", MESSAGES, {"content": "x", "nonce": "a"})
    await conforms("POST", "/users/@me/channels", {"recipient_id": str(place.alice)})
    for template in READABLE:
        await conforms("GET", template, application_id=bot, message_id=asked)
    for channel in (dm, asked):
        await conforms("GET", "/channels/{channel_id}", channel_id=channel)
        await conforms("GET", MESSAGES, channel_id=channel)


async def test_answers_to_interactions_are_as_discords_specification_says(
    fake: FakeDiscord, place: Place, conforms: Callable[..., Awaitable[Any]]
) -> None:
    bot = await fake.bot_id()
    ping = {"name": "ping", "description": "answers", "type": 1}
    await conforms("PUT", "/applications/{application_id}/commands", [ping], application_id=bot)
    used = await fake.use_slash("ping", channel=place.channel, user=place.alice)
    (raw,) = (await fake.state())["interactions"]
    path = {"interaction_id": used, "interaction_token": raw["token"]}
    callback = "/interactions/{interaction_id}/{interaction_token}/callback"
    answer = await conforms("POST", callback, {"type": 5}, "?with_response=true", **path)
    assert answer["interaction"]["response_message_loading"]
    webhook = {"webhook_id": bot, "webhook_token": raw["token"]}
    original = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
    await conforms("PATCH", original, {"content": "pong"}, **webhook)
    await conforms("GET", original, **webhook)
    await conforms("POST", "/webhooks/{webhook_id}/{webhook_token}", {"content": "and more"}, "?wait=true", **webhook)


async def test_missing_token_is_refused_but_no_violation(fake: FakeDiscord) -> None:
    async with ClientSession() as session, session.get(f"{fake.api_url}/users/@me") as response:
        assert (response.status, (await response.json())["message"]) == (401, "401: Unauthorized")
    assert await fake.violations() == []


async def test_driver_tells_why_the_fake_refuses_it(fake: FakeDiscord) -> None:
    with pytest.raises(FakeError, match="Unknown Channel"):
        await fake.post(1, 1, "x")
    with pytest.raises(FakeError, match="no such kind of fault"):
        await fake.fail("earthquake", "*")  # type: ignore[arg-type]
    with pytest.raises(FakeError, match="no such act"):
        await fake.act("dance")
    with pytest.raises(AssertionError, match="no 1 messages within"):
        await fake.wait_for_messages(1, seconds=0.1)


async def test_validation_can_be_switched_off_for_speed() -> None:
    async with running("tests.fakes.discord", "--no-validate") as url, FakeDiscord(url) as fake:
        guild = await fake.add_guild("aviary")
        channel = await fake.add_channel(guild, "general")
        status, _ = await call(fake, "POST", MESSAGES.format(channel_id=channel), {"content": "x", "unheard_of": 1})
        assert status == 200
        async with connected(fake) as client:
            await send_voice(client.get_channel(channel))
        assert await fake.violations() == []


async def test_process_says_its_port_in_one_line_and_ends_on_sigterm() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.discord", "--port", "0", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(10):
        port = json.loads(await process.stdout.readline())["port"]
        async with FakeDiscord(f"http://127.0.0.1:{port}") as fake, ClientSession() as session:
            socket = await session.ws_connect(fake.gateway_url)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
            await socket.close()
    assert await process.stdout.read() == b""
