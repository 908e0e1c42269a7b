"""What was said and what came back: nothing lost, nothing doubled, everything in its order. No I/O."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

TOO_MANY = 429


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message that somebody sent."""

    key: str
    """The platform's id."""
    place: int
    """The channel or direct message, which has one person in it."""
    talk: str
    """The conversation: the root of a thread, or a direct message's channel."""
    mark: str
    """A word that stands in no other message; empty for a voice note."""
    at: float
    """When it was there, in seconds since 1970."""

    @property
    def voice(self) -> bool:
        """Whether it is a voice note, which is answered in writing and aloud."""
        return not self.mark


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """A post of the bot, as it stands there at the end."""

    answers: str
    """The message that it belongs to, by the platform's id."""
    talk: str
    """As in `Said`."""
    text: str
    """Empty for a clip."""
    clip: bool
    """Whether it is a voice clip."""
    at: float
    """When it was first seen, in seconds since 1970."""
    whole_at: float
    """When it last changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request of the bot."""

    method: str
    """What the platform counts together, without the ids in it."""
    count: str
    """Whose count it is, such as a channel; empty where everything counts together."""
    at: float
    """When it came, in seconds since 1970."""
    status: int
    """The HTTP status that it was answered with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of a time of talk on one platform."""

    said: int
    """Messages."""
    answered: int
    """Of these, those with a whole answer."""
    posts: int
    """Posts of the bot."""
    lost: Sequence[str]
    """Messages without a whole answer, by id."""
    doubled: Sequence[str]
    """Messages with more than one."""
    disordered: Sequence[str]
    """Messages that were answered before one that was said earlier in the same conversation."""
    first: Sequence[float]
    """Seconds until something of each answer was seen."""
    whole: Sequence[float]
    """Seconds until each answer was whole, its clip included."""


def judge(said: Sequence[Said], posted: Sequence[Posted], *, ending: str) -> Verdict:
    """Compare what was said with what came back.

    Args:
        said: in the order of time.
        posted: in the order of time.
        ending: what every whole answer ends with.
    """
    texts, clips = _by_message(said, (one for one in posted if not one.clip)), _clips(posted)
    heard = {one.key: [clip for text in texts[one.key] for clip in clips[text.answers]] for one in said}
    whole = {
        one.key: [*texts[one.key], *heard[one.key]]
        for one in said
        if any(text.text.endswith(ending) for text in texts[one.key]) and bool(heard[one.key]) >= one.voice
    }
    return Verdict(
        said=len(said),
        answered=len(whole),
        posts=len(posted),
        lost=[one.key for one in said if one.key not in whole],
        doubled=[one.key for one in said if len(texts[one.key]) > 1 or len(clips[one.key]) > 1],
        disordered=_disordered(said, texts),
        first=[min(post.at for post in whole[one.key]) - one.at for one in said if one.key in whole],
        whole=[max(post.whole_at for post in whole[one.key]) - one.at for one in said if one.key in whole],
    )


def _by_message(said: Sequence[Said], texts: Iterable[Posted]) -> Mapping[str, list[Posted]]:
    """Return the texts that answer each message: several messages may be answered by one text, which says them all."""
    found: dict[str, list[Posted]] = defaultdict(list)
    marks = {one.mark: one.key for one in said if one.mark}
    for text in texts:
        named = {marks[word] for word in text.text.split() if word in marks} | {text.answers}
        for key in named | _unnamed(said, text, found):
            found[key].append(text)
    return found


def _unnamed(said: Sequence[Said], text: Posted, answered: Mapping[str, Sequence[Posted]]) -> set[str]:
    """Return the voice notes that a text answers beside the message under which it stands: it quotes each of them."""
    leading = next((one for one in said if one.key == text.answers), None)
    if leading is None:
        return set()
    quotes = sum(line.startswith("> ") for line in text.text.splitlines()) - leading.voice
    before = [one for one in said if one.place == leading.place and one.voice and one.at < leading.at]
    return {one.key for one in before[::-1][: max(quotes, 0)] if not answered.get(one.key)}


def _clips(posted: Iterable[Posted]) -> Mapping[str, list[Posted]]:
    found: dict[str, list[Posted]] = defaultdict(list)
    for one in posted:
        if one.clip:
            found[one.answers].append(one)
    return found


def _disordered(said: Sequence[Said], texts: Mapping[str, Sequence[Posted]]) -> Sequence[str]:
    """Return the messages whose answer stands above the one of a message before."""
    talks: dict[str, list[Said]] = defaultdict(list)
    for one in said:
        if texts[one.key]:
            talks[one.talk].append(one)
    return [
        after.key
        for talk in talks.values()
        for before, after in pairwise(talk)
        if texts[after.key][0].at < texts[before.key][0].at
    ]


def refused(asked: Sequence[Asked]) -> Mapping[str, int]:
    """Return how often each method was called too often."""
    return Counter(one.method for one in asked if one.status == TOO_MANY)


def repeated(asked: Sequence[Asked]) -> int:
    """Return how many calls were refused right after a call of the same count was: nobody had listened."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in asked:
        counts[one.method, one.count].append(one.status)
    pairs = chain.from_iterable(pairwise(statuses) for statuses in counts.values())
    return sum(before == after == TOO_MANY for before, after in pairs)


def most_in_a_minute(asked: Sequence[Asked], methods: Collection[str]) -> Mapping[str, int]:
    """Return for some methods the most calls that came within any minute."""
    return {method: _most([one.at for one in asked if one.method == method]) for method in methods}


def _most(times: Sequence[float]) -> int:
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= 60:
            first += 1
        most = max(most, last - first + 1)
    return most
