"""How the worker processes of embedded models are kept; the same for all models."""

import os
from dataclasses import dataclass


def default_processes() -> int:
    """Return how many processes one model that hears gets: as many as there are cores, at the most four."""
    return min(4, os.cpu_count() or 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Housing:
    """See the fields."""

    processes: int
    """For one model that hears: two of them hear a long recording faster than one on two cores."""
    idle_seconds: float
    """After so long without a call a process is ended, and its memory is free."""
    context_tokens: int
    """Prompt and answer together, for models that chat; those that were trained on less take less."""
    folder: str
    """Private to us, for sockets."""

    @property
    def threads(self) -> int:
        """Cores for one process of a model that hears."""
        return max(1, (os.cpu_count() or 1) // self.processes)
