import io
from typing import Any

import discord
import pytest

from tests.fakes.discord.client import FakeDiscord, File
from tests.integration.test_fake_discord.conftest import Place
from tests.integration.test_fake_discord.rig import INTENTS, NOTE, WAVEFORM, Client, connected, refused, send_voice

MIB = 1024 * 1024


async def test_client_sees_the_guild_and_hears_a_message(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        assert [guild.name for guild in client.guilds] == ["aviary"]
        assert client.guilds[0].text_channels[0].id == place.channel
        assert client.application_id == client.user.id == await fake.bot_id()
        await fake.post(place.channel, place.alice, "good morning")
        (message,) = await client.heard.wait("message")
        assert (message.content, message.author.id, message.guild.id) == ("good morning", place.alice, place.guild)
        assert message.channel.permissions_for(message.guild.me).send_voice_messages


async def test_messages_tell_their_authors_roles_and_the_server_its_language(fake: FakeDiscord, place: Place) -> None:
    guild = await fake.add_guild("volière", members=[place.alice], locale="fr")
    channel, role = await fake.add_channel(guild, "général"), await fake.add_role(guild, place.alice, name="moineaux")
    async with connected(fake) as client:
        await fake.post(channel, place.alice, "salut")
        (message,) = await client.heard.wait("message")
        assert {each.id: each.name for each in message.author.roles} == {guild: "@everyone", role: "moineaux"}
        assert message.guild.preferred_locale is discord.Locale.french
        assert [each.id for each in (await message.guild.fetch_member(place.alice)).roles] == [guild, role]


async def test_user_voice_message_arrives_with_its_sound(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        await fake.post(place.channel, place.alice, voice=NOTE)
        (message,) = await client.heard.wait("message")
        (attachment,) = message.attachments
        assert message.flags.voice
        assert attachment.is_voice_message()
        assert (attachment.duration, attachment.size) == (2.5, len(NOTE.data))
        assert attachment.waveform == bytes(range(0, 250, 10))
        assert await attachment.read() == NOTE.data


async def test_plain_files_keep_their_type_and_bytes(fake: FakeDiscord, place: Place) -> None:
    files = [File(name="talk.mp4", data=b"film"), File(name="song.mp3", data=b"song", duration_secs=3.0, title="Ö.mp3")]
    async with connected(fake) as client:
        await fake.post(place.channel, place.alice, "both", files=files)
        (message,) = await client.heard.wait("message")
        film, song = message.attachments
        assert (film.content_type, song.content_type, song.duration) == ("video/mp4", "audio/mpeg", 3.0)
        assert [await film.read(), await song.read()] == [b"film", b"song"]
        assert song.title == "Ö.mp3"


async def test_without_the_intent_only_dms_mentions_and_own_messages_have_content(
    fake: FakeDiscord, place: Place
) -> None:
    me = await fake.bot_id()
    intents = discord.Intents(guilds=True, messages=True)
    async with connected(fake, Client(intents=intents)) as client:
        await fake.post(place.channel, place.alice, "secret", files=[NOTE])
        hidden = await fake.post(place.channel, place.alice, f"<@{me}> open", files=[NOTE])
        await fake.post(await fake.direct_message(place.alice), place.alice, "private", files=[NOTE])
        await client.get_channel(place.channel).send("mine")
        await fake.post(place.channel, place.alice, "an answer", reply_to=hidden, ping=True)
        heard = await client.heard.wait("message", 5)
        assert [(each.content, len(each.attachments)) for each in heard] == [
            ("", 0),
            (f"<@{me}> open", 1),
            ("private", 1),
            ("mine", 0),
            ("", 0),
        ]


async def test_reply_to_the_bot_mentions_it_unless_the_ping_is_off(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake, Client(intents=discord.Intents(guilds=True, messages=True))) as client:
        mine = await client.get_channel(place.channel).send("a question?")
        await fake.post(place.channel, place.alice, "yes", reply_to=mine.id)
        await fake.post(place.channel, place.alice, "no", reply_to=mine.id, ping=False)
        _, loud, quiet = await client.heard.wait("message", 3)
        assert (loud.content, loud.reference.message_id, loud.mentions[0].id) == ("yes", mine.id, client.user.id)
        assert (quiet.content, quiet.mentions) == ("", [])


async def test_history_without_the_switch_is_censored_too(fake: FakeDiscord, place: Place) -> None:
    await fake.set_application(privileged_intents=[])
    await fake.post(place.channel, place.alice, "secret")
    async with connected(fake, Client(intents=discord.Intents(guilds=True))) as client:
        assert [each.content async for each in client.get_channel(place.channel).history()] == [""]


async def test_bot_sends_replies_edits_reacts_types_and_deletes(fake: FakeDiscord, place: Place) -> None:
    asked = await fake.post(place.channel, place.alice, "hello?")
    async with connected(fake) as client:
        channel = client.get_channel(place.channel)
        question = await channel.fetch_message(asked)
        await question.add_reaction("👀")
        async with channel.typing():
            answer = await question.reply("hell", mention_author=False, allowed_mentions=discord.AllowedMentions.none())
        await answer.edit(content="hello!")
        await question.remove_reaction("👀", client.user)
        (heard,) = await client.heard.wait("message")
        (edited,) = await client.heard.wait("raw_message_edit")
        assert (heard.id, edited.data["content"]) == (answer.id, "hello!")
        (posted,) = await fake.wait_for_messages(place.channel)
        assert (posted.content, posted.edits, posted.reply_to) == ("hello!", ("hello!",), asked)
        assert posted.allowed_mentions == {"parse": [], "replied_user": False}
        await answer.delete()
        (gone,) = await client.heard.wait("raw_message_delete")
        assert gone.message_id == answer.id
    records = await fake.records()
    assert [each["added"] for each in records["reactions"]] == [True, False]
    assert [each["channel_id"] for each in records["typing"]] == [str(place.channel)]
    assert await fake.bot_messages(place.channel) == []


async def test_mentions_notify_only_whom_they_may(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        channel = client.get_channel(place.channel)
        text = f"<@{place.alice}> @everyone"
        quiet = await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
        loud = await channel.send(text)
        assert (quiet.mentions, quiet.mention_everyone) == ([], False)
        assert ([each.id for each in loud.mentions], loud.mention_everyone) == ([place.alice], True)


async def test_history_pages_in_both_directions(fake: FakeDiscord, place: Place) -> None:
    ids = [await fake.post(place.channel, place.alice, str(number)) for number in range(7)]
    async with connected(fake) as client:
        channel = client.get_channel(place.channel)
        after = channel.history(after=discord.Object(ids[1]), oldest_first=True, limit=None)
        assert [each.content async for each in after] == ["2", "3", "4", "5", "6"]
        assert [each.content async for each in channel.history(limit=2)] == ["6", "5"]
        before = channel.history(before=discord.Object(ids[2]))
        assert [each.content async for each in before] == ["1", "0"]
        around = channel.history(around=discord.Object(ids[3]), limit=3)
        assert sorted([each.content async for each in around]) == ["2", "3", "4"]


async def test_messages_of_users_and_their_ends_are_heard(fake: FakeDiscord, place: Place) -> None:
    other = await fake.add_user("parrot", bot=True)
    await fake.add_member(place.guild, other)
    first = await fake.post(place.channel, place.alice, "one")
    async with connected(fake) as client:
        second = await fake.post(place.channel, other, "beep")
        await fake.edit(second, "boop")
        await fake.announce_again(second)
        await fake.react(second, place.alice, "👍")
        await fake.start_typing(place.channel, place.alice)
        await fake.delete(first)
        await fake.delete_bulk(place.channel, [second])
        heard, again = await client.heard.wait("message", 2)
        assert (heard.author.bot, heard.id, again.id) == (True, second, second)
        assert (await client.heard.wait("raw_message_edit"))[0].data["content"] == "boop"
        assert (await client.heard.wait("raw_reaction_add"))[0].member.id == place.alice
        assert (await client.heard.wait("raw_typing"))[0].user_id == place.alice
        assert (await client.heard.wait("raw_message_delete"))[0].message_id == first
        assert (await client.heard.wait("raw_bulk_message_delete"))[0].message_ids == {second}


async def test_forwarded_voice_note_is_a_snapshot(fake: FakeDiscord, place: Place) -> None:
    source = await fake.post(place.channel, place.alice, voice=NOTE)
    async with connected(fake) as client:
        await fake.forward(source, await fake.direct_message(place.alice), place.alice)
        (message,) = await client.heard.wait("message")
        assert (message.content, message.attachments) == ("", [])
        (snapshot,) = message.message_snapshots
        assert snapshot.attachments[0].is_voice_message()
        assert await snapshot.attachments[0].read() == NOTE.data


async def test_same_nonce_gives_the_same_message_for_minutes(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        channel = client.get_channel(place.channel)
        first = await channel.send("once", nonce="job-1:0")
        second = await channel.send("once more", nonce="job-1:0")
        assert (second.id, second.content) == (first.id, "once")
        await fake.advance(400)
        third = await channel.send("later", nonce="job-1:0")
        assert third.id != first.id
    assert [each.content for each in await fake.bot_messages(place.channel)] == ["once", "later"]


async def test_bot_sends_a_voice_message(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        raw = await send_voice(client.get_channel(place.channel), nonce="job-2:1")
        again = await send_voice(client.get_channel(place.channel), nonce="job-2:1")
        assert raw["id"] == again["id"]
        (heard,) = await client.heard.wait("message")
        assert heard.attachments[0].is_voice_message()
    (posted,) = await fake.bot_messages(place.channel)
    assert posted.is_voice
    assert (posted.files[0].duration_secs, posted.files[0].waveform) == (2.5, WAVEFORM)
    assert await fake.file_bytes(posted.files[0]) == NOTE.data


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"content": "words"}, 50159),
        ({"files": 2}, 50160),
        ({"files": 0}, 50160),
        ({"duration_secs": None}, 50161),
        ({"waveform": None}, 50161),
        ({"content_type": "application/octet-stream"}, 50161),
        ({"waveform": "not base64!"}, 50035),
        ({"waveform": "AAAA" * 90}, 50035),
    ],
)
async def test_broken_voice_messages_are_refused(
    careless: FakeDiscord, place: Place, wrong: dict[str, Any], code: int
) -> None:
    async with connected(careless) as client:
        error = await refused(lambda: send_voice(client.get_channel(place.channel), **wrong))
    assert (error.status, error.code) == (400, code)
    assert len(await careless.violations()) == 1
    assert await careless.bot_messages(place.channel) == []


async def test_voice_messages_cannot_be_edited(careless: FakeDiscord, place: Place) -> None:
    async with connected(careless) as client:
        raw = await send_voice(client.get_channel(place.channel))
        message = client.get_channel(place.channel).get_partial_message(int(raw["id"]))
        assert (await refused(lambda: message.edit(content="x"))).code == 50162
    assert len(await careless.violations()) == 1


async def test_size_limits_follow_the_guilds_boosts(careless: FakeDiscord, place: Place) -> None:
    boosted = await careless.add_guild("boosted", premium_tier=2)
    lofty = await careless.add_channel(boosted, "lofty")
    large = bytes(11 * MIB)
    async with connected(careless) as client:
        small = client.get_channel(place.channel)
        error = await refused(lambda: small.send(file=discord.File(io.BytesIO(large), "a.bin")))
        assert (error.status, error.code) == (413, 40005)
        await client.get_channel(lofty).send(file=discord.File(io.BytesIO(large), "a.bin"))
    assert len(await careless.violations()) == 1


async def test_too_long_and_empty_messages_are_refused(careless: FakeDiscord, place: Place) -> None:
    async with connected(careless) as client:
        channel = client.get_channel(place.channel)
        await channel.send("x" * 2000)
        long = await refused(lambda: channel.send("x" * 2001))
        assert (long.status, long.code) == (400, 50035)
        assert "content" in str(long)
        assert (await refused(lambda: channel.send(""))).code == 50006
    assert len(await careless.violations()) == 2


@pytest.mark.parametrize(
    ("denied", "code"),
    [("SEND_MESSAGES", 50013), ("VIEW_CHANNEL", 50001), ("SEND_VOICE_MESSAGES", 50173)],
)
async def test_permissions_are_enforced(fake: FakeDiscord, place: Place, denied: str, code: int) -> None:
    async with connected(fake) as client:
        channel = client.get_channel(place.channel)
        await fake.set_permissions(place.channel, deny=[denied])
        error = await refused(lambda: send_voice(channel))
        assert (error.status, error.code) == (403, code)
        await client.heard.wait("guild_channel_update")
        assert not getattr(channel.permissions_for(channel.guild.me), denied.lower())


async def test_direct_messages_open_and_may_be_closed(fake: FakeDiscord, place: Place) -> None:
    shy = await fake.add_user("shy", accepts_dms=False)
    async with connected(fake, Client(intents=INTENTS)) as client:
        channel = await (await client.fetch_user(place.alice)).create_dm()
        await channel.send("psst")
        assert [each.content for each in await fake.bot_messages(channel.id)] == ["psst"]
        closed = await (await client.fetch_user(shy)).create_dm()
        assert (await refused(lambda: closed.send("psst"))).code == 50007


async def test_what_is_gone_is_unknown(fake: FakeDiscord, place: Place) -> None:
    posted = await fake.post(place.channel, place.alice, "short-lived")
    async with connected(fake) as client:
        channel = client.get_channel(place.channel)
        await fake.delete(posted)
        assert (await refused(lambda: channel.fetch_message(posted))).code == 10008
        message = channel.get_partial_message(posted)
        assert (await refused(lambda: message.reply("late"))).code == 50035
        await fake.delete_channel(place.channel)
        assert (await refused(lambda: channel.send("anyone?"))).code == 10003
