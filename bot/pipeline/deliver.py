"""deliver: each part of a reply posted once, the text first, then the clip; resumes after a crash."""

from collections.abc import Sequence

from bot.domain.errors import MediaProblem, PostRefused
from bot.domain.messages import ClipPart, TextPart
from bot.domain.plan import Plan
from bot.domain.text import quote, split_text
from bot.pipeline.answer import Said
from bot.pipeline.hear import Heard
from bot.pipeline.live import DRAFT
from bot.pipeline.posts import edit, post
from bot.pipeline.run import Run
from bot.pipeline.speak import Spoken
from bot.pipeline.transcripts import beginning, is_long

SILENT = "I listened, but there is nothing to hear in that recording. Was the microphone on?"
UNSEEN = "I answer the words alone: this channel's model does not see pictures."
NOTHING_SAID = "I have no answer to that."


def shown_before(plan: Plan, heard: Sequence[Heard], problems: Sequence[MediaProblem]) -> str:
    """Return what a reply shows before the answer: what was said, as quotes, and what could not be used."""
    lines = [problem.sentence for problem in problems]
    if plan.look.unseen:
        lines.append(UNSEEN)
    for item in heard:
        if item.silent:
            lines.append(SILENT)
        elif item.listening.show:
            lines.append(beginning(item) if is_long(item) else quote(item.text))
        if item.cut_short:
            lines.append(f"_(The rest was not written down: {item.cut_short})_")
        if item.instead_of:
            lines.append(f"_(written down by another model than {item.instead_of})_")
    return "".join(f"{line}\n\n" for line in lines)


def written(plan: Plan, shown: str, said: Said) -> str:
    """Return the whole written reply (Markdown); empty when there is none."""
    if plan.answer and not said.text and not shown:
        return NOTHING_SAID
    by_other = f"\n\n_({said.model} answered instead of {said.instead_of})_" if said.instead_of else ""
    return f"{shown}{said.text if plan.text else ''}{by_other}".strip()


async def deliver_text(run: Run, text: str) -> None:
    """Post a text in as many parts as the platform needs; the first may be on the screen already, still growing.

    Raises:
        PlatformProblem: a part cannot be posted.
    """
    first, *others = split_text(text, run.platform.abilities.text_limit) or [""]
    if first:
        await _finish_first(run, first)
    for index, part in enumerate(others, start=1):
        await post(run, f"post:text:{index}", TextPart(text=part))
    run.written = True


async def deliver_reasoning(run: Run, said: Said) -> None:
    """Post what the model thought, apart from its answer and as much of it as one post holds."""
    first, *_ = split_text(said.reasoning, run.platform.abilities.text_limit // 2) or [""]
    if first:
        more = " …" if len(first) < len(said.reasoning) else ""
        await post(run, "post:reasoning", TextPart(text=f"_What I thought:_\n{quote(first)}{more}"))


async def _finish_first(run: Run, text: str) -> None:
    """Post the first part; what stands there already, or may stand there since before a crash, gets its final words."""
    begun = run.step(DRAFT) is not None
    made = await post(run, DRAFT, TextPart(text=text))
    if begun:
        await edit(run, made, TextPart(text=text))


async def deliver_clip(run: Run, spoken: Spoken, *, text: bool) -> None:
    """Post a clip, or why there is none.

    Raises:
        PlatformProblem: it cannot be posted, and nothing else was said.
    """
    if spoken.why_not:
        await post(run, "post:clip:refused", TextPart(text=f"_(Not spoken: {spoken.why_not})_"))
    if spoken.clip is None:
        return
    try:
        await post(run, "post:clip", ClipPart(clip=spoken.clip))
    except PostRefused as error:
        if not text:
            raise
        await post(
            run, "post:clip:refused", TextPart(text=f"_(I could not post this as a voice clip: {error.reason})_")
        )


async def apologise(run: Run, sentence: str) -> None:
    """Say in one sentence what went wrong; a text that was still growing gives way to it, a finished one stays."""
    if run.step(DRAFT) is not None and not run.written:
        await _finish_first(run, sentence)
    else:
        await post(run, "post:sorry", TextPart(text=sentence))
