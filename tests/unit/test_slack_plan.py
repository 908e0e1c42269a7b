"""The plan of a turn: which card is how far, what it is called, and how long it took."""

import pytest

from adapters.slack.plan import TITLES, Status, Work, show_seconds, to_blocks
from bot.ports import Stage

EXPECTED = (Stage.FETCHING, Stage.LISTENING, Stage.THINKING)


def statuses(work: Work) -> list[Status]:
    return [task.status for task in work.tasks()]


def test_a_turn_goes_through_its_stages_and_says_how_long_each_took():
    work = Work()
    work.begin(Stage.FETCHING, 10.0)
    assert work.tasks() == (), "nobody knows yet what is ahead"
    work.expect(EXPECTED)
    assert statuses(work) == [Status.IN_PROGRESS, Status.PENDING, Status.PENDING]
    assert work.title() == "Working on it"
    work.begin(Stage.LISTENING, 11.5)
    work.begin(Stage.THINKING, 14.0)
    assert statuses(work) == [Status.COMPLETE, Status.COMPLETE, Status.IN_PROGRESS]
    work.rest(34.0)
    assert [task.title for task in work.tasks()] == [
        "Fetched the recording · 1.5 s",
        "Wrote down what is said · 2.5 s",
        "Thought about an answer · 20 s",
    ]
    assert work.title() == "Done in 24 s"


def test_a_stage_that_comes_again_counts_on():
    work = Work()
    work.expect([Stage.CONVERTING, Stage.LISTENING])
    for at, stage in enumerate((Stage.CONVERTING, Stage.LISTENING, Stage.CONVERTING, Stage.LISTENING)):
        work.begin(stage, float(at))
    work.end(4.0)
    assert [task.seconds for task in work.tasks()] == [2.0, 2.0]


def test_what_is_not_on_the_plan_ends_what_was_before_and_is_not_shown():
    work = Work()
    work.expect([Stage.THINKING])
    work.begin(Stage.THINKING, 0.0)
    work.begin(Stage.POSTING, 1.0)
    assert statuses(work) == [Status.COMPLETE]


def test_what_it_failed_in_is_told():
    work = Work()
    work.expect(EXPECTED)
    work.begin(Stage.FETCHING, 0.0)
    work.begin(Stage.LISTENING, 1.0)
    work.end(3.0, failed=True)
    assert statuses(work) == [Status.COMPLETE, Status.ERROR, Status.PENDING]
    assert work.title() == "Stopped after 3.0 s"
    assert work.tasks()[1].title == "What is said could not be written down · 2.0 s"


def test_what_took_no_time_is_shown_without_one():
    work = Work()
    work.expect([Stage.FETCHING])
    work.begin(Stage.FETCHING, 0.0)
    work.rest(0.01)
    assert [task.title for task in work.tasks()] == ["Fetched the recording"]


def test_every_stage_that_can_be_on_a_plan_has_words_for_every_state():
    assert set(TITLES) == set(Stage) - {Stage.POSTING}
    assert all(set(words) == set(Status) for words in TITLES.values())


def test_without_a_plan_there_is_no_block():
    assert to_blocks(Work()) == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185.0, "3 min 05 s")],
)
def test_times_are_for_people(seconds: float, words: str):
    assert show_seconds(seconds) == words
