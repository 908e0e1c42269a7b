"""Checking requests: by our own schemas, and by the vendor's specification where this machine has it."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from tests.fakes.slack.schemas import ACK, METHODS, OFFER, RESPONSE, VIEW
from tests.fakes.slack.world import Json
from tests.fakes.specs import specification

NEWER_ARGUMENTS = {"chat.stopStream": {"session_status"}}
"""What the client library sends by the current documents and the vendor's machine-readable ones do not list yet."""
OPTIONAL_NOW = {"chat.appendStream": {"markdown_text"}, "assistant.threads.setSuggestedPrompts": {"thread_ts"}}
"""What those list as required and newer documents do not."""
RENAMED = {"files.getUploadURLExternal": {"alt_txt": "alt_text"}}

ACKS = Draft202012Validator(ACK)
RESPONSES = Draft202012Validator(RESPONSE)
OFFERS = Draft202012Validator(OFFER)
VIEWS = Draft202012Validator(VIEW)


class Checks:
    """All the rules for a Web API call's arguments, compiled once."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._own = {name: Draft202012Validator(schema) for name, schema in METHODS.items()} if enabled else {}
        self._listed = _listed_arguments(specification("slack-methods")) if enabled else {}
        self._strict = _strict_validators(specification("slack-requests.schema.json")) if enabled else {}

    @property
    def sources(self) -> list[str]:
        """Which rules are in force."""
        found = [("own", self._own), ("methods", self._listed), ("requests", self._strict)]
        return [name for name, rules in found if rules]

    def problems(self, method: str, arguments: Json) -> list[str]:
        """What is wrong with a call; empty when nothing is."""
        if not self._enabled or method not in self._own:
            return []
        return problems_of(self._own[method], arguments) or self._vendor_problems(method, arguments)

    def _vendor_problems(self, method: str, arguments: Json) -> list[str]:
        found = []
        if listed := self._listed.get(method):
            known, required = listed
            found += [f"{name}: not an argument of this method" for name in sorted(set(arguments) - known)]
            found += [f"{name}: missing" for name in sorted(required - set(arguments))]
        if strict := self._strict.get(method):
            names = RENAMED.get(method, {})
            found += problems_of(strict, {names.get(name, name): value for name, value in arguments.items()})
        return found


def problems_of(validator: Validator, value: Any) -> list[str]:
    """What is wrong with a value; empty when nothing is."""
    if validator.is_valid(value):
        return []
    return [_sentence(_nearest(error)) for error in validator.iter_errors(value)]


def _nearest(error: ValidationError) -> ValidationError:
    """Of an error that has alternatives, what is wrong with the one that comes nearest to what was sent."""
    while error.context:
        branches: dict[str | int, list[ValidationError]] = {}
        for one in error.context:
            branches.setdefault(one.relative_schema_path[0], []).append(one)
        nearest = min(branches.values(), key=lambda found: sum(_distance(one) for one in found))
        error = max(nearest, key=lambda one: len(one.absolute_path))
    return error


def _distance(error: ValidationError) -> int:
    """How far a value is from an alternative: another type of thing is far, a missing or unknown field is nearer."""
    if error.validator == "const":
        return 100
    return 10 if len(error.relative_path) == 0 else 1


def _sentence(error: ValidationError) -> str:
    place = "/".join(str(part) for part in error.absolute_path)
    return f"{place}: {error.message[:300]}" if place else error.message[:300]


def _listed_arguments(folder: Path | None) -> dict[str, tuple[set[str], set[str]]]:
    """Known and required arguments of the methods that the fake serves."""
    if folder is None:
        return {}
    listed = {}
    for method in METHODS:
        path = folder / f"{method}.json"
        if path.exists() and method != "api.test":
            arguments = json.loads(path.read_text())["args"]
            required = {name for name, about in arguments.items() if about.get("required")}
            known = set(arguments) | NEWER_ARGUMENTS.get(method, set())
            listed[method] = (known, required - OPTIONAL_NOW.get(method, set()))
    return listed


def _strict_validators(path: Path | None) -> dict[str, Validator]:
    """A validator for each method whose whole body the specification describes, Block Kit included."""
    if path is None:
        return {}
    definitions = json.loads(path.read_text())["definitions"]
    found: dict[str, Validator] = {}
    for method in METHODS:
        name = _definition_name(method)
        if name in definitions:
            found[method] = Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})
    return found


def _definition_name(method: str) -> str:
    """`chat.postMessage` is described by `ChatPostMessageArguments`."""
    return "".join(part[0].upper() + part[1:] for part in method.split(".")) + "Arguments"
