"""What becomes of messages at Discord afterwards reaches the intake, and what is no change does not."""

from adapters.discord.adapter import DiscordPlatform
from adapters.discord.translate import from_snowflake
from bot.domain.messages import TextPart
from tests.doubles.intake import RecordingIntake
from tests.integration.test_discord_platform.harness import Scene, heard, serving

LINK = "https://example.com/page"


async def test_an_edit_comes_as_the_message_reads_now(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    async with serving(platform, intake, scene.fake):
        posted = await scene.fake.post(scene.channel, scene.ada, f"<@{scene.me}> hello")
        (before,) = await intake.wait_stored()
        await scene.fake.edit(posted, f"<@{scene.me}> good bye")
        await intake.wait(lambda found: bool(found.edits))
    [(after, said_at)] = intake.edits
    assert (after.text, after.subject) == ("good bye", before.subject)
    assert (before.edited, bool(after.edited)) == ("", True)
    assert said_at == from_snowflake(posted)


async def test_an_embed_and_our_own_edits_are_none(scene: Scene, platform: DiscordPlatform, intake: RecordingIntake):
    message = await heard(scene, platform, f"what is {LINK}?")
    async with serving(platform, intake, scene.fake):
        ours = await platform.post(TextPart(text="A page."), answering=message, key="k")
        await platform.edit(ours, TextPart(text="A fine page."), answering=message)
        await scene.fake.embed(int(message.key), LINK)
        await scene.fake.edit(int(message.key), f"<@{scene.me}> last")
        await intake.wait(lambda found: bool(found.happened))
    assert intake.happened == [("edited", "last")]


async def test_deletions_name_the_messages_one_by_one_or_in_bulk(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        posted = [await scene.fake.post(scene.channel, scene.ada, f"<@{scene.me}> {n}") for n in range(3)]
        first, *others = await intake.wait_stored(3)
        await scene.fake.delete(posted[0])
        await scene.fake.delete_bulk(scene.channel, posted[1:])
        await intake.wait(lambda found: len(found.deletions) == 3)
    assert [key for _, key in intake.deletions] == [str(message) for message in posted]
    assert {place.scopes for place, _ in intake.deletions} == {first.place.scopes[:2]}
    assert [message.key for message in others] == [str(message) for message in posted[1:]]


async def test_a_deletion_in_a_thread_belongs_to_the_channel_above_it(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        root = await scene.fake.post(scene.channel, scene.ada, "Let us talk.")
        thread = await scene.fake.start_thread(scene.ada, "talk", message=root)
        posted = await scene.fake.post(thread, scene.ada, f"<@{scene.me}> hello")
        (_, message) = await intake.wait_stored(2)
        await scene.fake.delete(posted)
        await intake.wait(lambda found: bool(found.deletions))
    [(place, key)] = intake.deletions
    assert (place.channel, key) == (message.place.channel, message.key)


async def test_a_deletion_in_a_direct_message_is_known_too(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    direct = await scene.fake.direct_message(scene.ada)
    async with serving(platform, intake, scene.fake):
        posted = await scene.fake.post(direct, scene.ada, "hello")
        (message,) = await intake.wait_stored()
        await scene.fake.delete(posted)
        await intake.wait(lambda found: bool(found.deletions))
    [(place, _)] = intake.deletions
    assert (place.workspace, place.channel) == ("", message.place.channel)


async def test_what_cannot_be_stored_is_told_until_it_is(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        posted = await scene.fake.post(scene.channel, scene.ada, f"<@{scene.me}> hello")
        await intake.wait_stored()
        intake.failures = 2
        await scene.fake.delete(posted)
        await intake.wait(lambda found: bool(found.happened))
    assert intake.happened == [("deleted", str(posted))]


async def test_a_channel_that_is_deleted_is_told_and_so_is_a_thread_also_one_that_sleeps(
    scene: Scene, platform: DiscordPlatform, intake: RecordingIntake
):
    async with serving(platform, intake, scene.fake):
        await scene.fake.post(scene.channel, scene.ada, f"<@{scene.me}> hello")
        threads = [await scene.fake.start_thread(scene.ada, name, channel=scene.channel) for name in ("one", "two")]
        await scene.fake.post(threads[0], scene.ada, f"<@{scene.me}> hello in there")
        (_, inside) = await intake.wait_stored(2)
        await scene.fake.change_thread(threads[1], archived=True)
        intake.failures = 1
        for gone in (*threads, scene.channel):
            await scene.fake.delete_channel(gone)
            await intake.wait(lambda found, gone=gone: any(about.endswith(str(gone)) for _, about in found.happened))
    workspace, channel, thread = inside.place.scopes
    assert intake.happened == [
        ("channel deleted", thread),
        ("channel deleted", f"{workspace}:{scene.channel}:{threads[1]}"),
        ("channel deleted", channel),
    ]
