"""Handlers that behave badly on purpose, for the tests of the worker pool."""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from bot.words import phrase

_setup: dict[str, Any] = {}
_held: list[bytearray] = []


def setup(arguments: Mapping[str, Any]) -> None:
    if arguments.get("fail"):
        raise RuntimeError("no such model")
    _setup.update(arguments)


def echo(arguments: Mapping[str, Any]) -> Iterator[object]:
    yield {"pid": os.getpid(), "got": arguments["value"], "setup": _setup}


def count(arguments: Mapping[str, Any]) -> Iterator[object]:
    for number in range(arguments["to"]):
        time.sleep(arguments.get("pause", 0))
        yield number


def blob(arguments: Mapping[str, Any]) -> Iterator[object]:
    yield os.urandom(4) * (arguments["size"] // 4)
    yield memoryview(b"view")


def nothing(arguments: Mapping[str, Any]) -> Iterator[object]:
    yield from ()


def fail(arguments: Mapping[str, Any]) -> Iterator[object]:
    yield "before"
    raise KeyError(arguments["key"])


def refuse(arguments: Mapping[str, Any]) -> Iterator[object]:
    yield "before"
    raise ValueError(phrase("{amount} left", amount=arguments["amount"]))


def segfault(arguments: Mapping[str, Any]) -> Iterator[object]:
    yield ctypes.string_at(0)


def leave(arguments: Mapping[str, Any]) -> Iterator[object]:
    sys.stderr.write("the engine gave up\n")
    os._exit(arguments["status"])
    yield


def sleep(arguments: Mapping[str, Any]) -> Iterator[object]:
    child = subprocess.Popen(["sleep", "60"])  # noqa: S607
    yield {"pid": os.getpid(), "child": child.pid}
    time.sleep(arguments["seconds"])


def hold(arguments: Mapping[str, Any]) -> Iterator[object]:
    _held.append(bytearray(arguments["bytes"]))
    yield os.getpid()


def chatter(arguments: Mapping[str, Any]) -> Iterator[object]:
    print("not a frame " * 1000)  # noqa: T201
    yield sys.stdin.read()


def environment(arguments: Mapping[str, Any]) -> Iterator[object]:
    yield sorted(os.environ)


HANDLERS = {
    handler.__name__: handler
    for handler in (echo, count, blob, nothing, fail, refuse, segfault, leave, sleep, hold, chatter, environment)
}
