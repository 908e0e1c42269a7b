"""On a platform that shows the plan of a turn, the reply stands there before it says anything, and is one post at its end."""

from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.jobs import JobStatus
from bot.domain.messages import Message
from bot.pipeline.live import DRAFT
from bot.ports import Paced, Stage
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.platform import MemoryPlatform, Trouble
from tests.unit.test_turn import clips, only_job, texts, wav

REPLY = "> Good morning, Mynah.\n\nGood morning to you, too."


class CrowdedPlatform(MemoryPlatform, Paced):
    """A platform on which others use up all that may change."""

    @override
    def has_room(self, answering: Message) -> bool:
        return False


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path)
    made.platform.files["note"] = wav()
    made.platform.abilities = replace(made.platform.abilities, shows_plan=True)
    return made


async def test_the_plan_of_a_voice_note_is_known_before_anybody_listens(home: TestHouse):
    await home.say(message("1", "", VOICE_NOTE))
    assert home.platform.expected == (
        Stage.FETCHING,
        Stage.CONVERTING,
        Stage.LISTENING,
        Stage.THINKING,
        Stage.SPEAKING,
    )
    assert home.platform.topic == "Good morning, Mynah."
    assert next(iter(home.platform.posts.values())).key.endswith(DRAFT)
    assert texts(home) == [REPLY]
    assert len(clips(home)) == 1


async def test_words_alone_need_no_plan(home: TestHouse):
    await home.say(message("1", "Hello"))
    assert home.platform.expected == ()
    assert home.platform.topic == "Hello"
    assert len(texts(home)) == 1


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.LOST_BEFORE, Trouble.LOST_AFTER])
async def test_a_plan_in_trouble_leaves_one_reply(home: TestHouse, trouble: Trouble):
    home.platform.troubles.append(trouble)
    await home.say(message("1", "", VOICE_NOTE))
    assert texts(home) == [REPLY]
    assert only_job(home) is JobStatus.DONE


async def test_a_plan_that_is_refused_once_does_not_cost_the_reply(home: TestHouse):
    home.platform.troubles.append(Trouble.REFUSED)
    await home.say(message("1", "", VOICE_NOTE))
    assert texts(home) == [REPLY]
    assert only_job(home) is JobStatus.DONE


async def test_a_recording_that_cannot_be_heard_ends_the_plan_with_a_sentence(home: TestHouse):
    home.platform.files["note"] = b"noise"
    await home.say(message("1", "", VOICE_NOTE))
    [sentence] = texts(home)
    assert "…" not in sentence
    assert home.platform.views == 0


async def test_where_there_is_no_room_to_grow_a_reply_is_posted_whole_and_never_edited(home: TestHouse):
    crowded = CrowdedPlatform(abilities=home.platform.abilities, files=home.platform.files)
    made = replace(home, platform=crowded, house=replace(home.house, platforms={crowded.name: crowded}))
    await made.say(message("1", "", VOICE_NOTE))
    assert texts(made) == [REPLY]
    assert [post.edits for post in crowded.posts.values()] == [0, 0]
