"""Acts of users with the application's commands, components and modals: each makes an interaction.

https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import secrets
from collections.abc import Iterator
from typing import Any

from tests.fakes.discord import message_payloads, messaging, payloads
from tests.fakes.discord.control import options
from tests.fakes.discord.control.context import Context
from tests.fakes.discord.model import DM, Channel, Interaction, Upload
from tests.fakes.discord.permissions import ALL, Permission, named
from tests.fakes.discord.world import Event

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
SLASH, MESSAGE_COMMAND = 1, 3
FILE_UPLOAD, TEXT_INPUT, RADIO_GROUP, CHECKBOX = 19, 4, 21, 23
GUILD_CONTEXT, BOT_DM_CONTEXT, PRIVATE_CONTEXT = 0, 1, 2
BY_GUILDS, BY_USERS = 0, 1


def use_slash(act: Context) -> dict[str, Any]:
    """Use a slash command; `name` (with its subcommand), `options`, `user_id`, `channel_id`, `permissions`, files.

    `offered` says that a server's admin lets everybody use the command there, whatever permissions it asks for:
    https://docs.discord.com/developers/interactions/application-commands#permissions
    """
    return _begin(act, COMMAND, _slash_data(act, focused=None), name=act.text("name"))


def autocomplete(act: Context) -> dict[str, Any]:
    """Type into an option; as for a slash command, with the `focused` option's name."""
    return _begin(act, AUTOCOMPLETE, _slash_data(act, focused=act.text("focused")), name=act.text("name"))


def _slash_data(act: Context, *, focused: str | None) -> dict[str, Any]:
    name, *path = act.text("name").split()
    command = _command(act, SLASH, name)
    filled = options.Filling(world=act.world, uploads=act.uploads, guild_id=_channel(act).guild_id, focused=focused)
    data: dict[str, Any] = {"id": command["id"], "name": name, "type": SLASH}
    given = filled.fill(command.get("options", []), path, act.payload.get("options") or {})
    if given:
        data["options"] = given
    return {**data, "resolved": filled.resolved} if filled.resolved else data


def use_message_command(act: Context) -> dict[str, Any]:
    """Use a context menu on a message; `name`, `message_id`, `user_id`, `permissions`."""
    target = act.world.find_message(act.text("message_id"))
    act.payload["channel_id"] = target.channel_id
    command = _command(act, MESSAGE_COMMAND, act.text("name"))
    data = {
        "id": command["id"],
        "name": command["name"],
        "type": MESSAGE_COMMAND,
        "target_id": target.id,
        "resolved": {"messages": {target.id: message_payloads.message(act.world, target)}},
    }
    return _begin(act, COMMAND, data, name=command["name"])


def use_component(act: Context) -> dict[str, Any]:
    """Click a button or choose from a list; `message_id`, `custom_id`, `values`, `user_id`."""
    message = act.world.find_message(act.text("message_id"))
    act.payload["channel_id"] = message.channel_id
    found = next((each for each in _nested(message.components) if each.get("custom_id") == act.text("custom_id")), None)
    if found is None or found.get("disabled"):
        raise ValueError(f"no enabled component {act.text('custom_id')} on that message")
    data: dict[str, Any] = {"component_type": found["type"], "custom_id": found["custom_id"], "id": found.get("id", 1)}
    if act.payload.get("values") is not None:
        data["values"] = _chosen(found, act.payload["values"])
    return _begin(act, COMPONENT, data, message_id=message.id)


def _chosen(menu: dict[str, Any], values: list[str]) -> list[str]:
    """Refuse what Discord's client does not let people choose."""
    if unknown := set(values) - {option["value"] for option in menu.get("options", [])}:
        raise ValueError(f"the menu {menu['custom_id']} does not offer {sorted(unknown)}")
    if not menu.get("min_values", 1) <= len(values) <= menu.get("max_values", 1):
        raise ValueError(f"the menu {menu['custom_id']} takes no {len(values)} choices")
    return values


def submit_modal(act: Context) -> dict[str, Any]:
    """Fill in and send the modal that answered an interaction; `interaction_id`, `values` by custom id, files."""
    opened = act.world.interactions[act.text("interaction_id")]
    if opened.modal is None:
        raise ValueError("that interaction was not answered with a modal")
    act.payload.update(channel_id=opened.channel_id, user_id=opened.user_id)
    resolved: dict[str, Any] = {}
    filled = [_filled(act, each, resolved) for each in opened.modal["components"]]
    data = {"custom_id": opened.modal["custom_id"], "components": filled}
    return _begin(act, MODAL_SUBMIT, {**data, "resolved": resolved} if resolved else data, message_id=opened.message_id)


def _filled(act: Context, row: dict[str, Any], resolved: dict[str, Any]) -> dict[str, Any]:
    if "component" in row:
        return {"type": row["type"], "id": 1, "component": _input(act, row["component"], resolved)}
    if "components" in row:
        return {"type": row["type"], "id": 1, "components": [_input(act, each, resolved) for each in row["components"]]}
    return {"type": row["type"], "id": 1}


def _input(act: Context, field: dict[str, Any], resolved: dict[str, Any]) -> dict[str, Any]:
    found = {"type": field["type"], "id": 1, "custom_id": field["custom_id"]}
    value = _given(act, field)
    if field["type"] in {TEXT_INPUT, RADIO_GROUP, CHECKBOX}:
        return {**found, "value": value}
    if field["type"] == FILE_UPLOAD:
        value = [_uploaded(act, act.uploads[number], resolved) for number in value or ()]
    return {**found, "values": value or []}


def _given(act: Context, field: dict[str, Any]) -> Any:
    """Return what a person gives, else what stood there; refuse what Discord's client does not let people send."""
    stands = {TEXT_INPUT: field.get("value"), CHECKBOX: bool(field.get("default"))}.get(field["type"])
    value = (act.payload.get("values") or {}).get(field["custom_id"], stands)
    if field["type"] == TEXT_INPUT and value is not None and len(value) > field.get("max_length", 4000):
        raise ValueError(f"the modal's {field['custom_id']} takes no {len(value)} characters")
    if (value is None or value == "") and field.get("required", True):
        raise ValueError(f"the modal's {field['custom_id']} is required")
    return value


def _uploaded(act: Context, upload: Upload, resolved: dict[str, Any]) -> str:
    stored = messaging.attach(act.world, act.world.application_id, upload, {})
    stored.ephemeral = True
    resolved.setdefault("attachments", {})[stored.id] = message_payloads.attachment(act.world, stored)
    return stored.id


def _nested(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in components:
        yield each
        yield from _nested(each.get("components", []))
        yield from _nested([each["accessory"]] if "accessory" in each else [])


def _channel(act: Context) -> Channel:
    return act.world.channel(act.text("channel_id"))


def _command(act: Context, kind: int, name: str) -> dict[str, Any]:
    """Find a command as the user's client would: it must be registered, fit the place and the user's permissions."""
    channel = _channel(act)
    scopes = [act.world.commands.get(channel.guild_id, {}) if channel.guild_id else {}, act.world.commands[None]]
    command = next((scope[f"{kind}:{name}"] for scope in scopes if f"{kind}:{name}" in scope), None)
    if command is None:
        raise ValueError(f"no command {name!r} is registered; there are {[sorted(scope) for scope in scopes]}")
    context, installed = _context(act, channel), BY_GUILDS if act.world.has_bot(channel) else BY_USERS
    if command["contexts"] is not None and context not in command["contexts"]:
        raise ValueError(f"command {name!r} is not offered here")
    if installed not in command["integration_types"]:
        raise ValueError(f"command {name!r} is not offered where the bot is not")
    needed = int(command["default_member_permissions"] or 0)
    hidden = channel.type != DM and needed & ~int(_permissions(act, channel))
    if hidden and not act.payload.get("offered"):
        raise ValueError(f"command {name!r} is hidden from this user")
    return command


def _context(act: Context, channel: Channel) -> int:
    if channel.type != DM:
        return GUILD_CONTEXT
    return BOT_DM_CONTEXT if act.world.has_bot(channel) else PRIVATE_CONTEXT


def _permissions(act: Context, channel: Channel) -> Permission:
    granted = act.world.permissions(channel, act.text("user_id"))
    granted |= named(act.payload.get("permissions") or [])
    return ALL if granted & Permission.ADMINISTRATOR else granted


def _begin(
    act: Context, kind: int, data: dict[str, Any], *, name: str = "", message_id: str | None = None
) -> dict[str, Any]:
    world = act.world
    interaction_id = world.ids.next()
    interaction = Interaction(
        id=interaction_id,
        token=f"{interaction_id}.{secrets.token_hex(24)}",
        type=kind,
        data=data,
        name=name,
        user_id=world.user(act.text("user_id")).id,
        channel_id=_channel(act).id,
        message_id=message_id,
        created_at=world.clock.now(),
    )
    world.interactions[interaction.id] = interaction
    world.publish(Event(name="INTERACTION_CREATE", data=_payload(act, interaction), guild_id=_channel(act).guild_id))
    return {"id": interaction.id}


def _payload(act: Context, interaction: Interaction) -> dict[str, Any]:
    world, channel = act.world, _channel(act)
    permissions = str(int(_permissions(act, channel)))
    found: dict[str, Any] = {
        "id": interaction.id,
        "application_id": world.application_id,
        "type": interaction.type,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": channel.id,
        "channel": {**payloads.channel(world, channel), "permissions": permissions},
        "app_permissions": str(int(world.permissions(channel, world.bot_id))),
        "locale": act.payload.get("locale", "en-US"),
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": message_payloads.integration_owners(world, channel, interaction.user_id),
        "context": _context(act, channel),
        "attachment_size_limit": world.file_limit(channel),
    }
    if interaction.message_id is not None:
        message = world.message(channel.id, interaction.message_id)
        found["message"] = message_payloads.message(world, message)
    if channel.guild_id is None:
        return {**found, "user": payloads.user(world.users[interaction.user_id])}
    member = payloads.member(world, world.guild(channel.guild_id).members[interaction.user_id])
    prefers = world.guild(channel.guild_id).preferred_locale
    guild = {"id": channel.guild_id, "locale": prefers, "features": []}
    place = {"guild_id": channel.guild_id, "guild_locale": prefers, "guild": guild}
    return {**found, **place, "member": {**member, "permissions": permissions}}


ACTS = {
    "slash_commands": use_slash,
    "autocompletions": autocomplete,
    "message_commands": use_message_command,
    "components": use_component,
    "modals": submit_modal,
}
