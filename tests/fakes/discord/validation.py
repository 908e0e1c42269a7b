"""Checks every request: with the fake's own schemas always, with Discord's OpenAPI document where there is one.

https://github.com/discord/discord-api-spec
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from tests.fakes.discord.refusals import Refusal, invalid_form
from tests.fakes.discord.schemas import Schema

Check = Callable[[Any], ValidationError | None]
NO_QUERY: Schema = {"maxProperties": 0}
NO_BODY: Schema = {"type": "null"}
SNOWFLAKES = {"attachments.id", "message_id", "channel_id", "guild_id", "recipient_id", "users", "roles"}
KINDS = {"maxLength": "BASE_TYPE_MAX_LENGTH", "required": "BASE_TYPE_REQUIRED", "enum": "BASE_TYPE_CHOICES"}


class Specification:
    """Discord's OpenAPI document: the check for each operation, compiled at its first use."""

    def __init__(self, path: Path) -> None:
        self._document = json.loads(path.read_bytes())
        self.request = cache(self._request)
        self.answer = cache(self._answer)

    def _request(self, method: str, template: str) -> Check | None:
        media = self._operation(method, template).get("requestBody", {}).get("content", {})
        return self._check(media.get("application/json", {}).get("schema"))

    def _answer(self, method: str, template: str, status: int) -> Check | None:
        media = self._operation(method, template)["responses"].get(str(status), {}).get("content", {})
        return self._check(media.get("application/json", {}).get("schema"))

    def _operation(self, method: str, template: str) -> dict[str, Any]:
        found: dict[str, Any] = self._document["paths"].get(template, {}).get(method.lower(), {"responses": {}})
        return found

    def _check(self, schema: Schema | None) -> Check | None:
        return None if schema is None else compiled({**schema, "components": self._document["components"]})


def compiled(schema: Schema) -> Check:
    """Return a check that gives a value's most telling error, or None."""
    validator = Draft202012Validator(schema)
    return lambda value: best_match(validator.iter_errors(value))


class Validation:
    """The checks of one server."""

    def __init__(self, *, enabled: bool, specification: Path | None) -> None:
        self._enabled = enabled
        self._specification = None if specification is None or not enabled else Specification(specification)
        self._own: dict[int, Check] = {}

    def query(self, schema: Schema | None, query: Mapping[str, str]) -> None:
        """Refuse a query string that the operation does not know."""
        if self._enabled:
            self._apply(schema or NO_QUERY, dict(query), "query")

    def body(self, schema: Schema | None, payload: Any, method: str, template: str) -> None:
        """Refuse a body that breaks our own schema or Discord's."""
        if not self._enabled:
            return
        self._apply(NO_BODY if schema is None else schema, payload, "own schema")
        check = None if self._specification is None else self._specification.request(method, template)
        if check is not None and payload is not None:
            _refuse(check(_as_specified(payload)), "Discord's specification")

    def frame(self, schema: Schema, data: Any) -> str | None:
        """Return what is wrong with a gateway frame's data, or None."""
        found = self._own_check(schema)(data) if self._enabled else None
        return None if found is None else _told(found)

    def _apply(self, schema: Schema, value: Any, source: str) -> None:
        _refuse(self._own_check(schema)(value), source)

    def _own_check(self, schema: Schema) -> Check:
        # Schemas are module constants and live as long as the process, so their identity is a sound key.
        if id(schema) not in self._own:
            self._own[id(schema)] = compiled(schema)
        return self._own[id(schema)]


def _refuse(error: ValidationError | None, source: str) -> None:
    if error is None:
        return
    answer: Refusal = invalid_form(
        list(error.absolute_path), _told(error), kind=KINDS.get(str(error.validator), "FAKE")
    )
    answer.detail = f"{source}: {answer.detail}"
    raise answer


def _told(error: ValidationError) -> str:
    return error.message if len(error.message) < 300 else f"{error.message[:120]} … {error.message[-120:]}"


def _as_specified(value: Any, key: str = "") -> Any:
    """Return a body with its snowflakes as text.

    The specification wants text, Discord takes numbers as well, and client libraries send them.
    """
    if isinstance(value, dict):
        return {name: _as_specified(each, name if name != "id" else f"{key}.id") for name, each in value.items()}
    if isinstance(value, list):
        return [_as_specified(each, key) for each in value]
    return str(value) if key in SNOWFLAKES and isinstance(value, int) else value
