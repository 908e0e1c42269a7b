"""What was measured of one bot on one platform, over all rounds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from benchmarks.rig.load import Sample
from benchmarks.rig.tables import percentile

SUSTAINED_MS = 500.0
"""A rate is sustained when every message is answered, 95 of 100 with less overhead than this."""


def is_sustained(sample: Sample) -> bool:
    """Return whether a bot kept up."""
    return sample.unanswered == 0 and percentile(sample.overheads, 95) <= SUSTAINED_MS


@dataclass(kw_only=True)
class Figures:
    """Filled while it is measured."""

    starts: list[float] = field(default_factory=list)
    """Seconds from the process to its connection, of each round."""
    idle_mb: list[float] = field(default_factory=list)
    """Memory before the first message, of each round."""
    turns: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    """Samples of each round, by the kind of message."""
    loads: dict[int, Sample] = field(default_factory=dict)
    """By messages a second, until one was not sustained."""
    behind_slow: list[float] = field(default_factory=list)
    """Overheads of messages behind slow ones elsewhere, in milliseconds."""

    @property
    def highest_rate(self) -> int:
        """The highest rate that was sustained."""
        return max((rate for rate, sample in self.loads.items() if is_sustained(sample)), default=0)

    @property
    def peak_mb(self) -> float:
        """The most memory under any load of text."""
        return max((sample.peak_mb for sample in self.loads.values()), default=0.0)

    def overheads(self, kind: str) -> Sequence[float]:
        """Return the overheads of all messages of a kind, in milliseconds."""
        return list(chain.from_iterable(sample.overheads for sample in self.turns[kind]))

    def medians(self, kind: str) -> Sequence[float]:
        """Return the median overhead of each round."""
        return [percentile(sample.overheads, 50) for sample in self.turns[kind]]

    def first_texts(self, kind: str) -> Sequence[float]:
        """Return how long after the model's first token each reply began, in milliseconds."""
        return list(chain.from_iterable(sample.first_texts for sample in self.turns[kind]))

    def cpu_ms(self, kind: str) -> Sequence[float]:
        """Return the processor time for a message, of each round."""
        return [sample.cpu_ms for sample in self.turns[kind]]
