"""What is streamed to Slack adds up to what should be shown, within Slack's limits, and calls nobody."""

from dataclasses import dataclass, field

from hypothesis import given, strategies as st

from adapters.slack.plan import Work, to_blocks
from adapters.slack.streams import STREAM_BYTES, Shown, growth
from adapters.slack.translate import harmless_markdown
from bot.domain.messages import TextPart
from bot.ports import Stage

WORDS = st.text(st.sampled_from("ab &<>@!#;lgtmp語\n`*"), max_size=60) | st.text(max_size=20)
ALL = tuple(stage for stage in Stage if stage is not Stage.POSTING)


@dataclass
class Screen:
    """What a reader sees of a message: streamed for as long as it only grows, then edited."""

    streams: bool = True
    text: str = ""
    cards: dict[str, tuple[str, str]] = field(default_factory=dict)
    title: str = ""
    sent: int = 0

    def take(self, chunk: dict[str, str]) -> None:
        match chunk["type"]:
            case "markdown_text":
                self.text += chunk["text"]
                assert chunk["text"]
            case "task_update":
                self.cards[chunk["id"]] = (chunk["status"], chunk["title"])
            case _:
                self.title = chunk["title"]
        self.sent += len((chunk.get("text") or chunk["title"]).encode())


@given(st.lists(st.tuples(st.sampled_from(["grow", "restart", "stage"]), WORDS), max_size=30))
def test_any_growth_and_any_restart_end_with_the_whole_text_and_plan(steps: list[tuple[str, str]]):
    screen, shown, work, text = Screen(), Shown(), Work(), ""
    work.expect(ALL)
    for index, (deed, words) in enumerate(steps):
        match deed:
            case "grow":
                text += words
            case "restart":
                text = words
            case _:
                work.begin(ALL[index % len(ALL)], float(index))
        shown = _shown(screen, shown, TextPart(text=text, growing=True), work)
    work.end(len(steps) + 1.0)
    _shown(screen, shown, TextPart(text=text), work)

    (plan,) = to_blocks(work)
    assert screen.text == harmless_markdown(text)
    assert "<" not in screen.text
    assert screen.title == plan["title"]
    assert screen.cards == {card["task_id"]: (card["status"], card["title"]) for card in plan["tasks"]}
    assert screen.sent <= STREAM_BYTES


def _shown(screen: Screen, shown: Shown, part: TextPart, work: Work) -> Shown:
    """Show a part as the adapter does."""
    more = growth(shown, part, work) if screen.streams else None
    if more is not None:
        for chunk in more.chunks:
            screen.take(chunk)
        assert more.shown.sent == screen.sent
        return more.shown
    (plan,) = to_blocks(work)
    screen.streams, screen.text, screen.title = False, harmless_markdown(part.text), plan["title"]
    screen.cards = {card["task_id"]: (card["status"], card["title"]) for card in plan["tasks"]}
    return shown


def test_what_may_still_become_an_entity_waits():
    text = "Marks &amp; Spencer &"
    shown, sent = Shown(), ""
    for end in range(1, len(text) + 1):
        more = growth(shown, TextPart(text=text[:end], growing=end < len(text)), Work())
        assert more is not None, text[:end]
        sent += "".join(chunk["text"] for chunk in more.chunks)
        shown = more.shown
    assert sent == harmless_markdown(text)


def test_what_is_shown_already_is_not_sent_again():
    more = growth(Shown(), TextPart(text="Hello", growing=True), Work())
    assert more is not None
    again = growth(more.shown, TextPart(text="Hello", growing=True), Work())
    assert again is not None
    assert again.chunks == []


def test_what_was_taken_back_or_is_not_known_or_too_long_cannot_be_appended():
    more = growth(Shown(), TextPart(text="Hello", growing=True), Work())
    assert more is not None
    assert growth(more.shown, TextPart(text="Good"), Work()) is None
    assert growth(None, TextPart(text="Hello"), Work()) is None
    assert growth(Shown(), TextPart(text="語" * 3_001), Work()) is None
    assert growth(Shown(), TextPart(text="語" * 3_000), Work()) is not None


def test_a_part_that_is_left_as_it_is_sends_only_the_plan():
    work = Work()
    more = growth(Shown(text="Hello", sent=5), None, work)
    assert more is not None
    assert more.chunks == []
    work.expect([Stage.THINKING])
    more = growth(Shown(text="Hello", sent=5), None, work)
    assert more is not None
    assert [chunk["type"] for chunk in more.chunks] == ["plan_update", "task_update"]
