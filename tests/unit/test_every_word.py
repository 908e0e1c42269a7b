"""Every word that people read in chat goes through `bot.words`: nothing is left in English for who speaks another language.

A language is made up in which each sentence of the code stands between ⟦ and ⟧, the blanks outside of them. What is read
outside of the marks must be data: names, numbers, code, what somebody said and what a model answered.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.controls import rows, to_modal
from adapters.discord.outcomes import ADVICE as DISCORD_ADVICE, DiscordRefusal
from adapters.discord.panel import to_panel
from adapters.discord.registration import LOCALES, to_registration
from adapters.discord.translate import thread_name
from adapters.gateways.fal.errors import WORDS
from adapters.slack.agents import STATUS
from adapters.slack.commands import to_root, to_typed
from adapters.slack.controls import card, to_view
from adapters.slack.home import to_home_view
from adapters.slack.outcomes import ADVICE as SLACK_ADVICE, SlackRefusal
from adapters.slack.panel import to_settings_view
from adapters.slack.plan import Status, Task
from adapters.slack.translate import Identity
from bot.domain import errors
from bot.domain.access import welcome
from bot.domain.channels import SETTINGS, show_setting
from bot.domain.commands import COMMANDS, DOOR, SHORTCUTS, CommandCall
from bot.domain.controls import CONTROLS, Press
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelRefused, MynahError, PostRefused
from bot.domain.messages import Action, Addressed, Author, Message
from bot.domain.money import CallKind, Nanodollars
from bot.domain.panel import ROWS
from bot.domain.shortcuts import LANGUAGES as LANGUAGES_OF_MODELS
from bot.pipeline.intake import StoredIntake
from bot.pipeline.warn import WARNINGS
from bot.ports import Stage
from bot.words import LANGUAGES, say, speaking, teaching
from tests.doubles.catalogue import MARKED, Marks
from tests.doubles.gateway import Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.unit.test_turn import wav

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from words import said_in_the_code

ADA = Author(id="U", name="Ada", locale=MARKED)
GRACE = Author(id="U2", name="Grace", locale=MARKED)
ME = Identity(team="T", user="UMYNAH", bot="B")
NOTE = replace(message("1", "", VOICE_NOTE), author=ADA)

_SAID = re.compile(r"⟦[^⟦⟧]*(?:⟧|$)", re.MULTILINE)
_CODE = re.compile(r"`[^`]*`|<[@#!][^>]*>|https?://\S+|/mynah(?: \w+)?|\S+/\S+|\b\w+_\w+\b|\b[A-Z]{2,}\w*")
_WORD = re.compile(r"[^\W\d_]{2,}")

SPANS = ("UTC",)
NAMES = {
    *COMMANDS,
    DOOR,
    *(option.name for command in COMMANDS.values() for option in command.options),
    *SETTINGS,
    MARKED,
    *LANGUAGES,
    *LANGUAGES.values(),
    *("memory", "scripted", "local", "Memory", "Slack", "Discord", "Mynah", "Ada", "Grace", "voice.wav"),
    *SPANS,
}
MOST_OF_A_LABEL, MOST_OF_A_TITLE, MOST_OF_A_FIELD, MOST_OF_A_MENU = 25, 24, 45, 32

VALUES = {show_setting(setting.default) for setting in SETTINGS.values()}


def everything_said() -> set[str]:
    ids = (each.id for each in said_in_the_code() if each.id)
    return {one for each in ids for one in (each if isinstance(each, tuple) else (each,))}


def unsaid(text: str, *data: str) -> list[str]:
    """Return the words of a text that are neither said nor data."""
    left = _SAID.sub(" ", text)
    for known in sorted({*data, *VALUES}, key=len, reverse=True):
        left = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", " ", left) if known else left
    return [word for word in _WORD.findall(_CODE.sub(" ", left)) if word not in NAMES]


@pytest.fixture(scope="module", autouse=True)
def _marks() -> Iterator[None]:
    with teaching(MARKED, Marks(everything_said())):
        yield


@pytest.fixture
def home(tmp_path: Path) -> TestHouse:
    made = open_test_house(tmp_path, reply="text", voice_notes="both")
    made.platform.files[VOICE_NOTE.id] = wav(2)
    return made


def posts(home: TestHouse) -> list[str]:
    return [post.text for post in home.platform.posts.values()]


def test_the_marks_find_what_was_forgotten():
    with speaking(MARKED):
        assert say("{amount} left", amount="$5").startswith("$5⟦ left")
        assert not unsaid(say("{amount} left", amount="$5"))
        assert unsaid(say("{amount} left", amount="five euros")) == ["five", "euros"]
        assert unsaid("Nobody marked this.") == ["Nobody", "marked", "this"]


# --- commands ----------------------------------------------------------------

USES: Sequence[tuple[str, Mapping[str, str]]] = (
    *((name, {}) for name in COMMANDS),
    ("help", {"command": "transcribe"}),
    ("help", {"command": "usage"}),
    ("help", {"command": "dance"}),
    ("model", {"kind": "chat"}),
    ("model", {"kind": "dance"}),
    ("model", {"kind": "chat", "model": "scripted/omni"}),
    ("model", {"kind": "chat", "model": "scripted/mouth"}),
    ("model", {"kind": "speech", "model": "scripted/ear"}),
    ("model", {"kind": "chat", "model": "scripted/nobody"}),
    ("model", {"kind": "chat", "model": "elsewhere/nobody"}),
    ("model", {"kind": "chat", "model": "omni"}),
    ("model", {"kind": "chat", "model": "default"}),
    ("voice", {"voice": "alice"}),
    *(("settings", {"name": name}) for name in SETTINGS),
    ("settings", {"name": "dance"}),
    ("settings", {"name": "temperature", "value": "3"}),
    ("settings", {"name": "temperature", "value": "warm"}),
    ("settings", {"name": "reasoning", "value": "7"}),
    ("settings", {"name": "reply", "value": "7"}),
    ("settings", {"name": "allow", "value": "?"}),
    ("settings", {"name": "reply", "value": "both"}),
    ("settings", {"name": "direct_messages", "value": "off"}),
    ("budget", {"period": "day"}),
    ("budget", {"period": "year"}),
    ("budget", {"period": "day", "dollars": "5"}),
    ("budget", {"period": "month", "dollars": "0"}),
    ("budget", {"period": "month", "dollars": "5,0"}),
    ("me", {"voice": "on"}),
    ("me", {"language": "auto off"}),
    ("me", {"language": "klingon"}),
    ("pair", {"code": "ABC"}),
    ("forget", {}),
    ("dance", {}),
)
GIVEN = frozenset({word for _, options in USES for value in options.values() for word in (value, *value.split())})
USED_WITH = ("elsewhere", "nobody", "alice", "omni", "transcription", "speech", "chat", "video", "ear")


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("may_manage", [True, False])
async def test_every_command_answers_in_one_language(home: TestHouse, may_manage: bool, direct: bool):
    place = replace(NOTE.place, direct=direct)
    await _settled_budget(home)
    await home.say(replace(NOTE, place=place))
    known = {"it has", *home.gateway.models, *_voices(home), *USED_WITH}
    for name, options in USES:
        if name in COMMANDS and COMMANDS[name].answer == "turn":
            continue
        call = CommandCall(name=name, options=options, place=place, author=ADA, may_manage=may_manage)
        answer = await StoredIntake(home.house).command(call)
        assert not unsaid(answer, *GIVEN, *known), (name, options, answer)


async def _settled_budget(home: TestHouse) -> None:
    for scope in ("service", "memory", "memory:W", "memory:W:@U"):
        await home.house.ledger.set_budget(scope, _day(), Nanodollars(5_000_000_000), by="U2")


def _day() -> Any:
    return next(iter(WARNINGS))


def _voices(home: TestHouse) -> set[str]:
    return {voice for can in home.gateway.models.values() for voice in can.voices}


async def test_what_is_for_others_is_refused_in_their_language(home: TestHouse):
    assert not unsaid(await _receipt_without_calls(home))
    with speaking(MARKED):
        assert not unsaid(welcome("ABCDEFGH"), "ABCDEFGH")


async def _receipt_without_calls(home: TestHouse) -> str:
    call = CommandCall(name="receipt", options={}, place=NOTE.place, author=GRACE, may_manage=False)
    return await StoredIntake(home.house).command(call)


# --- errors ------------------------------------------------------------------

MADE: Mapping[str, Mapping[str, Any]] = {
    "MediaTooLarge": {"limit": 5_000_000},
    "MediaTooLong": {"seconds": 900.0, "limit": 600.0},
    "BudgetExceeded": {
        "scope": "service",
        "period": "month",
        "limit": Nanodollars(5),
        "left": Nanodollars(1),
        "needed": Nanodollars(4),
        "resets_at": 1_700_000_000_000,
    },
    "SettingInvalid": {"name": "reply"},
}
TREE = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MynahError)]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_is_told_in_one_language(kind: type[MynahError]):
    error = _made(kind)
    with speaking(MARKED):
        assert not unsaid(error.sentence, "NOBODY SAYS"), error.sentence


def _made(kind: type[MynahError]) -> MynahError:
    given = MADE.get(kind.__name__, {})
    try:
        return kind(**given)
    except TypeError:
        return kind("NOBODY SAYS") if not given else kind(**given, reason="NOBODY SAYS")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "refusal",
    [
        *(SlackRefusal(name) for name in SLACK_ADVICE),
        SlackRefusal("dance", needed="dance"),
        *(DiscordRefusal(code, "dance") for code in (*DISCORD_ADVICE, 1)),
    ],
    ids=str,
)
def test_what_platforms_refuse_is_told_in_one_language(refusal: PostRefused):
    with speaking(MARKED):
        assert not unsaid(say(refusal.reason), *SLACK_ADVICE, "dance"), refusal.reason


def test_what_a_gateway_refuses_in_our_words_is_told_in_one_language():
    with speaking(MARKED):
        assert not [words for words in WORDS.values() if unsaid(say(words))]


# --- turns -------------------------------------------------------------------

HEARD, ANSWERED = "Good morning, Mynah.", "Good morning to you."


@pytest.mark.parametrize("reply", ["text", "voice", "both"])
@pytest.mark.parametrize("long", [False, True])
async def test_a_voice_note_is_answered_in_one_language(tmp_path: Path, reply: str, long: bool):
    home = open_test_house(tmp_path, reply=reply, voice_notes="both")
    home.platform.files[VOICE_NOTE.id] = wav(2)
    home.gateway.answers[CallKind.CHAT] = ANSWERED
    home.gateway.answers[CallKind.TRANSCRIPTION] = f"{HEARD} " * (200 if long else 1)
    await home.say(NOTE)
    assert posts(home)
    assert not unsaid(" \n".join(posts(home)), HEARD, ANSWERED), posts(home)


SAID: Sequence[Message] = (
    NOTE,
    replace(message("1", "Hello?"), author=ADA),
    replace(message("1", "Hello!", command="say"), author=ADA),
)


@pytest.mark.parametrize("kind", [ModelRefused, ModelBusy, ModelInDoubt])
@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("said", SAID, ids=["hear", "answer", "speak"])
async def test_what_goes_wrong_is_told_in_one_language(
    tmp_path: Path, said: Message, others: bool, kind: type[ModelProblem]
):
    more: dict[str, Any] = (
        dict.fromkeys(("chat_model", "transcription_model"), "scripted/nobody, scripted/omni") if others else {}
    )
    home = open_test_house(tmp_path, reply="text", voice_notes="both", **more)
    home.platform.files[VOICE_NOTE.id] = wav(2)
    home.gateway.answers[CallKind.CHAT], home.gateway.answers[CallKind.TRANSCRIPTION] = ANSWERED, HEARD
    home.gateway.fail(Point.SENT, *[kind("THE VENDOR SAYS", model="scripted/ear")] * (1 if others else 9))
    await home.say(said)
    assert posts(home)
    assert not unsaid(" \n".join(posts(home)), HEARD, ANSWERED, "THE VENDOR SAYS"), posts(home)
    call = CommandCall(name="receipt", options={}, place=said.place, author=ADA, may_manage=True)
    receipt = await StoredIntake(home.house).command(call)
    assert not unsaid(receipt, "THE VENDOR SAYS"), receipt


@pytest.mark.parametrize("command", list(SHORTCUTS))
async def test_a_message_that_has_nothing_for_a_shortcut_is_told_in_one_language(home: TestHouse, command: str):
    said = replace(message("2", "", command=command), author=ADA, addressed=Addressed.COMMAND)
    await home.say(said)
    assert not unsaid(" \n".join(posts(home))), posts(home)


async def test_a_budget_that_is_used_up_is_told_in_one_language(home: TestHouse):
    await home.house.ledger.set_budget("service", _day(), Nanodollars(1), by="U2")
    home.gateway.answers[CallKind.TRANSCRIPTION] = HEARD
    await home.say(NOTE)
    assert not unsaid(" \n".join(posts(home)), HEARD, "service"), posts(home)


# --- what is pressed ---------------------------------------------------------


@pytest.mark.parametrize("action", list(Action))
async def test_what_is_pressed_is_answered_in_one_language(home: TestHouse, action: Action):
    home.gateway.answers[CallKind.CHAT], home.gateway.answers[CallKind.TRANSCRIPTION] = ANSWERED, HEARD
    await home.say(NOTE)
    for _ in range(2):
        press = Press(action=action, job=NOTE.job_id, place=NOTE.place, author=ADA, may_manage=True)
        response = await StoredIntake(home.house).press(press)
        with speaking(response.language):
            shown = [*card(NOTE.job_id, response.actions), *rows(NOTE.job_id, response.actions)]
            forms = [to_view(response.form), to_modal(response.form)] if response.form else []
        assert not unsaid(response.text), response.text
        assert not _unsaid_of([shown, forms], HEARD), (shown, forms)
        await home.work()


async def test_a_reply_keeps_its_language_when_somebody_corrects_it_who_speaks_another(home: TestHouse):
    home.gateway.answers[CallKind.TRANSCRIPTION] = f"{HEARD} " * 200
    await home.say(replace(NOTE, author=replace(ADA, locale="en")))
    press = Press(action=Action.CORRECT, job=NOTE.job_id, place=NOTE.place, author=GRACE, may_manage=True)
    form = (await StoredIntake(home.house).press(press)).form
    assert form is not None
    filled = {"words0": form.fields[0].value.replace("Mynah", "Starling")}
    response = await StoredIntake(home.house).press(replace(form.press, filled=filled, shown=form.shown))
    await home.work()
    assert not unsaid(response.text)
    assert posts(home)[0].startswith("_Recording of ")
    assert "Starling" in posts(home)[0]


def test_the_buttons_under_a_reply_are_in_one_language():
    with speaking(MARKED):
        assert not _unsaid_of([card(NOTE.job_id, tuple(Action)), rows(NOTE.job_id, tuple(Action))])


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_what_platforms_have_little_room_for_fits_in_every_language(language: str):
    with speaking(language):
        for control in CONTROLS.values():
            assert len(say(control.label)) <= MOST_OF_A_LABEL, control
            assert len(say(control.opens)) <= MOST_OF_A_TITLE, control
        for row in ROWS:
            assert len(say(row.label)) <= MOST_OF_A_FIELD, row
        for words in ("Answer again with these words", "What was said"):
            assert len(say(words)) <= MOST_OF_A_FIELD, words
        for title in (command.shortcut.title for command in SHORTCUTS.values() if command.shortcut):
            assert len(say(title)) <= MOST_OF_A_MENU, title


# --- pages -------------------------------------------------------------------

READ = frozenset({"text", "label", "title", "placeholder", "description", "content", "hint", "accessibility_label"})


def texts(shown: object, name: str = "") -> Iterator[str]:
    """Yield what people read of blocks and components."""
    if isinstance(shown, str) and name in READ:
        yield shown
    elif isinstance(shown, Mapping):
        for key, value in shown.items():
            yield from texts(value, str(key))
    elif isinstance(shown, Sequence) and not isinstance(shown, str):
        for value in shown:
            yield from texts(value, name)


def _unsaid_of(shown: object, *data: str) -> list[str]:
    return [word for text in texts(shown) for word in unsaid(text, *data)]


@pytest.mark.parametrize("may_manage", [True, False])
async def test_the_settings_are_shown_in_one_language(home: TestHouse, may_manage: bool):
    place = replace(NOTE.place, direct=False)
    await home.house.channels.set(place.scopes[1], "reply", "both", by="U")
    call = CommandCall(name="settings", options={}, place=place, author=ADA, may_manage=may_manage)
    form = await StoredIntake(home.house).settings(call)
    assert not unsaid(form.refusal)
    shown = [to_panel(form, {}), to_settings_view(form, "C") if may_manage else ()]
    tags = [f"({tag})" for tag in LANGUAGES_OF_MODELS]
    assert not _unsaid_of(shown, *_voices(home), *tags), list(texts(shown))


async def test_the_page_of_a_person_is_in_one_language(home: TestHouse):
    await home.say(NOTE)
    await _settled_budget(home)
    place = replace(NOTE.place, channel="", direct=True)
    page = await StoredIntake(home.house).home(place, ADA, channels=("C", "D"))
    assert not _unsaid_of(to_home_view(page)), to_home_view(page)


# --- what platforms show besides ----------------------------------------------


def test_what_is_shown_of_the_work_is_in_one_language():
    with speaking(MARKED):
        told = [say(words) for words in STATUS.values()]
        told += [Task(stage=stage, status=status, seconds=70).title for stage in Stage for status in _shown(stage)]
        told += [thread_name(NOTE), thread_name(replace(NOTE, author=Author(id="U")))]
        assert not [word for text in told for word in unsaid(text)]


def _shown(stage: Stage) -> Sequence[Status]:
    return () if stage is Stage.POSTING else tuple(Status)


def test_a_command_that_was_typed_is_answered_in_one_language():
    def typed(name: str, text: str) -> Mapping[str, str]:
        return {"command": f"/{name}", "text": text, "channel_id": "C", "user_id": "U", "user_name": "ada"}

    with speaking(MARKED):
        for name, command in COMMANDS.items():
            empty = to_typed(typed(DOOR, name), ME)
            assert empty is not None
            assert not unsaid(say(empty.lacks), command.usage), say(empty.lacks)
        asked = to_typed(typed("ask", "why"), ME)
        assert asked is not None
        assert not unsaid(to_root(asked), "why", "/ask")


def test_what_discord_lists_of_the_commands_is_translated_whole():
    for command in to_registration(_in_marks):
        for told in _described(command):
            assert told in {None, *LOCALES} or not unsaid(str(told)), told


def _in_marks(text: str) -> Mapping[str, str]:
    with speaking(MARKED):
        return {"de": say(text)}


def _described(node: Mapping[str, Any]) -> Iterator[str]:
    if node["name"] != DOOR:
        yield node["name_localizations"]["de"]
    if "description" in node:
        yield node["description_localizations"]["de"]
    for option in node.get("options") or ():
        yield from _described(option)
