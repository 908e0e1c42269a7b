"""What of a conversation goes to a model along with what is said now. Pure.

A model reads at most its context: the question, the answer of at most `max_tokens`, and what is left for what was said
before. A token is at least one byte of text (`bot.domain.estimates`), so what fits by its bytes certainly fits. The newest
goes along word for word. When the oldest no longer fits, it is summed up, a page or more at once, so that a model is asked
for a summary now and then and not in every turn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.domain.estimates import FRAME_TOKENS, prompt_tokens
from bot.domain.messages import JobId, Message, Quoted
from bot.domain.models import Capabilities, ChatTurn, Role
from bot.domain.text import quote

UNKNOWN_CONTEXT_TOKENS = 8_000
"""Of a model of which nobody says how much it reads."""

MOST_TOKENS = 24_000
"""Of what was said before, however much a model reads: some 4,000 words. Every turn pays for it again."""

PAGE_TOKENS = 2_000
"""Less than this is not worth a summary; until there is more, what no longer fits is left out."""

SUMMARY_TOKENS = 300
"""Of a summary."""

SUMMARY_PROMPT = (
    "Sum up this conversation for somebody who is about to go on with it: who wanted what, names, numbers, decisions, and "
    "what is still open. Use its own language and at most 150 words, and answer with the summary alone."
)
EARLIER = "Earlier in this conversation, in short: "
NAMES = {Role.USER: "They", Role.ASSISTANT: "You", Role.SYSTEM: "System"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """What was said in one turn of the service: a question and its answer, in words."""

    job: JobId
    """Whose turn it was."""
    turns: tuple[ChatTurn, ...]
    """Oldest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What was said before in a conversation."""

    summary: str = ""
    """Of all that came before the exchanges; empty where nothing was summed up."""
    exchanges: tuple[Exchange, ...] = ()
    """Word for word, oldest first."""

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return bool(self.summary or self.exchanges)


# --- what fits ---------------------------------------------------------------


def room_for_past(can: Capabilities, max_tokens: int, asked: Sequence[ChatTurn]) -> int:
    """Return how many tokens may be said before, next to what is asked now and the answer to it; at least 0.

    Args:
        can: what the model reads.
        max_tokens: the most that the answer may have.
        asked: the system prompt, and what is said now.
    """
    context = UNKNOWN_CONTEXT_TOKENS if can.context_tokens is None else can.context_tokens
    return max(0, min(context - max_tokens - prompt_tokens(asked, can), MOST_TOKENS))


def words_tokens(turns: Iterable[ChatTurn]) -> int:
    """Return the most tokens that the words of some turns may have."""
    return sum(_tokens(turn.text) for turn in turns)


def _tokens(text: str) -> int:
    return len(text.encode(errors="surrogatepass")) + FRAME_TOKENS


def with_past(past: Past, now: ChatTurn, room: int) -> tuple[ChatTurn, ...]:
    """Return what is said now, and before it as much of the past as there is room for, in whole exchanges.

    The summary is told within the oldest turn, since models want what they are told and what they say by turns.

    Args:
        past: what was said.
        now: what is said now, by a user.
        room: tokens for the past.
    """
    note = _note(past.summary, room)
    kept = _newest(past.exchanges, room - _note_tokens(note))
    oldest, *later = (*_turns(kept), now)
    return (replace(oldest, text=f"{note}{oldest.text}"), *later)


def _note(summary: str, room: int) -> str:
    note = f"({EARLIER}{summary})\n\n" if summary else ""
    return note if _note_tokens(note) <= room else ""


def _note_tokens(note: str) -> int:
    return _tokens(note) if note else 0


def _newest(exchanges: Sequence[Exchange], room: int) -> tuple[Exchange, ...]:
    """Return the newest exchanges that fit whole, without a gap."""
    left, kept = room, 0
    for exchange in reversed(exchanges):
        left -= words_tokens(exchange.turns)
        if left < 0:
            break
        kept += 1
    return tuple(exchanges[len(exchanges) - kept :])


def _turns(exchanges: Iterable[Exchange]) -> tuple[ChatTurn, ...]:
    return tuple(turn for exchange in exchanges for turn in exchange.turns)


# --- what is summed up -------------------------------------------------------


def outgrown(past: Past, room: int) -> tuple[Exchange, ...]:
    """Return the oldest exchanges, which are to be summed up now; none while all fit, or while it is less than a page.

    What stays takes half of the room, so that it is some time until the next summary.
    """
    left = room - _note_tokens(_note(past.summary, room))
    if words_tokens(_turns(past.exchanges)) <= left:
        return ()
    oldest = past.exchanges[: len(past.exchanges) - len(_newest(past.exchanges, left // 2))]
    return oldest if words_tokens(_turns(oldest)) >= PAGE_TOKENS else ()


def summary_turn(past: Past, oldest: Sequence[Exchange], can: Capabilities) -> ChatTurn:
    """Return what a model is asked for a summary; of what is more than it reads, the older part is left out."""
    context = UNKNOWN_CONTEXT_TOKENS if can.context_tokens is None else can.context_tokens
    said = "\n\n".join(f"{NAMES[turn.role]}: {turn.text}" for turn in _turns(oldest))
    whole = "\n\n".join(filter(None, (past.summary and f"{EARLIER}{past.summary}", said))).encode(
        errors="surrogatepass"
    )
    most = max(0, context - SUMMARY_TOKENS - _tokens(f"{SUMMARY_PROMPT}\n\n") - FRAME_TOKENS)
    words = whole[max(0, len(whole) - most) :].decode(errors="ignore")
    return ChatTurn(role=Role.USER, text=f"{SUMMARY_PROMPT}\n\n{words}")


def summed_up(past: Past, oldest: Sequence[Exchange], summary: str) -> Past:
    """Return the past with a summary in place of its oldest exchanges."""
    return Past(summary=summary, exchanges=past.exchanges[len(oldest) :])


# --- what a message refers to ------------------------------------------------


def referred(message: Message, *, new_here: bool) -> tuple[Quoted, ...]:
    """Return the messages that matter to understand a message, each once.

    Args:
        message: what is said now.
        new_here: whether nothing was said in this conversation before.
    """
    wants_head = new_here or not (message.text or message.attachments)
    wanted = [quoted for quoted in message.quoted if wants_head or not quoted.head]
    known_last = sorted(wanted, key=lambda quoted: quoted.author is not None)
    return tuple({(quoted.channel, quoted.key): quoted for quoted in known_last}.values())


def reference_words(quoted: Quoted, heard: Sequence[str] = ()) -> str:
    """Return how a model is told of a message that is referred to; empty when it has no words.

    Args:
        quoted: the message.
        heard: what is said in its recordings.
    """
    words = "\n".join(filter(None, (quoted.text, quoted.heard, *heard)))
    if not words:
        return ""
    of = f" of {quoted.author.name}" if quoted.author and quoted.author.name else ""
    return f"They refer to this message{of}:\n{quote(words)}"
