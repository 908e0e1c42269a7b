"""earlier: what was done for a message before it was edited, deleted or stopped, and what of it still holds.

A post of an earlier run is edited or removed by the later one, under the name that it has. What an earlier run paid for is
not asked again where the same would be asked of the same model about the same sound.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import sha256

from bot.domain.audio import MediaFile
from bot.domain.journal import Step, StepState
from bot.domain.messages import BlobRef, JobId, PostId
from bot.domain.models import NOBODY, Request

POST = "post:"
"""What the names of steps that post begin with."""

TOLD = ("post:warning:",)
"""What was told in the thread and is no part of the reply."""

MARK = "request"
"""Where a result keeps what was asked."""

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """A post that an earlier run made, or may have made."""

    step: str
    """What it was in that run."""
    key: str
    """What names it."""
    post: PostId | None
    """The post; None while nobody knows whether it stands there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """The steps of the earlier runs of a message."""

    runs: Mapping[JobId, Mapping[str, Step]]
    """The first first."""

    def posts(self) -> Sequence[Left]:
        """Return every post that may stand there, each once, as the last run that had it knows it."""
        return list({left.post or left.key: left for left in self._posts()}.values())

    def _posts(self) -> Iterator[Left]:
        for job, steps in self.runs.items():
            for step in steps.values():
                if step.name.startswith(POST) and not step.name.startswith(TOLD) and step.state is not StepState.FAILED:
                    made = PostId(str(step.result["post"])) if step.result else None
                    yield Left(step=step.name, key=f"{job}/{step.name}", post=made)

    def post(self, step: str) -> Left | None:
        """Return the post of a step, the last that is known to stand there, else one that may; None without any."""
        found = sorted((left for left in self.posts() if left.step == step), key=lambda left: left.post is not None)
        return found[-1] if found else None

    def answered(self, mark: str) -> Mapping[str, object] | None:
        """Return what came of the same request; None where it was never answered, or its sound is gone by now."""
        for steps in self.runs.values():
            for step in steps.values():
                result = step.result or {}
                if step.state is StepState.DONE and result.get(MARK) == mark and not _is_sound(result):
                    return result
        return None

    @property
    def beside(self) -> "Earlier":
        """The same for a reply that stands beside the earlier ones: of an answer that is asked for again, what was heard."""
        prefix = "hear:" if self.is_answered else None
        return Earlier(
            runs={
                job: {name: step for name, step in steps.items() if prefix and name.startswith(prefix)}
                for job, steps in self.runs.items()
            }
        )

    @property
    def is_answered(self) -> bool:
        """Whether the chat model had answered."""
        steps = (step for steps in self.runs.values() for step in steps.values())
        return any(step.name.startswith("answer:") and step.state is StepState.DONE for step in steps)


NOTHING = Earlier(runs={})
"""Of a message that nothing has become of yet."""


def _is_sound(result: Mapping[str, object]) -> bool:
    return "blob" in result or bool(result.get("sound"))


def request_mark(request: Request, sources: Sequence[BlobRef]) -> str:
    """Return what is the same for two requests that ask the same of the same model.

    Args:
        request: whoever it comes from.
        sources: the recordings that its sound was made from, in order: the same sound is not made of the same bytes twice.
    """
    asked = [_plain(replace(request, origin=NOBODY)), [source.rpartition("/")[2] for source in sources]]
    return sha256(json.dumps(asked).encode()).hexdigest()[:32]


def _plain(value: object) -> object:
    if isinstance(value, MediaFile):
        name = value.path.rpartition("/")[2]
        return [name if _HASH.fullmatch(name) else "", value.format, value.seconds, value.offset, value.rate]
    if is_dataclass(value):
        return [type(value).__name__, *(_plain(getattr(value, field.name)) for field in fields(value))]
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
