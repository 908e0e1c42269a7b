import asyncio
import io
import time

import aiohttp
import discord
import pytest

from tests.fakes.discord.client import FakeDiscord
from tests.fakes.discord.faults import Kind
from tests.integration.test_fake_discord.conftest import Place
from tests.integration.test_fake_discord.rig import NOTE, connected, refused, send_voice

POSTING = "POST /channels/*/messages"


async def test_429_is_waited_out_by_the_client(fake: FakeDiscord, place: Place) -> None:
    await fake.fail("429", POSTING, times=2, seconds=0.05)
    async with connected(fake) as client:
        await client.get_channel(place.channel).send("patience")
    assert [each["status"] for each in await fake.requests("/messages")] == [429, 429, 200]
    assert [each.content for each in await fake.bot_messages(place.channel)] == ["patience"]


async def test_global_429_holds_every_route_back(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        await fake.fail("429", "GET /users/*", seconds=0.4, is_global=True)
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(client.fetch_user(place.alice))
            await asyncio.sleep(0.2)
            tasks.create_task(client.get_channel(place.channel).send("me too"))
        assert time.monotonic() - began > 0.35


async def test_500_has_no_effect_and_is_retried(fake: FakeDiscord, place: Place) -> None:
    await fake.fail("500", POSTING)
    async with connected(fake) as client:
        await client.get_channel(place.channel).send("again")
    assert [each["fault"] for each in await fake.requests("/messages")] == ["500", None]
    assert len(await fake.bot_messages(place.channel)) == 1


@pytest.mark.parametrize(("kind", "posted"), [("drop_before", 0), ("drop_after", 1)])
async def test_dropped_connection_with_the_nonce_posts_once(
    fake: FakeDiscord, place: Place, kind: Kind, posted: int
) -> None:
    async with connected(fake) as client:
        channel = client.get_channel(place.channel)
        await fake.fail(kind, POSTING)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await send_voice(channel, nonce="job-3:0")
        assert len(await fake.bot_messages(place.channel)) == posted
        await send_voice(channel, nonce="job-3:0")
        assert len(await fake.bot_messages(place.channel)) == 1


async def test_slow_answers_come_late(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        await fake.fail("slow", POSTING, seconds=0.3, skip=1)
        await client.get_channel(place.channel).send("quick")
        assert (await fake.state())["faults"][0]["hits"] == 0
        began = time.monotonic()
        await client.get_channel(place.channel).send("slow")
        assert time.monotonic() - began >= 0.3


async def test_expired_address_is_gone_and_the_message_has_a_fresh_one(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        posted = await fake.post(place.channel, place.alice, voice=NOTE)
        (message,) = await client.heard.wait("message")
        await fake.expire_urls()
        assert (await refused(message.attachments[0].read)).status == 404
        fresh = await client.get_channel(place.channel).fetch_message(posted)
        assert await fresh.attachments[0].read() == NOTE.data
        await fake.advance(25 * 3600)
        assert (await refused(fresh.attachments[0].read)).status == 404


async def test_downloads_break_off_and_continue(fake: FakeDiscord, place: Place) -> None:
    await fake.post(place.channel, place.alice, voice=NOTE)
    (message,), half = await fake.messages(place.channel), len(NOTE.data) // 2
    await fake.fail("truncate", "GET /attachments/*")
    async with aiohttp.ClientSession() as session:
        async with session.get(message.files[0].url) as response:
            assert await response.content.readexactly(half) == NOTE.data[:half]
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.content.read()
        async with session.get(message.files[0].url, headers={"Range": f"bytes={half}-"}) as rest:
            assert (rest.status, await rest.read()) == (206, NOTE.data[half:])
    assert [each["status"] for each in await fake.requests("GET /attachments/")] == [200, 206]


async def test_limits_are_real_and_a_patient_client_never_exceeds_them(fake: FakeDiscord, place: Place) -> None:
    await fake.limit(rules={POSTING.replace("*", "{channel_id}"): (2, 0.3)})
    async with connected(fake) as client:
        channel = client.get_channel(place.channel)
        began = time.monotonic()
        for number in range(5):
            await channel.send(str(number))
        assert time.monotonic() - began > 0.55
    assert {each["status"] for each in await fake.requests("/messages")} == {200}


async def test_exceeding_a_limit_is_answered_as_discord_does(fake: FakeDiscord, place: Place) -> None:
    await fake.limit(rules={POSTING.replace("*", "{channel_id}"): (1, 60)}, global_rule=(4, 60))
    headers = {"Authorization": f"Bot {await fake.token()}"}
    url = f"{fake.api_url}/channels/{place.channel}/messages"
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(url, json={"content": "one"}) as response:
            assert (response.status, response.headers["X-RateLimit-Remaining"]) == (200, "0")
            assert response.headers["Content-Type"] == "application/json"
        async with session.post(url, json={"content": "two"}) as response:
            body = await response.json()
            assert (response.status, body["global"]) == (429, False)
            assert 40 < body["retry_after"] <= 60
            assert (response.headers["Via"], response.headers["X-RateLimit-Scope"]) == ("1.1 google", "user")
            assert 40 < int(response.headers["Retry-After"]) <= 60
        last = None
        for _ in range(3):
            async with session.get(f"{fake.api_url}/users/@me") as response:
                last = (response.status, response.headers.get("X-RateLimit-Scope"))
        assert last == (429, "global")


async def test_big_upload_survives_a_fault_and_a_retry(fake: FakeDiscord, place: Place) -> None:
    data = bytes(range(256)) * 4096 * 8
    await fake.fail("429", POSTING)
    async with connected(fake) as client:
        await client.get_channel(place.channel).send(file=discord.File(io.BytesIO(data), "a.bin"))
    (posted,) = await fake.bot_messages(place.channel)
    assert await fake.file_bytes(posted.files[0]) == data
