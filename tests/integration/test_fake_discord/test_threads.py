import discord
import pytest

from tests.fakes.discord.client import FakeDiscord
from tests.integration.test_fake_discord.conftest import Place
from tests.integration.test_fake_discord.rig import connected, refused, send_voice


async def test_thread_from_a_message_has_its_id_and_there_is_one(fake: FakeDiscord, place: Place) -> None:
    asked = await fake.post(place.channel, place.alice, "why?")
    async with connected(fake) as client:
        message = await client.get_channel(place.channel).fetch_message(asked)
        thread = await message.create_thread(name="why", auto_archive_duration=60)
        assert (thread.id, thread.parent_id, thread.owner_id) == (asked, place.channel, client.user.id)
        assert (await refused(lambda: message.create_thread(name="again"))).code == 160004
        await thread.send("because")
        await send_voice(thread)
        await fake.post(thread.id, place.alice, "I see")
        kinds = [each.type for each in await client.heard.wait("message", 4)]
        assert kinds == [discord.MessageType.thread_starter_message, *[discord.MessageType.default] * 3]
        assert (await message.fetch()).flags.has_thread
        shown = [each.content async for each in thread.history(oldest_first=True)]
        assert shown == ["", "because", "", "I see"]
        assert (await client.fetch_channel(asked)).message_count == 3
    assert await fake.wait_for_thread(asked) == asked
    said, spoken = await fake.wait_for_messages(asked, count=2)
    assert (said.content, spoken.is_voice) == ("because", True)


async def test_bot_hears_threads_that_others_start(fake: FakeDiscord, place: Place) -> None:
    asked = await fake.post(place.channel, place.alice, "topic")
    async with connected(fake) as client:
        await fake.start_thread(place.alice, "hung", message=asked)
        alone = await fake.start_thread(place.alice, "alone", channel=place.channel)
        await fake.post(alone, place.alice, "inside")
        heard = await client.heard.wait("message", 3)
        assert [each.type.value for each in heard] == [21, 18, 0]
        assert heard[2].channel.name == "alone"
        assert {each.id for each in await client.guilds[0].active_threads()} == {asked, alone}


async def test_threads_are_known_after_a_restart(fake: FakeDiscord, place: Place) -> None:
    thread = await fake.start_thread(place.alice, "old", channel=place.channel)
    async with connected(fake) as client:
        assert client.get_channel(thread).name == "old"


async def test_archived_thread_opens_for_a_message_unless_it_is_locked(fake: FakeDiscord, place: Place) -> None:
    thread_id = await fake.start_thread(place.alice, "sleepy", channel=place.channel)
    async with connected(fake) as client:
        thread = client.get_channel(thread_id)
        mine = await thread.send("awake")
        await fake.change_thread(thread_id, archived=True)
        assert (await refused(lambda: mine.edit(content="asleep"))).code == 50083
        await thread.send("awake again")
        assert not (await client.fetch_channel(thread_id)).archived
        await fake.change_thread(thread_id, archived=True, locked=True)
        assert (await refused(lambda: thread.send("hello?"))).code == 160005
        archived = [each.id async for each in client.get_channel(place.channel).archived_threads()]
        assert archived == [thread_id]


async def test_bot_manages_its_own_thread(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        thread = await client.get_channel(place.channel).create_thread(
            name="mine", type=discord.ChannelType.public_thread
        )
        await thread.edit(name="ours", archived=True)
        found = await fake.channel(thread.id)
        assert found is not None
        assert (found["name"], found["thread_metadata"]["archived"]) == ("ours", True)
        await thread.edit(archived=False)
        await thread.leave()
        await thread.join()


@pytest.mark.parametrize("denied", ["CREATE_PUBLIC_THREADS", "VIEW_CHANNEL"])
async def test_starting_a_thread_needs_permission(fake: FakeDiscord, place: Place, denied: str) -> None:
    asked = await fake.post(place.channel, place.alice, "why?")
    async with connected(fake) as client:
        message = client.get_channel(place.channel).get_partial_message(asked)
        await fake.set_permissions(place.channel, deny=[denied])
        error = await refused(lambda: message.create_thread(name="why"))
        assert (error.status, error.code) == (403, 50013 if denied == "CREATE_PUBLIC_THREADS" else 50001)


async def test_sending_in_threads_is_a_permission_of_its_own(fake: FakeDiscord, place: Place) -> None:
    thread = await fake.start_thread(place.alice, "quiet", channel=place.channel)
    async with connected(fake) as client:
        await fake.set_permissions(place.channel, deny=["SEND_MESSAGES_IN_THREADS"])
        assert (await refused(lambda: client.get_channel(thread).send("x"))).code == 50013
        await client.get_channel(place.channel).send("outside")
        await fake.set_permissions(place.channel, deny=["SEND_MESSAGES"])
        await client.get_channel(thread).send("inside")
        assert (await refused(lambda: client.get_channel(place.channel).send("x"))).code == 50013


async def test_direct_messages_have_no_threads(careless: FakeDiscord, place: Place) -> None:
    dm = await careless.direct_message(place.alice)
    asked = await careless.post(dm, place.alice, "why?")
    async with connected(careless) as client:
        message = client.get_partial_messageable(dm, guild_id=place.guild).get_partial_message(asked)
        assert (await refused(lambda: message.create_thread(name="why"))).code == 50003
    assert len(await careless.violations()) == 1
