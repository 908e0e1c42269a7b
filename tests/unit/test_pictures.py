"""Pictures of payloads: lines, markup, what is escaped, and that nothing is left out silently."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, strategies as st

from tests.pictures import discord, slack
from tests.pictures.drawing import bars, draw, marked, wrap
from tests.pictures.elements import DISCORD, SLACK, Buttons, Field, File, Message, Rule, Task, Text, Voice
from tests.pictures.levelling import levelled

EVERYTHING = (
    Text(text="Hello **you**", quoted=True),
    Buttons(labels=("Yes", "No") * 12),
    Voice(seconds=65, loudness=tuple(range(100))),
    File(name="a.txt", detail="1 kB"),
    Task(title="Think", state="in_progress"),
    Field(label="Name", value="words " * 40, menu=True),
    Rule(),
)


def words(lines: list) -> list[str]:
    return ["".join(word for word, _ in line) for line in lines]


def written(svg: str) -> str:
    """Return all text of a picture, which has to be well-formed."""
    return "\n".join(ET.fromstring(svg).itertext())  # noqa: S314  (our own)


def one(*elements: object) -> str:
    return draw([Message(author="Ada", elements=elements)], SLACK)  # type: ignore[arg-type]


# --- lines ------------------------------------------------------------------------------


def test_a_long_line_is_parted_between_words():
    assert words(wrap("one two three four", 9)) == ["one two", "three", "four"]


def test_lines_that_were_parted_already_stay_so():
    assert words(wrap("one\n\ntwo", 80)) == ["one", "", "two"]


def test_wide_letters_count_twice_and_need_no_spaces():
    assert words(wrap("鳥がよく話す", 6)) == ["鳥がよ", "く話す"]


def test_markup_goes_on_over_the_end_of_a_line():
    lines = wrap("_one two three_ and four", 8)
    assert words(lines) == ["one two", "three", "and four"]
    assert ["italic" in style for line in lines for _, style in line] == [True, True, False]


def test_letters_of_code_are_wider():
    assert len(wrap("`aaaa bbbb cccc`", 15)) == 2
    assert len(wrap("aaaa bbbb cccc", 15)) == 1


@given(st.text(alphabet="ab *_`\n鳥", max_size=80), st.integers(min_value=4, max_value=20))
def test_no_letter_is_lost(text: str, letters: int):
    plain = "".join(part for line in text.splitlines() for part, _ in marked(line))
    assert "".join("".join(words(wrap(text, letters))).split()) == "".join(plain.split())


def test_what_is_marked_is_told_apart():
    kinds = [(word, style.partition("=")[0].strip()) for word, style in marked("a **b** _c_ `d` snake_case_name")]
    assert kinds == [
        ("a ", ""),
        ("b", "font-weight"),
        (" ", ""),
        ("c", "font-style"),
        (" ", ""),
        ("d", "font-family"),
        (" snake_case_name", ""),
    ]


# --- drawing ----------------------------------------------------------------------------


def test_the_same_messages_make_the_same_bytes():
    messages = [Message(author="Ada", elements=EVERYTHING, note="only you")]
    assert draw(messages, DISCORD) == draw(messages, DISCORD)
    for part in ("Hello", "you", "Yes", "1:05", "a.txt", "Think", "Name", "APP", "only you"):
        assert part in written(draw(messages, DISCORD))


def test_what_people_write_is_no_markup_of_the_picture():
    hostile = '</text><script>alert("1")</script>&amp;'
    svg = one(Text(text=hostile), Buttons(labels=(hostile,)), File(name=hostile), Field(label=hostile, value=hostile))
    assert "<script" not in svg
    assert written(svg).count(hostile) == 5


def test_buttons_that_do_not_fit_stand_in_further_rows():
    short, long = one(Buttons(labels=("Yes",))), one(Buttons(labels=("Yes",) * 20))
    assert height(long) > height(short)


def height(svg: str) -> int:
    return int(ET.fromstring(svg).attrib["height"])  # noqa: S314


def test_a_wave_has_as_many_bars_as_are_drawn():
    assert len(bars(range(256))) == len(bars((7,))) == len(bars(())) == 48
    assert max(bars(())) == 0


# --- payloads ---------------------------------------------------------------------------


@pytest.mark.parametrize("block", [{"type": "carousel"}, {"type": ""}])
def test_a_block_that_nobody_knows_is_no_picture(block: dict):
    with pytest.raises(KeyError):
        slack.from_message({"blocks": [block]}, author="Mynah")


def test_a_component_that_nobody_knows_is_no_picture():
    with pytest.raises(KeyError):
        discord.from_message({"content": "", "components": [{"type": 99}]}, author="Mynah")


def test_slacks_markup_is_read():
    assert slack.mrkdwn("*bold* <https://x.test|here> <@U1|ada> &lt;b&gt;") == "**bold** here **@ada** <b>"


def test_a_streamed_message_shows_its_text_between_plan_and_buttons():
    button = {"type": "button", "text": {"type": "plain_text", "text": "Again"}}
    blocks = [{"type": "plan", "title": "Done", "tasks": []}, {"type": "actions", "elements": [button]}]
    payload = {"text": "> Heard\n\nSaid", "streaming_state": "completed", "blocks": blocks}
    kinds = [getattr(element, "text", "buttons") for element in slack.from_message(payload, author="M").elements]
    assert kinds == ["Done", "Heard", "Said", "buttons"]


def test_a_voice_message_of_discord_has_its_wave():
    file = {"filename": "v.ogg", "size": 1, "duration_secs": 2.0, "waveform": "AAECAw=="}
    (voice,) = discord.from_message({"content": "", "attachments": [file]}, author="Ada").elements
    assert voice == Voice(seconds=2.0, loudness=(0, 1, 2, 3))


# --- what differs between runs ------------------------------------------------------------


def test_ids_times_and_codes_are_levelled_and_nothing_else():
    said = "Hi <@U123>, U123: Thought about an answer · 7.5 s. Starts anew on 3 May, 17:31 UTC. **ABCD2345**, $0.0021"
    drawn = "Hi **@Ada**, Ada: Thought about an answer · 1.3 s. Starts anew on 22 November, 09:00 UTC. **MYNAH234**, $0.0021"
    assert levelled({"a": [said]}, {"U123": "@Ada"}) == {"a": [drawn]}
