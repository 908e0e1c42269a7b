"""Application commands: https://docs.discord.com/developers/interactions/application-commands."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.fakes.discord import schemas
from tests.fakes.discord.calls import Call, Operation
from tests.fakes.discord.refusals import invalid_form, refusal

MOST = {1: 100, 2: 15, 3: 15}
"""Commands of each type: slash, user, message."""
MOST_CHARACTERS = 8000


def replace_all(call: Call) -> list[dict[str, Any]]:
    """Make these the only commands of a scope; those that keep their name keep their id."""
    scope = _scope(call)
    wanted: list[dict[str, Any]] = call.body.payload
    names = [_key(each) for each in wanted]
    if len(set(names)) != len(names):
        raise invalid_form([], "two commands have one name", kind="APPLICATION_COMMANDS_DUPLICATE_NAME")
    _check(wanted)
    before = call.world.commands.get(scope, {})
    call.world.commands[scope] = {_key(each): _stored(call, each, before.get(_key(each))) for each in wanted}
    call.world.touch()
    return _listed(call, scope)


def upsert(call: Call) -> dict[str, Any]:
    """Make one command, or replace the one of its name."""
    scope = _scope(call)
    commands = call.world.commands.setdefault(scope, {})
    key = _key(call.payload)
    others = [each for name, each in commands.items() if name != key]
    _check([*others, call.payload])
    commands[key] = _stored(call, call.payload, commands.get(key))
    call.world.touch()
    return commands[key]


def list_all(call: Call) -> list[dict[str, Any]]:
    """Answer with a scope's commands."""
    return _listed(call, _scope(call))


def delete(call: Call) -> None:
    """Remove one command."""
    commands = call.world.commands.get(_scope(call), {})
    for key, each in commands.items():
        if each["id"] == call.path["command_id"]:
            del commands[key]
            return
    raise refusal(10063)


def _scope(call: Call) -> str | None:
    if call.path["application_id"] != call.world.application_id:
        raise refusal(50001, "another application's commands")
    return call.world.guild(call.path["guild_id"]).id if "guild_id" in call.path else None


def _listed(call: Call, scope: str | None) -> list[dict[str, Any]]:
    return list(call.world.commands.get(scope, {}).values())


def _key(command: dict[str, Any]) -> str:
    return f"{command.get('type', 1)}:{command['name']}"


def _check(commands: Sequence[dict[str, Any]]) -> None:
    for kind, count in Counter(each.get("type", 1) for each in commands).items():
        if count > MOST[kind]:
            raise refusal(30032, f"{count} of type {kind}")
    for each in commands:
        if _characters(each) > MOST_CHARACTERS:
            raise invalid_form([], f"command {each['name']} has over {MOST_CHARACTERS} characters")


def _characters(node: Any) -> int:
    """Count the characters of names, descriptions and values, as the limit does."""
    if isinstance(node, list):
        return sum(map(_characters, node))
    own = sum(len(str(node.get(name) or "")) for name in ("name", "description", "value"))
    return own + sum(_characters(node[name]) for name in ("options", "choices") if node.get(name))


def _stored(call: Call, command: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    wanted = json.loads(json.dumps(command))
    permissions = wanted.get("default_member_permissions")
    return {
        "description": "",
        "dm_permission": True,
        "nsfw": False,
        "contexts": None,
        "integration_types": [0],
        **{name: value for name, value in wanted.items() if value is not None},
        "type": wanted.get("type", 1),
        "id": before["id"] if before else call.world.ids.next(),
        "application_id": call.world.application_id,
        "version": call.world.ids.next(),
        "default_member_permissions": None if permissions is None else str(permissions),
        **({"guild_id": call.path["guild_id"]} if "guild_id" in call.path else {}),
    }


def _rows(prefix: str) -> tuple[Operation, ...]:
    return (
        Operation("GET", prefix, list_all, query=schemas.LOCALISED_COMMANDS),
        Operation("PUT", prefix, replace_all, body=schemas.COMMANDS),
        Operation("POST", prefix, upsert, body=schemas.COMMAND),
        Operation("DELETE", prefix + "/{command_id}", delete),
    )


OPERATIONS = (
    *_rows("/applications/{application_id}/commands"),
    *_rows("/applications/{application_id}/guilds/{guild_id}/commands"),
)
