"""Check a request against our own schema, and against the vendor's where the specification is present."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from tests.fakes.openrouter.openapi import request_validator
from tests.fakes.openrouter.schemas import OWN

SHOWN = 200


def breaches(operation: str, body: Any, *, specified: bool = True) -> list[str]:
    """Say each way in which a request breaks the schemas; empty where it is right."""
    ours = [f"{operation}: {told(error)}" for error in own_validator(operation).iter_errors(body)]
    vendors = request_validator(operation) if specified else None
    theirs = [] if vendors is None else [f"{operation} (specification): {told(e)}" for e in vendors.iter_errors(body)]
    return ours + theirs


@cache
def own_validator(operation: str) -> Draft202012Validator:
    """Our schema, compiled once."""
    return Draft202012Validator(OWN[operation])


def told(error: ValidationError) -> str:
    """Where and what, without a megabyte of audio in it."""
    message = error.message if len(error.message) <= SHOWN else f"{error.message[:80]} ... {error.message[-100:]}"
    return f"{error.json_path}: {message}"
