"""deliver: each part of a reply posted once, the text first, then the clip; resumes after a crash."""

from collections.abc import Sequence

import structlog

from bot.domain.errors import MediaProblem, PlatformProblem, PostRefused
from bot.domain.messages import Action, Addressed, ClipPart, TextPart
from bot.domain.plan import Plan
from bot.domain.receipts import model_and_reason
from bot.domain.text import quote, split_text
from bot.pipeline.answer import Said
from bot.pipeline.hear import Heard
from bot.pipeline.live import DRAFT
from bot.pipeline.posts import edit, post
from bot.pipeline.run import Run
from bot.pipeline.speak import Spoken
from bot.pipeline.transcripts import beginning, is_long
from bot.words import phrase, say

log = structlog.get_logger()

SILENT = phrase("I listened, but there is nothing to hear in that recording. Was the microphone on?")
UNSEEN = phrase("I answer the words alone: this channel's model does not see pictures.")
NOTHING_SAID = phrase("I have no answer to that.")

CALLED = frozenset({Addressed.MENTION, Addressed.COMMAND})
"""Who speaks to us so waits for an answer, and can have one elsewhere."""


def shown_before(plan: Plan, heard: Sequence[Heard], problems: Sequence[MediaProblem]) -> str:
    """Return what a reply shows before the answer: what was said, as quotes, and what could not be used."""
    lines = [problem.sentence for problem in problems]
    if plan.look.unseen:
        lines.append(say(UNSEEN))
    if plan.message.command == "transcribe":
        lines += [quote(each.heard) for each in plan.quoted if each.heard]
    for item in heard:
        if item.silent:
            lines.append(say(SILENT))
        elif item.listening.show:
            lines.append(_as_quote(item))
        if item.cut_short:
            lines.append(f"_({say('The rest was not written down: {reason}', reason=item.cut_short)})_")
        if item.instead_of:
            other = model_and_reason(item.instead_of)
            lines.append(f"_({say('written down by another model than {model}', model=other)})_")
    return "".join(f"{line}\n\n" for line in lines)


def _as_quote(item: Heard) -> str:
    return beginning(item.text, item.segments, item.seconds) if is_long(item.text) else quote(item.text)


def written(plan: Plan, shown: str, said: Said) -> str:
    """Return the whole written reply (Markdown); empty when there is none."""
    if plan.answer and not said.text and not shown:
        return say(NOTHING_SAID)
    return f"{shown}{said.text if plan.text else ''}{_by_other(said)}".strip()


def _by_other(said: Said) -> str:
    if not said.instead_of:
        return ""
    first = model_and_reason(said.instead_of)
    return f"\n\n_({say('{model} answered instead of {first}', model=said.model, first=first)})_"


async def deliver_text(run: Run, text: str, actions: tuple[Action, ...] = ()) -> None:
    """Post a text in as many parts as the platform needs; the first may be on the screen already, still growing.

    Args:
        run: the job.
        text: Markdown.
        actions: the buttons under the last part.

    Raises:
        PlatformProblem: a part cannot be posted.
    """
    parts = text_parts(text, run.platform.abilities.text_limit, actions)
    if parts:
        await _finish_first(run, parts[0])
    for index, part in enumerate(parts[1:], start=1):
        await post(run, f"post:text:{index}", part)
    run.written = True


def text_parts(text: str, limit: int, actions: tuple[Action, ...] = ()) -> list[TextPart]:
    """Return the posts that a text makes, with buttons under the last one; none for an empty text."""
    *before, last = split_text(text, limit) or [""]
    parts = [TextPart(text=each) for each in before]
    return [*parts, TextPart(text=last, actions=actions)] if last else parts


async def deliver_reasoning(run: Run, said: Said) -> None:
    """Post what the model thought, apart from its answer and as much of it as one post holds."""
    first, *_ = split_text(said.reasoning, run.platform.abilities.text_limit // 2) or [""]
    if first:
        more = " …" if len(first) < len(said.reasoning) else ""
        await post(run, "post:reasoning", TextPart(text=f"_{say('What I thought:')}_\n{quote(first)}{more}"))


async def _finish_first(run: Run, part: TextPart) -> None:
    """Post the first part; what stands there already, or may stand there since before a crash, gets its final words."""
    begun = run.step(DRAFT) is not None
    made = await post(run, DRAFT, part)
    if begun:
        await edit(run, made, part)


def shown_so_far(run: Run) -> str:
    """Return what stands there of a text that was still growing, as much of it as leaves room for some words more."""
    first, *_ = split_text(run.shown, run.platform.abilities.text_limit // 10 * 9) or [""]
    return first.rstrip()


async def deliver_clip(run: Run, spoken: Spoken, *, text: bool) -> None:
    """Post a clip, or why there is none.

    Raises:
        PlatformProblem: it cannot be posted, and nothing else was said.
    """
    if spoken.why_not:
        await post(run, "post:clip:refused", TextPart(text=f"_({say('Not spoken: {reason}', reason=spoken.why_not)})_"))
    if spoken.clip is None:
        return
    try:
        await post(run, "post:clip", ClipPart(clip=spoken.clip))
    except PostRefused as error:
        if not text:
            raise
        told = say("I could not post this as a voice clip: {reason}", reason=error.reason)
        await post(run, "post:clip:refused", TextPart(text=f"_({told})_"))


async def apologise(run: Run, sentence: str, actions: tuple[Action, ...] = ()) -> None:
    """Say in one sentence what went wrong; a text that was still growing gives way to it, a finished one stays."""
    part = TextPart(text=sentence, actions=actions)
    stands_there = run.step(DRAFT) is not None or run.earlier.post(DRAFT) is not None
    if stands_there and not run.written:
        await _finish_first(run, part)
    else:
        await post(run, "post:sorry", part)


async def tell_alone(run: Run, refusal: PostRefused) -> None:
    """Tell who called us where we may not write why nothing is said there, in a direct message; best effort."""
    message = run.message
    if message.addressed not in CALLED:
        return
    text = say("I cannot answer where you spoke to me. {reason}", reason=refusal.reason)
    try:
        await run.platform.tell(message.author.id, text, workspace=message.place.workspace)
    except PlatformProblem as error:
        log.warning("the author could not be told alone either", reason=error.reason)
