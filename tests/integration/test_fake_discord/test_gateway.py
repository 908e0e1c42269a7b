import asyncio
import json
from typing import Any

import discord
import pytest
from aiohttp import ClientSession, WSMsgType

from tests.fakes.discord.client import FakeDiscord
from tests.integration.test_fake_discord.conftest import Place
from tests.integration.test_fake_discord.rig import INTENTS, Client, ShardedClient, connected, pointed_at


async def test_lost_connection_resumes_and_hears_what_it_missed(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        await fake.hold_gateway()
        for text in ("one", "two"):
            await fake.post(place.channel, place.alice, text)
        await fake.release_gateway()
        assert [each.content for each in await client.heard.wait("message", 2)] == ["one", "two"]
        await client.heard.wait("resumed")
        await fake.post(place.channel, place.alice, "three")
        assert [each.content for each in await client.heard.wait("message", 3)] == ["one", "two", "three"]
        gateway = await fake.gateway()
        assert (gateway["identifies"], gateway["resumes"]) == (1, 1)


async def test_session_that_cannot_resume_starts_anew_and_has_missed_things(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        await fake.hold_gateway()
        await fake.forbid_resume()
        await fake.post(place.channel, place.alice, "missed")
        await fake.release_gateway()
        await client.heard.wait("ready", 2)
        await fake.post(place.channel, place.alice, "heard")
        assert [each.content for each in await client.heard.wait("message")] == ["heard"]
        assert [each.content async for each in client.get_channel(place.channel).history()] == ["heard", "missed"]
        assert (await fake.gateway())["identifies"] == 2


async def test_new_process_hears_nothing_of_the_past(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake):
        pass
    await fake.post(place.channel, place.alice, "in between")
    async with connected(fake) as client:
        await fake.post(place.channel, place.alice, "now")
        assert [each.content for each in await client.heard.wait("message")] == ["now"]
        assert (await fake.gateway())["resumes"] == 0


@pytest.mark.parametrize("trouble", ["reconnect", 4000, 1001])
async def test_server_may_end_a_connection_politely(fake: FakeDiscord, place: Place, trouble: str | int) -> None:
    async with connected(fake) as client:
        await (fake.close_gateway(trouble) if isinstance(trouble, int) else fake.ask_to_reconnect())
        await client.heard.wait("resumed")
        await fake.wait_for_sessions()
        await fake.post(place.channel, place.alice, "still there?")
        assert [each.content for each in await client.heard.wait("message")] == ["still there?"]


@pytest.mark.parametrize(
    ("code", "error"),
    [(4004, discord.ConnectionClosed), (4014, discord.PrivilegedIntentsRequired)],
)
async def test_identify_can_be_refused(fake: FakeDiscord, code: int, error: type[Exception]) -> None:
    await fake.refuse_identify(code)
    async with pointed_at(fake), Client(intents=INTENTS) as client:
        with pytest.raises(error):
            await client.start(await fake.token())


async def test_intents_that_are_not_switched_on_are_refused(fake: FakeDiscord) -> None:
    await fake.set_application(privileged_intents=[])
    async with pointed_at(fake), Client(intents=INTENTS) as client:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(await fake.token())


async def test_wrong_token_is_refused(fake: FakeDiscord) -> None:
    async with pointed_at(fake), Client(intents=INTENTS) as client:
        with pytest.raises(discord.LoginFailure):
            await client.start("wrong")


async def test_members_are_sent_on_request(fake: FakeDiscord, place: Place) -> None:
    await fake.set_application(privileged_intents=["members", "message_content"])
    intents = discord.Intents(guilds=True, members=True)
    async with connected(fake, Client(intents=intents, chunk_guilds_at_startup=True)) as client:
        assert {each.id for each in client.guilds[0].members} == {place.alice, client.user.id}
        bob = await fake.add_user("bob")
        await fake.add_member(place.guild, bob, permissions=["MANAGE_GUILD"])
        (member,) = await client.heard.wait("member_join")
        assert member.guild_permissions.manage_guild


async def test_events_go_to_the_shard_of_their_guild(fake: FakeDiscord) -> None:
    alice = await fake.add_user("alice")
    channels = {}
    for number in (0, 1):
        guild = await fake.add_guild(f"guild {number}", members=[alice], guild=(1_000_000 + number) << 22)
        channels[number] = await fake.add_channel(guild, "general")
    await fake.set_application(shards=2)
    async with connected(fake, ShardedClient(intents=INTENTS)) as client:
        await fake.wait_for_sessions(2)
        assert len(client.shards) == 2
        for number, channel in channels.items():
            await fake.post(channel, alice, f"to {number}")
        heard = await client.heard.wait("message", 2)
        assert {each.content: each.guild.shard_id for each in heard} == {"to 0": 0, "to 1": 1}
        sessions = (await fake.gateway())["sessions"]
        assert sorted(each["shard"] for each in sessions) == [[0, 2], [1, 2]]


async def test_heartbeats_keep_a_connection(fake: FakeDiscord) -> None:
    await fake.set_application(heartbeat_ms=100)
    try:
        async with connected(fake) as client:
            await asyncio.sleep(0.5)
            assert client.latency < 1
            assert len((await fake.gateway())["sessions"]) == 1
    finally:
        await fake.set_application(heartbeat_ms=41_250)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", 4002),
        (json.dumps({"op": 99, "d": None}), 4001),
        (json.dumps({"op": 8, "d": {"guild_id": "1", "limit": 0}}), 4003),
        (json.dumps({"op": 2, "d": {"token": "t"}}), 4002),
    ],
)
async def test_broken_frames_end_the_connection(careless: FakeDiscord, frame: str, code: int) -> None:
    async with ClientSession() as session, session.ws_connect(careless.gateway_url) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_str(frame)
        message: Any = await socket.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, code)
    assert len(await careless.violations()) == 1


async def test_sessions_of_a_bucket_must_begin_apart(careless: FakeDiscord) -> None:
    await careless.set_application(shards=2, identify_seconds=60)
    async with connected(careless, Client(intents=INTENTS)):
        pass
    async with pointed_at(careless), ClientSession() as session, session.ws_connect(careless.gateway_url) as socket:
        assert (await socket.receive_json())["op"] == 10
        identify = {"token": await careless.token(), "intents": 1, "properties": {}, "shard": [1, 2]}
        await socket.send_json({"op": 2, "d": identify})
        assert (await socket.receive_json()) == {"op": 9, "d": False}
    (violation,) = await careless.violations()
    assert "after another of its bucket" in violation


async def test_sessions_of_other_buckets_begin_at_once(fake: FakeDiscord) -> None:
    await fake.set_application(shards=2, max_concurrency=2, identify_seconds=60)
    async with connected(fake, ShardedClient(intents=INTENTS)):
        await fake.wait_for_sessions(2)


async def test_a_guild_is_lost_or_only_out_of_order(fake: FakeDiscord, place: Place) -> None:
    other = await fake.add_guild("cage")
    async with connected(fake) as client:
        await fake.lose_guild(other, unavailable=True)
        (ill,) = await client.heard.wait("guild_unavailable")
        await fake.lose_guild(place.guild)
        (gone,) = await client.heard.wait("guild_remove")
        assert (ill.id, gone.id) == (other, place.guild)
        assert [each["id"] for each in await client.http.get_guilds(200)] == [str(other)]
