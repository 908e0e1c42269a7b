"""Who may use Mynah where, and how much of it within the hour."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.access import HOUR_MS, NO_DIRECT_MESSAGES, NOT_ALLOWED, NOT_PAIRED, Rate, is_stranger, rate, refusal
from bot.domain.attention import is_heard
from bot.domain.channels import (
    SETTINGS,
    ChannelConfig,
    ConfigLayer,
    DirectMessages,
    check_setting,
    parse_setting,
    settle,
    show_setting,
)
from bot.domain.commands import COMMANDS, CommandCall
from bot.domain.errors import SettingInvalid
from bot.domain.jobs import JobStatus
from bot.domain.messages import Addressed, Author, Message, Place
from bot.pipeline.command import FOR_ALL, carry_out
from bot.pipeline.intake import StoredIntake
from tests.contracts.sounds import tone, write_wav
from tests.doubles.clock import ManualClock
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house

DIRECT = message().place
CHANNEL = replace(DIRECT, channel="general", direct=False)
THREAD = replace(CHANNEL, thread="7")
ADA, GRACE = message().author, Author(id="G", name="Grace")

MEMBER = replace(ADA, groups=("S1", "S2"))


@pytest.fixture
def made(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path, reply="text")
    made.platform.files[VOICE_NOTE.id] = Path(write_wav(tmp_path / "note.wav", tone(1))).read_bytes()
    return made


def clock(made: TestHouse) -> ManualClock:
    assert isinstance(made.house.clock, ManualClock)
    return made.house.clock


def said(key: str, text: str = "hello?", *, place: Place = CHANNEL, by: Author = ADA) -> Message:
    return replace(message(key, text), place=place, author=by, addressed=Addressed.MENTION)


async def answers(made: TestHouse, *messages: Message) -> list[str]:
    """Return what is posted when somebody says something."""
    before = len(made.platform.posts)
    for each in messages:
        await made.say(each)
    return [posted.text for posted in made.platform.posts.values()][before:]


async def configure(made: TestHouse, scope: str, **values: str) -> None:
    for name, value in values.items():
        await made.house.channels.set(scope, name, value, by="test")


# --- the rules -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "place", "told"),
    [
        (ChannelConfig(), CHANNEL, ""),
        (ChannelConfig(allow=("U", "G")), CHANNEL, ""),
        (ChannelConfig(allow=("G",)), CHANNEL, NOT_ALLOWED),
        (ChannelConfig(deny=("G",)), CHANNEL, ""),
        (ChannelConfig(deny=("G", "U")), CHANNEL, NOT_ALLOWED),
        (ChannelConfig(allow=("U",), deny=("U",)), CHANNEL, NOT_ALLOWED),
        (ChannelConfig(direct_messages=DirectMessages.OFF), CHANNEL, ""),
        (ChannelConfig(direct_messages=DirectMessages.OFF), DIRECT, NO_DIRECT_MESSAGES),
        (ChannelConfig(direct_messages=DirectMessages.OFF, deny=("U",)), DIRECT, NOT_ALLOWED),
        (ChannelConfig(allow=("S1",)), CHANNEL, ""),
        (ChannelConfig(deny=("S1",)), CHANNEL, NOT_ALLOWED),
        (ChannelConfig(direct_messages=DirectMessages.PAIRED), CHANNEL, ""),
        (ChannelConfig(direct_messages=DirectMessages.PAIRED), DIRECT, NOT_PAIRED),
    ],
)
def test_who_is_refused(config: ChannelConfig, place: Place, told: str):
    assert refusal(MEMBER, place, config) == told


def test_who_is_denied_and_did_not_speak_to_us_is_not_heard():
    config = ChannelConfig(deny=("U",), hear_unmentioned=True)
    overheard = Message(key="1", place=THREAD, author=ADA, text="hello", attachments=(VOICE_NOTE,))
    assert is_heard(overheard, config, in_thread=True) is False
    assert is_heard(replace(overheard, author=GRACE), config, in_thread=True) is True
    assert is_heard(replace(overheard, addressed=Addressed.MENTION), config, in_thread=True) is True


@pytest.mark.parametrize(
    ("layers", "within"),
    [
        ([], "memory:W"),
        ([ConfigLayer(scope="service", values={"per_hour": "9"})], "memory:W"),
        ([ConfigLayer(scope="memory:W", values={"per_hour": "9"})], "memory:W"),
        ([ConfigLayer(scope="memory:W:general", values={"per_hour": "9"})], "memory:W:general"),
        ([ConfigLayer(scope="memory:W:general:7", values={"per_hour": "9"})], "memory:W:general:7"),
    ],
)
def test_messages_are_counted_in_the_scope_that_sets_the_limit(layers: list[ConfigLayer], within: str):
    assert rate(settle(layers), THREAD) == Rate(limit=9 if layers else 0, within=within)


def test_the_next_message_is_answered_an_hour_after_the_first_of_the_last_few():
    now = 10 * HOUR_MS
    two = Rate(limit=2, within="memory:W")
    assert two.goes_on_at([], now) is None
    assert two.goes_on_at([now], now) is None
    assert two.goes_on_at([now, now - 5], now) == now - 5 + HOUR_MS
    assert two.goes_on_at([now, now - HOUR_MS + 1], now) == now + 1
    assert two.goes_on_at([now, now - HOUR_MS], now) is None
    assert Rate(limit=0, within="memory:W").goes_on_at([now, now, now], now) is None


def test_the_time_is_told_in_minutes_and_by_the_clock():
    some, one = Rate(limit=20, within=""), Rate(limit=1, within="")
    now = 1_760_000_000_000
    assert some.sentence(now + 12 * 60_000 + 1, now) == (
        "That is more than the 20 messages an hour that I answer each person here. "
        "I am glad to go on at 9 October, 09:05 UTC, in 13 minutes."
    )
    assert "the 1 message an hour" in one.sentence(now + 1, now)
    assert one.sentence(now + 1, now).endswith("in 1 minute.")


# --- the settings ----------------------------------------------------------------


def test_people_are_read_as_ids_and_as_mentions():
    assert parse_setting("deny", "U1, <@U2> ,<@U3|ada>,<@!80351>, U1, @U4") == ("U1", "U2", "U3", "80351", "U4")
    assert parse_setting("allow", "") == ()
    assert show_setting(parse_setting("allow", "<@U2>,U1")) == "U2, U1"
    for wrong in ("@ada", "Ada Lovelace", "<#C1>"):
        with pytest.raises(SettingInvalid, match="allow"):
            parse_setting("allow", wrong)


def test_roles_and_user_groups_are_read_as_people_are():
    assert parse_setting("allow", "<@&80352>, <!subteam^S12|@team>,<!subteam^S13>, S14") == (
        "80352",
        "S12",
        "S13",
        "S14",
    )


def test_the_old_values_of_direct_messages_are_read():
    texts = {"on": "on", "yes": "on", "true": "on", "off": "off", "no": "off", "FALSE": "off", "paired": "paired"}
    assert {text: show_setting(parse_setting("direct_messages", text)) for text in texts} == texts


def test_only_who_lacks_nothing_else_is_a_stranger():
    paired = ChannelConfig(direct_messages=DirectMessages.PAIRED)
    assert is_stranger(ADA, DIRECT, paired, paired=False)
    assert not is_stranger(ADA, DIRECT, paired, paired=True)
    assert not is_stranger(ADA, CHANNEL, paired, paired=False)
    assert not is_stranger(ADA, DIRECT, replace(paired, deny=("U",)), paired=False)
    assert not is_stranger(ADA, DIRECT, ChannelConfig(direct_messages=DirectMessages.OFF), paired=False)
    assert refusal(ADA, DIRECT, paired, paired=True) == ""


def test_direct_messages_are_set_for_a_whole_workspace():
    for scope in ("slack:T1", "discord:"):
        check_setting(scope, "direct_messages", "off")
    for scope in ("slack:T1:C1", "slack:T1:C1:7", "discord::42"):
        with pytest.raises(SettingInvalid, match=r"mynah channels set (slack:T1|discord:) direct_messages"):
            check_setting(scope, "direct_messages", "off")
    check_setting("slack:T1:C1", "deny", "U1")


@pytest.mark.parametrize("name", ["allow", "deny", "per_hour", "direct_messages"])
async def test_nobody_lets_themselves_in_in_a_direct_message_of_their_own(made: TestHouse, name: str):
    assert SETTINGS[name].guarded
    value = {"per_hour": "9", "direct_messages": "on"}.get(name, "U")
    call = CommandCall(
        name="settings", options={"name": name, "value": value}, place=DIRECT, author=ADA, may_manage=True
    )
    assert "Only people who may manage" in await carry_out(made.house, call)
    assert (await made.house.channels.config(DIRECT)).origins[name] == "default"


# --- who is refused ----------------------------------------------------------------


async def test_who_is_denied_is_told_so_and_nothing_is_fetched_asked_or_kept(made: TestHouse):
    await configure(made, "memory:W:general", deny="U")
    assert await answers(made, replace(said("1", "my secret"), attachments=(VOICE_NOTE,))) == [NOT_ALLOWED]
    assert made.gateway.requests == []
    (job,) = made.store.jobs.values()
    assert (job.status, job.message.text, job.message.attachments) == (JobStatus.DONE, "", ())
    assert await answers(made, said("2", by=GRACE)) != [NOT_ALLOWED]
    assert await answers(made, said("3", place=DIRECT)) != [NOT_ALLOWED], "elsewhere they may"


async def test_who_is_not_on_the_list_is_told_so(made: TestHouse):
    await configure(made, "memory:W", allow="<@G>")
    assert await answers(made, said("1"), said("2", place=DIRECT)) == [NOT_ALLOWED, NOT_ALLOWED]
    assert NOT_ALLOWED not in await answers(made, said("3", by=GRACE))


async def test_who_may_not_speak_to_us_is_told_why_before_they_do(made: TestHouse):
    intake = StoredIntake(made.house)
    assert await intake.refusal(DIRECT, ADA) == ""
    await configure(made, "memory:W", direct_messages="off", deny="U")
    assert await intake.refusal(CHANNEL, ADA) == NOT_ALLOWED
    assert "direct messages" in await intake.refusal(DIRECT, GRACE)
    assert await intake.refusal(CHANNEL, GRACE) == ""
    assert made.store.jobs == {}


async def test_direct_messages_can_be_switched_off(made: TestHouse):
    await configure(made, "memory:W", direct_messages="off")
    assert await answers(made, said("1", place=DIRECT)) == [NO_DIRECT_MESSAGES]
    assert await answers(made, said("2")) != [NO_DIRECT_MESSAGES]


@pytest.mark.parametrize("name", sorted(COMMANDS))
async def test_commands_are_refused_too_but_not_those_that_everybody_has_a_right_to(made: TestHouse, name: str):
    await configure(made, "memory:W", deny="U")
    call = CommandCall(name=name, place=CHANNEL, author=ADA, may_manage=False)
    told = await carry_out(made.house, call)
    assert (told == NOT_ALLOWED) is (name not in FOR_ALL and "I do not know" not in told)


async def test_who_manages_a_channel_lets_themselves_in_again(made: TestHouse):
    await configure(made, "memory:W:general", deny="U")
    call = CommandCall(
        name="settings", options={"name": "deny", "value": "default"}, place=CHANNEL, author=ADA, may_manage=True
    )
    assert (await carry_out(made.house, call)).startswith("Done.")
    assert await answers(made, said("1")) != [NOT_ALLOWED]


# --- how much ------------------------------------------------------------------------


async def test_more_than_the_limit_is_told_once_with_the_time_and_goes_on_then(made: TestHouse):
    await configure(made, "memory:W", per_hour="2")
    assert len(await answers(made, said("1"), said("2", place=DIRECT))) == 2
    calls = len(made.gateway.requests)
    (told,) = await answers(made, said("3"), said("4"), said("5", place=DIRECT))
    assert told.startswith("That is more than the 2 messages an hour that I answer each person here.")
    assert len(made.gateway.requests) == calls
    assert len(await answers(made, said("6", by=GRACE))) == 1, "others may"

    clock(made).advance(3600)
    (answer,) = await answers(made, said("7"))
    assert not answer.startswith("That is more")


async def test_who_is_over_the_limit_again_is_told_again(made: TestHouse):
    await configure(made, "memory:W", per_hour="1")
    for hour in range(2):
        _, told = await answers(made, *(said(f"{hour}{number}") for number in range(3)))
        assert told.startswith("That is more than the 1 message an hour")
        clock(made).advance(3600)


async def test_a_limit_of_a_channel_counts_there_alone(made: TestHouse):
    await configure(made, "memory:W:general", per_hour="1")
    assert len(await answers(made, said("1"), said("2", place=DIRECT), said("3", place=DIRECT))) == 3
    (told,) = await answers(made, said("4"))
    assert told.startswith("That is more")


async def test_a_command_is_told_each_time_since_somebody_waits_for_its_answer(made: TestHouse):
    await configure(made, "memory:W", per_hour="1")
    asked = [replace(said(str(number)), command="ask", addressed=Addressed.COMMAND) for number in range(3)]
    _, *told = await answers(made, *asked)
    assert [each.startswith("That is more") for each in told] == [True, True]


async def test_a_message_that_is_delivered_again_is_not_counted_again(made: TestHouse):
    await configure(made, "memory:W", per_hour="2")
    assert len(await answers(made, said("1"), said("1"), said("2"), said("2"), said("1"))) == 2


async def test_of_many_at_once_no_more_are_answered_than_may_be(made: TestHouse):
    await configure(made, "memory:W", per_hour="3")
    intake = StoredIntake(made.house)
    async with asyncio.TaskGroup() as group:
        stored = [group.create_task(intake.accept(said(str(number)))) for number in range(20)]
    assert sum(task.result() for task in stored) == 4, "and one who tells when it goes on"
    assert sum(not job.message.refusal for job in made.store.jobs.values()) == 3
