"""The vendor's OpenAPI 3.1 specification: what it says of the endpoints that the fake serves.

It is 1.3 MB of YAML and takes half a second to read, so the part that matters is kept as JSON in the temporary
folder, named by the hash of the whole.
"""

import hashlib
import json
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.fakes.specs import specification

FILE = "openrouter-openapi.yaml"
SERVED = (
    "/chat/completions",
    "/models",
    "/key",
    "/generation",
    "/audio/transcriptions",
    "/audio/speech",
)
REQUESTS = {"chat": "/chat/completions", "transcription": "/audio/transcriptions", "speech": "/audio/speech"}
PROSE = frozenset({"description", "example", "examples"})
REFERENCE = "#/components/schemas/"


@cache
def excerpt() -> dict[str, Any] | None:
    """The paths served and every schema that they reach; None where the specification is absent."""
    source = specification(FILE)
    if source is None:
        return None
    raw = source.read_bytes()
    digest = hashlib.sha256(raw + Path(__file__).read_bytes()).hexdigest()[:16]
    kept = Path(tempfile.gettempdir()) / f"mynah-openrouter-{digest}.json"
    if not kept.exists():
        fresh = kept.with_suffix(f".{uuid.uuid4().hex}")
        fresh.write_text(json.dumps(cut_down(yaml.load(raw, Loader=yaml.CSafeLoader))))
        fresh.replace(kept)
    loaded: dict[str, Any] = json.loads(kept.read_text())
    return loaded


def cut_down(document: dict[str, Any]) -> dict[str, Any]:
    """Keep the served paths and the schemas that they reach, each made quicker to check."""
    paths = {path: document["paths"][path] for path in SERVED}
    schemas: dict[str, Any] = {}
    waiting = list(references(paths))
    while waiting:
        name = waiting.pop()
        if name not in schemas:
            schemas[name] = document["components"]["schemas"][name]
            waiting.extend(references(schemas[name]))
    return {"paths": simplified(paths), "components": {"schemas": simplified(schemas)}}


def references(node: Any) -> Iterator[str]:
    """Names of the schemas that a node refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(REFERENCE)
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def simplified(node: Any) -> Any:
    """Without prose, and with `oneOf` under a discriminator turned into a look-up (quicker, and clearer errors)."""
    if isinstance(node, list):
        return [simplified(value) for value in node]
    if not isinstance(node, dict):
        return node
    kept = {key: simplified(value) for key, value in node.items() if not (key in PROSE and not is_schema(value))}
    mapping = kept.get("discriminator", {}).get("mapping") if "oneOf" in kept else None
    return looked_up(kept, mapping) if mapping else kept


def is_schema(value: Any) -> bool:
    """Whether something under a prose keyword is really a property of that name."""
    return isinstance(value, dict) and ("type" in value or "$ref" in value) and "value" not in value


def looked_up(node: dict[str, Any], mapping: dict[str, str]) -> dict[str, Any]:
    """A discriminated `oneOf` as one condition a shape."""
    key = node["discriminator"]["propertyName"]
    rest = {name: value for name, value in node.items() if name not in {"oneOf", "discriminator"}}
    conditions = [
        {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": {"$ref": target}}
        for name, target in mapping.items()
    ]
    return {
        **rest,
        "type": "object",
        "required": [key],
        "properties": {key: {"enum": list(mapping)}},
        "allOf": conditions,
    }


@cache
def request_validator(operation: str) -> Draft202012Validator | None:
    """The validator of an operation's JSON request."""
    document = excerpt()
    if document is None:
        return None
    body = document["paths"][REQUESTS[operation]]["post"]["requestBody"]
    return validator(body["content"]["application/json"]["schema"])


@cache
def response_validator(path: str, status: str = "200", method: str = "get") -> Draft202012Validator | None:
    """The validator of an operation's JSON answer."""
    document = excerpt()
    if document is None:
        return None
    response = document["paths"][path][method]["responses"][status]
    return validator(response["content"]["application/json"]["schema"])


@cache
def schema_validator(name: str) -> Draft202012Validator | None:
    """The validator of one named schema."""
    return None if excerpt() is None else validator({"$ref": REFERENCE + name})


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Compile a schema that refers to the specification's components."""
    document = excerpt() or {}
    return Draft202012Validator({**schema, "components": document.get("components", {})})
