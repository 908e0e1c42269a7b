"""Makes every blocking call raise that our own code makes in an event loop."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blockbuster import BlockBuster


class Every(frozenset[str]):
    """The names of all functions."""

    def __contains__(self, name: object) -> bool:
        return True


MAY_BLOCK = {
    **{f"tests/doubles/{double.name}": Every() for double in (Path(__file__).parent / "doubles").glob("*.py")},
    "rich/traceback.py": Every(),  # pictures of failures, for developers
    "<frozen importlib._bootstrap>": {"_find_and_load"},
}
"""Files, and those of their functions that may wait although our code calls them."""


@contextmanager
def blocking_raises() -> Iterator[None]:
    """Watch `bot` and `adapters` while the context is open; tests and fakes may wait for a file.

    See https://github.com/cbornet/blockbuster.
    """
    guard = BlockBuster(scanned_modules=["bot", "adapters"])
    for function in guard.functions.values():
        for file, names in MAY_BLOCK.items():
            function.can_block_in(file, names)
    guard.activate()
    try:
        yield
    finally:
        guard.deactivate()
