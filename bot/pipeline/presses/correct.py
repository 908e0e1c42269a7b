"""*Correct*: a form with the words that were heard; what comes back holds from then on, wherever they are used.

Of words that are longer than a field, the form has the beginning, and what follows it stays as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bot.domain.controls import CONTROLS, MOST_FIELDS, YES, Field, FieldKind, Form, Response
from bot.domain.corrections import Correction, Transcript, beginning, corrected, digest
from bot.domain.messages import Action, Errand
from bot.domain.text import quote
from bot.pipeline.card import Card, card_of, words_now
from bot.pipeline.commands.places import person
from bot.pipeline.presses.again import answer_anew
from bot.pipeline.presses.wanted import GONE, TRIES, Wanted
from bot.words import phrase, say

ANSWER = "answer"
"""The field by which the message is answered again."""

NOTHING = phrase("Nothing was changed.")
DONE = phrase("Corrected.")
ANSWERED_AGAIN = phrase("I answer again with these words, below.")
MEANWHILE = phrase(
    "Somebody corrected that in the meantime, so I left it as it is now. Open the form again to see it. This is what you wrote:"
)
MOST_TOLD = 1_500
"""Characters of what somebody wrote in vain that they get back."""

Words = Transcript | Correction


async def correct(wanted: Wanted) -> Response:
    """Open the form, or take what was filled in."""
    author = (await wanted.jobs())[0].message.author.id  # who has a message answered again is not its author
    if not (wanted.press.may_manage or wanted.press.author.id == author):
        told = say(
            "Only {person}, whose message it is, or who manages this channel can correct that.", person=person(author)
        )
        return Response(text=told)
    card = card_of(await wanted.steps())
    if card is None:
        return Response(text=say(GONE))
    corrections = await wanted.house.reviews.corrections(wanted.replied.message.subject)
    words = words_now(card, corrections)[: MOST_FIELDS - 1]
    if wanted.press.filled is None:
        return Response(form=_form(wanted, card, words))
    return Response(text=await _take(wanted, words, wanted.press.filled))


# --- the form ----------------------------------------------------------------


def _form(wanted: Wanted, card: Card, words: Sequence[Words]) -> Form:
    fields = list(_fields(words, _limit(wanted)))
    if card.answered:
        fields.append(Field(name=ANSWER, label=say("Answer again with these words"), kind=FieldKind.CHOICE))
    return Form(
        press=wanted.press, title=say(CONTROLS[Action.CORRECT].opens), fields=tuple(fields), shown=_digest(words)
    )


def _fields(words: Sequence[Words], limit: int) -> Iterator[Field]:
    for index, each in enumerate(words):
        piece = beginning(each.text, limit)
        cut = len(piece) < len(each.text)
        yield Field(
            name=_name(index),
            label=say("What was said")
            if len(words) == 1
            else say("What was said in recording {number}", number=index + 1),
            hint=say("Only the beginning fits in here. What follows it stays as it is.") if cut else "",
            value=piece,
            limit=limit,
        )


def _name(index: int) -> str:
    return f"words{index}"


def _limit(wanted: Wanted) -> int:
    return wanted.house.platforms[wanted.press.place.platform].abilities.field_limit


def _digest(words: Sequence[Words]) -> str:
    return digest([each.text for each in words])


# --- what comes back ---------------------------------------------------------


async def _take(wanted: Wanted, words: Sequence[Words], filled: Mapping[str, str]) -> str:
    limit = _limit(wanted)
    written = {
        index: filled[_name(index)].strip() for index in range(len(words)) if filled.get(_name(index), "").strip()
    }
    new = {index: corrected(words[index], beginning(words[index].text, limit), text) for index, text in written.items()}
    changed = {index: each for index, each in new.items() if each.text != words[index].text}
    if changed and wanted.press.shown != _digest(words):
        told = "\n".join(written.values())[:MOST_TOLD]
        return f"{say(MEANWHILE)}\n{quote(told)}"
    if changed:
        await _keep(wanted, {words[index].text: each for index, each in changed.items()})
    if filled.get(ANSWER) == YES:
        told = await answer_anew(wanted) or say(ANSWERED_AGAIN)
        return f"{say(DONE)} {told}" if changed else told
    return say(DONE if changed else NOTHING)


async def _keep(wanted: Wanted, changed: Mapping[str, Correction]) -> None:
    """Keep corrected words, by what they were before, and let conversation and reply say them."""
    house, subject = wanted.house, wanted.replied.message.subject
    await house.reviews.correct(subject, list(changed.values()))
    for job in await wanted.jobs():
        for old, new in changed.items():
            await house.conversations.correct(job.id, old, new.text)
    for _ in range(TRIES):
        message = wanted.message(Action.CORRECT, await wanted.jobs(), Errand.CORRECT)
        if await house.jobs.submit(replace(message.emptied, handle=message.handle)):
            return
