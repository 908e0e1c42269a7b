"""Small rules of the domain: who is heard, what is retried, what things cost, how commands are read."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from bot.domain.attention import is_heard
from bot.domain.channels import ChannelConfig, OnMedia
from bot.domain.commands import COMMANDS, Answer, split_options
from bot.domain.errors import MediaGone, ModelBusy, ModelUnreachable, MynahError, PostNotDone
from bot.domain.jobs import FOLLOWS as JOB_FOLLOWS, MAX_TRIES, JobStatus, decide_retry
from bot.domain.journal import FOLLOWS as STEP_FOLLOWS, StepState
from bot.domain.messages import Addressed, Attachment, Author, Message, Place
from bot.domain.money import Nanodollars, Usage, nanodollars, show_dollars

VOICE_NOTE = Attachment(id="F1", voice_note=True)
UPLOAD = Attachment(id="F2", declared_type="audio/mpeg")


def message(addressed: Addressed = Addressed.OVERHEARD, *, bot: bool = False, **values: object) -> Message:
    place = Place(platform="slack", workspace="T", channel="C")
    fields = {"key": "1", "place": place, "author": Author(id="U", is_bot=bot), "addressed": addressed, **values}
    return Message(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("addressed", [Addressed.DIRECT, Addressed.MENTION, Addressed.COMMAND])
def test_whoever_speaks_to_us_is_heard_unless_it_is_a_bot(addressed: Addressed):
    assert is_heard(message(addressed, text="hi"), ChannelConfig(), in_thread=False)
    assert not is_heard(message(addressed, text="hi", bot=True), ChannelConfig(), in_thread=True)
    assert not is_heard(message(addressed), ChannelConfig(), in_thread=True)


def test_a_thread_that_we_are_in_is_heard_and_others_are_not():
    assert is_heard(message(text="and now?"), ChannelConfig(), in_thread=True)
    assert not is_heard(message(text="and now?"), ChannelConfig(), in_thread=False)


def test_unmentioned_voice_notes_are_heard_where_that_is_switched_on():
    switched_on = ChannelConfig(hear_unmentioned=True)
    assert is_heard(message(attachments=(VOICE_NOTE,)), switched_on, in_thread=False)
    assert not is_heard(message(attachments=(VOICE_NOTE,)), ChannelConfig(), in_thread=False)
    assert not is_heard(message(attachments=(UPLOAD,)), switched_on, in_thread=False)
    ignoring = ChannelConfig(hear_unmentioned=True, voice_notes=OnMedia.IGNORE)
    assert not is_heard(message(attachments=(VOICE_NOTE,)), ignoring, in_thread=False)


def test_what_passes_is_tried_again_with_doubling_delays_and_at_last_given_up():
    delays = [decide_retry(ModelUnreachable("down"), tries).delay_seconds for tries in range(1, MAX_TRIES)]
    assert delays == [1.0, 2.0, 4.0, 8.0]
    assert not decide_retry(ModelUnreachable("down"), MAX_TRIES).retry


def test_what_the_vendor_asks_for_is_waited_for():
    assert decide_retry(ModelBusy("busy", retry_after=30), 1).delay_seconds == 30
    assert decide_retry(PostNotDone("busy", retry_after=7), 1).delay_seconds == 7


def test_what_no_retry_mends_is_given_up_at_once():
    assert not decide_retry(MediaGone("x"), 1).retry


def test_every_error_has_a_sentence_for_the_person_who_asked():
    def tree(kind: type[MynahError]) -> list[type[MynahError]]:
        return [kind, *(leaf for child in kind.__subclasses__() for leaf in tree(child))]

    drawn = __import__("bot.domain.errors", fromlist=["__doc__"]).__doc__ or ""
    for kind in tree(MynahError):
        if kind.__module__ == "bot.domain.errors":
            assert kind.__name__ in drawn, f"{kind.__name__} is missing in the picture"


def test_lifecycles_name_every_state():
    assert set(JOB_FOLLOWS) == set(JobStatus)
    assert set(STEP_FOLLOWS) == {None, *StepState}


@given(st.decimals(min_value=0, max_value=1000, places=9))
def test_nanodollars_lose_nothing_of_a_gateways_nine_decimals(dollars: Decimal):
    assert Decimal(nanodollars(dollars)) / 10**9 == dollars


def test_unknown_costs_are_never_zero():
    known, unknown = Usage(cost=Nanodollars(5)), Usage(cost=None)
    assert (known + unknown).cost is None
    assert (known + known).cost == 10
    assert [show_dollars(cost) for cost in (None, Nanodollars(0), Nanodollars(950_000))] == [
        "unknown",
        "free",
        "$0.00095",
    ]


def test_job_ids_are_unique_by_platform_workspace_channel_and_message():
    assert message(text="hi").job_id == "slack:T:C:1"


def test_a_command_line_is_split_at_its_options():
    assert split_options(COMMANDS["ask"], "what is this, please?") == {"question": "what is this, please?"}
    assert split_options(COMMANDS["model"], "chat  local/a, local/b") == {"kind": "chat", "model": "local/a, local/b"}
    assert split_options(COMMANDS["settings"], "") == {}
    assert split_options(COMMANDS["usage"], "anything") == {}


def test_commands_fit_what_platforms_take():
    for command in COMMANDS.values():
        assert command.name.islower()
        assert len(command.description) <= 100
        assert all(len(option.description) <= 100 for option in command.options)
        required = [option.required for option in command.options]
        assert required == sorted(required, reverse=True), "platforms want required options first"
    assert {"ask", "transcribe", "say"} <= {c.name for c in COMMANDS.values() if c.answer is Answer.TURN}
