"""What the load benchmark finds wrong with what came back."""

from dataclasses import replace

from benchmarks.rig.talk import Asked, Posted, Said, judge, most_in_a_minute, refused, repeated

FIRST = Said(key="1", place=0, talk="t", mark="mark1", at=10.0)
SECOND = Said(key="2", place=0, talk="t", mark="mark2", at=11.0)
NOTE = Said(key="3", place=0, talk="t", mark="", at=12.0)
TO_FIRST = Posted(answers="1", talk="t", text="You said: mark1 done.", clip=False, at=10.5, whole_at=11.5)
TO_SECOND = replace(TO_FIRST, answers="2", text="You said: mark2 done.", at=12.0, whole_at=13.0)
TO_NOTE = replace(TO_FIRST, answers="3", text="You said: hello, done.", at=13.0, whole_at=14.0)
CLIP = replace(TO_NOTE, text="", clip=True, at=15.0, whole_at=15.0)


def test_what_is_answered_once_and_in_order_is_well():
    found = judge([FIRST, SECOND, NOTE], [TO_FIRST, TO_SECOND, TO_NOTE, CLIP], ending="done.")
    assert (found.lost, found.doubled, found.disordered) == ([], [], [])
    assert (found.said, found.answered, found.posts) == (3, 3, 4)
    assert (found.first, found.whole) == ([0.5, 1.0, 1.0], [1.5, 2.0, 3.0])


def test_a_reply_that_is_not_whole_is_lost():
    growing = replace(TO_FIRST, text="You said: mark1 …")
    assert judge([FIRST, SECOND], [growing], ending="done.").lost == ["1", "2"]


def test_a_voice_note_needs_a_clip_too():
    assert judge([NOTE], [TO_NOTE], ending="done.").lost == ["3"]


def test_a_second_text_and_a_second_clip_are_too_much():
    posted = [TO_FIRST, replace(TO_FIRST, at=20.0), TO_NOTE, CLIP, CLIP]
    assert judge([FIRST, NOTE], posted, ending="done.").doubled == ["1", "3"]


def test_several_messages_may_be_answered_together():
    both = replace(TO_SECOND, text="You said: mark1 and mark2 done.")
    found = judge([FIRST, SECOND], [both], ending="done.")
    assert (found.lost, found.doubled, found.disordered) == ([], [], [])


def test_a_voice_note_that_was_answered_with_another_message_is_quoted_there():
    later, elsewhere = replace(SECOND, at=13.0), replace(NOTE, key="4", place=1)
    both = replace(TO_SECOND, text="> Hello, done.\n\nYou said: mark2 and hello, done.", at=14.0, whole_at=15.0)
    clip = replace(CLIP, answers="2")
    found = judge([NOTE, elsewhere, later], [both, clip], ending="done.")
    assert (found.lost, found.doubled, found.disordered) == (["4"], [], [])


def test_an_answer_above_the_one_to_an_earlier_message_is_out_of_order():
    early = replace(TO_SECOND, at=10.1)
    assert judge([FIRST, SECOND], [early, TO_FIRST], ending="done.").disordered == ["2"]


def asked(*statuses: int, count: str = "", method: str = "chat.update") -> list[Asked]:
    return [Asked(method=method, count=count, at=float(at), status=status) for at, status in enumerate(statuses)]


def test_a_refused_call_is_repeated_when_the_next_one_is_refused_too():
    calls = asked(200, 429, 429, 200, 429) + asked(429, 200, 429, count="C1")
    assert (refused(calls), repeated(calls)) == ({"chat.update": 5}, 1)


def test_calls_are_counted_within_any_minute():
    calls = [Asked(method="chat.update", count="", at=at, status=200) for at in (0.0, 30.0, 59.0, 61.0, 200.0)]
    assert most_in_a_minute(calls, ["chat.update", "chat.delete"]) == {"chat.update": 3, "chat.delete": 0}
