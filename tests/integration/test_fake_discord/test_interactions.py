import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import discord
import pytest
from aiohttp import ClientSession, FormData
from discord import app_commands
from typing_extensions import override

from tests.fakes.discord.client import FakeDiscord, FakeError, File
from tests.integration.test_fake_discord.conftest import Place
from tests.integration.test_fake_discord.rig import INTENTS, NOTE, Client, connected, refused

Run = Callable[[discord.Interaction], Awaitable[None]]


def client_with(*commands: Any) -> Any:
    """Return a client with these application commands, which syncs them at its start."""
    client = Client(intents=INTENTS)
    tree = app_commands.CommandTree(client)
    for command in commands:
        tree.add_command(command)
    client.setup_hook = tree.sync
    return client


def ping(run: Run, name: str = "ping") -> Any:
    @app_commands.command(name=name, description="answers")
    async def command(interaction: discord.Interaction) -> None:
        await run(interaction)

    return command


async def test_commands_are_registered_and_keep_their_ids(fake: FakeDiscord, place: Place) -> None:
    async def nothing(_interaction: discord.Interaction) -> None: ...

    client = client_with(ping(nothing), app_commands.ContextMenu(name="Transcribe", callback=_transcribe))
    async with connected(fake, client):
        tree = client._connection._command_tree
        first = {each.name: each.id for each in await tree.fetch_commands()}
        assert set(first) == {"ping", "Transcribe"}
        assert {each.name: each.id for each in await tree.sync()} == first
        tree.copy_global_to(guild=discord.Object(place.guild))
        assert len(await tree.sync(guild=discord.Object(place.guild))) == 2
        with pytest.raises(FakeError, match="no command"):
            await fake.use_slash("pong", channel=place.channel, user=place.alice)


async def test_slash_command_with_a_file_is_deferred_edited_and_followed_up(fake: FakeDiscord, place: Place) -> None:
    @app_commands.command(name="transcribe", description="writes down what is said")
    @app_commands.describe(file="a recording", language="spoken language")
    async def transcribe(
        interaction: discord.Interaction, file: discord.Attachment, language: str | None = None
    ) -> None:
        await interaction.response.defer(thinking=True)
        heard = await file.read()
        await interaction.edit_original_response(content=f"{len(heard)} bytes in {language}")
        await interaction.followup.send("done", file=discord.File(__file__, filename="a.txt"))

    async with connected(fake, client_with(transcribe)) as client:
        options = {"file": File(name="note.ogg", data=NOTE.data, content_type="audio/ogg"), "language": "en"}
        used = await fake.use_slash("transcribe", options, channel=place.channel, user=place.alice)
        answer = await fake.wait_for_answer(used, where=lambda found: len(found.messages) == 2)
        first, second = answer.messages
        assert answer.callback_type == 5
        assert (first.content, first.loading, first.type) == (f"{len(NOTE.data)} bytes in en", False, 20)
        assert (second.content, second.files[0].name) == ("done", "a.txt")
        assert len(await client.heard.wait("message", 2)) == 2
        with pytest.raises(FakeError, match="required options"):
            await fake.use_slash("transcribe", channel=place.channel, user=place.alice)


async def test_ephemeral_answer_is_seen_by_its_user_alone(fake: FakeDiscord, place: Place) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("hush", ephemeral=True)

    async with connected(fake, client_with(ping(answer))) as client:
        used = await fake.use_slash("ping", channel=place.channel, user=place.alice)
        (said,) = (await fake.wait_for_answer(used)).messages
        assert (said.content, said.ephemeral) == ("hush", True)
        assert [each async for each in client.get_channel(place.channel).history()] == []
        assert client.heard.of("message") == []


async def test_first_follow_up_after_a_deferral_fills_the_deferred_answer(fake: FakeDiscord, place: Place) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.followup.send("filled")
        await interaction.delete_original_response()

    async with connected(fake, client_with(ping(answer))):
        used = await fake.use_slash("ping", channel=place.channel, user=place.alice)
        found = await fake.wait_for_answer(used, where=lambda seen: bool(seen.messages) and seen.messages[0].deleted)
        assert [(each.content, each.deleted) for each in found.messages] == [("filled", True)]


async def test_answers_come_in_time_and_once(fake: FakeDiscord, place: Place) -> None:
    kept: asyncio.Queue[discord.Interaction] = asyncio.Queue()

    async with connected(fake, client_with(ping(kept.put))):
        await fake.use_slash("ping", channel=place.channel, user=place.alice)
        first = await kept.get()
        await first.response.defer()
        again = discord.Interaction(data=_raw(first), state=first._state)
        assert (await refused(again.response.defer)).code == 40060
        await fake.advance(16 * 60)
        assert (await refused(lambda: first.edit_original_response(content="late"))).code == 50027
        await fake.use_slash("ping", channel=place.channel, user=place.alice)
        second = await kept.get()
        await fake.advance(3.5)
        assert (await refused(second.response.defer)).code == 10062


def _raw(interaction: discord.Interaction) -> Any:
    return {
        "id": str(interaction.id),
        "application_id": str(interaction.application_id),
        "type": 2,
        "token": interaction.token,
        "version": 1,
        "attachment_size_limit": 0,
    }


@pytest.mark.parametrize(("folder", "status"), [("callback", 204), ("webhook", 400)])
async def test_voice_messages_may_be_the_first_answer_but_no_follow_up(
    careless: FakeDiscord, place: Place, folder: str, status: int
) -> None:
    kept: asyncio.Queue[discord.Interaction] = asyncio.Queue()
    voice = {"id": 0, "filename": NOTE.name, "duration_secs": NOTE.duration_secs, "waveform": NOTE.waveform}
    data = {"flags": 1 << 13, "attachments": [voice]}
    async with connected(careless, client_with(ping(kept.put))), ClientSession() as session:
        used = await careless.use_slash("ping", channel=place.channel, user=place.alice)
        it = await kept.get()
        url = f"{careless.api_url}/interactions/{it.id}/{it.token}/callback"
        if folder == "webhook":
            await it.response.defer()
            url = f"{careless.api_url}/webhooks/{it.application_id}/{it.token}"
        form = FormData(quote_fields=False)
        form.add_field("payload_json", json.dumps({"type": 4, "data": data} if folder == "callback" else data))
        form.add_field("files[0]", NOTE.data, filename=NOTE.name, content_type="audio/ogg")
        async with session.post(url, data=form) as response:
            assert response.status == status
        assert (await careless.interaction(used)).messages[0].is_voice == (folder == "callback")
        assert len(await careless.violations()) == (folder == "webhook")


async def test_admin_commands_are_hidden_from_those_who_may_not(fake: FakeDiscord, place: Place) -> None:
    seen: asyncio.Queue[discord.Interaction] = asyncio.Queue()
    group = app_commands.Group(
        name="settings", description="changes things", default_permissions=discord.Permissions(manage_guild=True)
    )

    @group.command(name="set", description="sets one")
    async def set_one(interaction: discord.Interaction, name: str, who: discord.Member) -> None:
        await interaction.response.send_message(f"{name} for {who.name}")
        await seen.put(interaction)

    async with connected(fake, client_with(group)):
        options = {"name": "voice", "who": str(place.alice)}
        with pytest.raises(FakeError, match="hidden"):
            await fake.use_slash("settings set", options, channel=place.channel, user=place.alice)
        used = await fake.use_slash(
            "settings set", options, channel=place.channel, user=place.alice, permissions=["MANAGE_GUILD"]
        )
        assert (await fake.wait_for_answer(used)).messages[0].content == "voice for alice"
        assert (await seen.get()).permissions.manage_guild


async def _transcribe(interaction: discord.Interaction, message: discord.Message) -> None:
    (attachment,) = message.attachments
    await interaction.response.send_message(f"{message.content} {attachment.duration}")


async def test_message_command_shows_content_without_the_intent(fake: FakeDiscord, place: Place) -> None:
    await fake.set_application(privileged_intents=[])
    note = await fake.post(place.channel, place.alice, voice=NOTE)
    client = Client(intents=discord.Intents(guilds=True))
    tree = app_commands.CommandTree(client)
    tree.add_command(app_commands.ContextMenu(name="Transcribe", callback=_transcribe))
    client.setup_hook = tree.sync
    async with connected(fake, client):
        used = await fake.use_message_command("Transcribe", note, user=place.alice)
        (said,) = (await fake.wait_for_answer(used)).messages
        assert (said.content.strip(), said.type) == ("2.5", 23)


async def test_where_the_bot_is_not_only_who_has_the_application_uses_it(fake: FakeDiscord, place: Place) -> None:
    async def answer(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(
            f"{interaction.is_guild_integration()} {message.content}", ephemeral=True
        )
        for number in range(6):
            await interaction.followup.send(str(number), ephemeral=True)

    def menu(name: str, **offered: bool) -> app_commands.ContextMenu:
        installs = app_commands.AppInstallationType(guild=True, **offered)
        anywhere = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
        return app_commands.ContextMenu(
            name=name, callback=answer, allowed_contexts=anywhere, allowed_installs=installs
        )

    errors: list[int] = []

    async def failed(_interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        errors.append(getattr(getattr(error, "original", None), "code", 0))

    bob = await fake.add_user("bob")
    room = await fake.add_private_channel(place.alice, bob)
    client = Client(intents=discord.Intents(guilds=True, messages=True))
    tree = app_commands.CommandTree(client)
    tree.add_command(menu("Anywhere", user=True))
    tree.add_command(menu("Guilds"))
    tree.on_error = failed
    client.setup_hook = tree.sync
    async with connected(fake, client):
        note = await fake.post(room, bob, "hello")
        used = await fake.use_message_command("Anywhere", note, user=place.alice)
        done = await fake.wait_for_answer(used, where=lambda found: len(found.messages) == 6)
        assert done.messages[0].content == "False hello"
        with pytest.raises(FakeError, match="where the bot is not"):
            await fake.use_message_command("Guilds", note, user=place.alice)
        await fake.wait_for(lambda: _copied(errors), bool, 5, "refusal of the sixth follow-up")
        assert errors == [40094]


async def _copied(found: list[int]) -> list[int]:
    return list(found)


async def test_commands_work_in_direct_messages(fake: FakeDiscord, place: Place) -> None:
    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"hello {interaction.user.name}")

    async with connected(fake, client_with(ping(answer))):
        channel = await fake.direct_message(place.alice)
        used = await fake.use_slash("ping", channel=channel, user=place.alice)
        assert (await fake.wait_for_answer(used)).messages[0].content == "hello alice"


async def test_autocompletion_offers_choices(fake: FakeDiscord, place: Place) -> None:
    @app_commands.command(name="model", description="chooses")
    async def model(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(name)

    @model.autocomplete("name")
    async def names(_interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=typed.upper(), value=typed)]

    async with connected(fake, client_with(model)):
        choices = await fake.autocomplete("model", "name", "whi", channel=place.channel, user=place.alice)
        assert choices == ({"name": "WHI", "value": "whi"},)


class Panel(discord.ui.View):
    @discord.ui.button(label="more", custom_id="more")
    async def more(self, interaction: discord.Interaction, _button: Any) -> None:
        await interaction.response.edit_message(content="more!")

    @discord.ui.button(label="ask", custom_id="ask")
    async def ask(self, interaction: discord.Interaction, _button: Any) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.button(label="wait", custom_id="wait")
    async def wait_for_it(self, interaction: discord.Interaction, _button: Any) -> None:
        await interaction.response.defer()
        await interaction.followup.send("later", ephemeral=True)

    @discord.ui.button(label="off", custom_id="off", disabled=True)
    async def off(self, interaction: discord.Interaction, _button: Any) -> None: ...


class Form(discord.ui.Modal, title="Tell me"):
    words: Any = discord.ui.TextInput(label="words", custom_id="words")
    sound: Any = discord.ui.Label(text="sound", component=discord.ui.FileUpload(custom_id="sound", required=False))

    @override
    async def on_submit(self, interaction: discord.Interaction) -> None:
        files = self.sound.component.values
        sizes = [len(await each.read()) for each in files]
        await interaction.response.send_message(f"{self.words.value} {sizes}")


async def test_buttons_and_modals(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        panel = await client.get_channel(place.channel).send("panel", view=Panel(timeout=30))
        more = await fake.use_component(panel.id, "more", user=place.alice)
        assert (await fake.wait_for_answer(more)).messages[0].content == "more!"
        waits = await fake.use_component(panel.id, "wait", user=place.alice)
        late = await fake.wait_for_answer(waits, where=lambda found: len(found.messages) == 2)
        assert (late.callback_type, late.messages[1].ephemeral) == (6, True)
        asked = await fake.use_component(panel.id, "ask", user=place.alice)
        modal = (await fake.wait_for_answer(asked)).modal
        assert modal is not None
        assert modal["title"] == "Tell me"
        sent = await fake.submit_modal(asked, {"words": "chirp", "sound": [File(name="a.ogg", data=b"12345")]})
        assert (await fake.wait_for_answer(sent)).messages[0].content == "chirp [5]"
        with pytest.raises(FakeError, match="no enabled component"):
            await fake.use_component(panel.id, "off", user=place.alice)


class Prefilled(discord.ui.Modal, title="Correct me"):
    words: Any = discord.ui.Label(
        text="words", component=discord.ui.TextInput(custom_id="words", default="hello", max_length=6)
    )
    again: Any = discord.ui.Label(text="again", component=discord.ui.Checkbox(custom_id="again"))

    @override
    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{self.words.component.value} {self.again.component.value}")


class Opener(discord.ui.View):
    @discord.ui.button(label="open", custom_id="open")
    async def open(self, interaction: discord.Interaction, _button: Any) -> None:
        await interaction.response.send_modal(Prefilled())


async def test_a_modal_keeps_what_stood_there_and_takes_only_what_fits(fake: FakeDiscord, place: Place) -> None:
    async with connected(fake) as client:
        panel = await client.get_channel(place.channel).send("panel", view=Opener(timeout=30))
        for given, told in (({}, "hello False"), ({"words": "bye", "again": True}, "bye True")):
            opened = await fake.use_component(panel.id, "open", user=place.alice)
            await fake.wait_for_answer(opened)
            for wrong, why in (("", "is required"), ("too long", "takes no 8 characters")):
                with pytest.raises(FakeError, match=why):
                    await fake.submit_modal(opened, {"words": wrong})
            sent = await fake.submit_modal(opened, given)
            assert (await fake.wait_for_answer(sent)).messages[0].content == told


# --- limits of components ----------------------------------------------------


def row(*components: object) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def menu(*values: str, name: str = "menu") -> dict[str, Any]:
    return {"type": 3, "custom_id": name, "options": [{"label": value[:100], "value": value} for value in values]}


async def raw_reply(client: discord.Client, interaction: discord.Interaction, *components: object) -> None:
    path = "/interactions/{webhook_id}/{webhook_token}/callback"
    route = discord.http.Route("POST", path, webhook_id=interaction.id, webhook_token=interaction.token)
    await client.http.request(route, json={"type": 4, "data": {"flags": 1 << 15, "components": list(components)}})


async def test_a_message_takes_only_so_many_components_choices_and_words(careless: FakeDiscord, place: Place) -> None:
    kept: asyncio.Queue[discord.Interaction] = asyncio.Queue()
    wrong: list[list[dict[str, Any]]] = [
        [{"type": 17, "components": [{"type": 10, "content": "x"}] * 40}],
        [{"type": 10, "content": "x" * 4_001}],
        [row(menu(*map(str, range(26))))],
        [row(menu())],
        [row(menu("a", "a"))],
        [row(menu("x" * 101))],
        [row(menu("a")), row(menu("b"))],
    ]
    async with connected(careless, client_with(ping(kept.put))) as client:
        await careless.use_slash("ping", channel=place.channel, user=place.alice)
        interaction = await kept.get()
        for components in wrong:
            assert (await refused(partial(raw_reply, client, interaction, *components))).code == 50035
        await raw_reply(client, interaction, row(menu(*map(str, range(25)))))
        (found,) = (await careless.interaction(interaction.id)).messages
        assert len(found.raw["components"][0]["components"][0]["options"]) == 25
        for values in (["25"], ["1", "2"], []):
            with pytest.raises(FakeError, match="the menu menu"):
                await careless.use_component(found.id, "menu", user=place.alice, values=values)
