"""Fills in a slash command's options as a user's client does, and refuses what that would not let through.

https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-structure
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord import message_payloads, messaging, payloads
from tests.fakes.discord.model import Upload
from tests.fakes.discord.world import World

SUBCOMMAND, GROUP, USER, CHANNEL, ATTACHMENT = 1, 2, 6, 7, 11
VALUE_TYPES: dict[int, type | tuple[type, ...]] = {3: str, 4: int, 5: bool, 10: (int, float)}


@dataclass(kw_only=True, slots=True)
class Filling:
    """One filling-in, which gathers the objects that its values point at."""

    world: World
    uploads: Mapping[int, Upload]
    guild_id: str | None
    focused: str | None
    resolved: dict[str, dict[str, Any]] = field(default_factory=dict)

    def fill(self, declared: list[dict[str, Any]], path: list[str], values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the interaction's options.

        Args:
            declared: the options of the registered command.
            path: the names of the group and subcommand that are used, if any.
            values: what is typed, by option name; for a file, the number of the upload.
        """
        by_name = {each["name"]: each for each in declared}
        if path:
            chosen = by_name[path[0]]
            inner = self.fill(chosen.get("options", []), path[1:], values)
            return [{"name": chosen["name"], "type": chosen["type"], "options": inner}]
        self._check(by_name, values)
        return [self._option(by_name[name], value) for name, value in values.items()]

    def _check(self, by_name: Mapping[str, dict[str, Any]], values: Mapping[str, Any]) -> None:
        if any(each["type"] in {SUBCOMMAND, GROUP} for each in by_name.values()):
            raise ValueError(f"choose a subcommand: {sorted(by_name)}")
        if unknown := set(values) - set(by_name):
            raise ValueError(f"no such options: {sorted(unknown)}")
        missing = {name for name, each in by_name.items() if each.get("required")} - set(values)
        if missing and self.focused is None:
            raise ValueError(f"required options: {sorted(missing)}")

    def _option(self, declared: dict[str, Any], value: Any) -> dict[str, Any]:
        kind, name = declared["type"], declared["name"]
        if kind in VALUE_TYPES and self.focused != name and not isinstance(value, VALUE_TYPES[kind]):
            raise ValueError(f"{name} has the wrong type: {value!r}")
        choices = [each["value"] for each in declared.get("choices") or []]
        if choices and value not in choices:
            raise ValueError(f"{name} must be one of {choices}")
        found = {"name": name, "type": kind, "value": self._value(kind, value)}
        return {**found, "focused": True} if self.focused == name else found

    def _value(self, kind: int, value: Any) -> Any:
        if kind == ATTACHMENT:
            stored = messaging.attach(self.world, self.world.application_id, self.uploads[int(value)], {})
            stored.ephemeral = True
            self._resolve("attachments", stored.id, message_payloads.attachment(self.world, stored))
            return stored.id
        if kind == USER:
            self._resolve_user(str(value))
        if kind == CHANNEL:
            channel = self.world.channel(str(value))
            permissions = str(int(self.world.permissions(channel, self.world.bot_id)))
            self._resolve("channels", channel.id, {**payloads.channel(self.world, channel), "permissions": permissions})
        return str(value) if kind in {USER, CHANNEL} else value

    def _resolve_user(self, user_id: str) -> None:
        self._resolve("users", user_id, payloads.user(self.world.user(user_id)))
        if self.guild_id is not None and user_id in self.world.guild(self.guild_id).members:
            member = payloads.bare_member(self.world.guild(self.guild_id).members[user_id])
            self._resolve("members", user_id, {**member, "permissions": "0"})

    def _resolve(self, kind: str, key: str, value: dict[str, Any]) -> None:
        self.resolved.setdefault(kind, {})[key] = value
