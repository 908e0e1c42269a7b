"""A mistake of the person at the command line is told in one sentence, with status 2, and never with a traceback."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.commands import Shown, all_shown, is_one_sentence
from tests.acceptance.recordings import DATA
from tests.acceptance.service import Installation

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

NOTE = str(DATA / "voice-note.ogg")
SECRET = "xoxb-the-treasure-is-under-the-oak"


@pytest.fixture
def desk(tmp_path: Path) -> Installation:
    """Mynah with its embedded models and nothing set up."""
    return Installation(folder=tmp_path, settings={})


def all_told(seen: Sequence[Shown], said: Sequence[str]) -> None:
    for one, words in zip(seen, said, strict=True):
        assert one.status == 2, one
        assert is_one_sentence(one), one
        assert words in one.err, one


async def told(desk: Installation, mistakes: Mapping[str, Sequence[str]]) -> None:
    """Make every mistake, and look whether the words are said that stand before it."""
    all_told(await all_shown(desk, *mistakes.values()), list(mistakes))


async def test_commands_that_are_none(desk: Installation):
    await told(
        desk,
        {
            "No such command 'sing'": ["sing"],
            "Missing argument 'question'": ["ask"],
            "No such option: --aloud": ["say", "Hello", "--aloud"],
            "extra argument": ["transcribe", NOTE, NOTE],
            "'colour' is not one of 'model'": ["usage", "--by", "colour"],
            "'nonsense' is not a time span": ["usage", "--since", "nonsense"],
            "greater than or equal to 1": ["runs", "list", "--limit", "0"],
            "is a number, from the page": ["discord", "invite-url", "abc"],
        },
    )


async def test_files_that_cannot_be_used(desk: Installation):
    (desk.folder / "note.ogg").write_text("I am no recording.\n")
    (desk.folder / "cut [bold].ogg").write_bytes((DATA / "voice-note.ogg").read_bytes()[:60])
    small = replace(desk, settings={"LIMITS__MEGABYTES": "0.001"})
    short = replace(desk, settings={"LIMITS__MINUTES": "0.05"})
    await told(
        desk,
        {
            "nowhere.ogg: there is no such file": ["transcribe", "nowhere.ogg"],
            "no audio or video": ["transcribe", "note.ogg", "--json"],
            "I could not hear that file": ["transcribe", "cut [bold].ogg"],
            "no[/x].ogg: there is no such file": ["demo", "no[/x].ogg"],
            "there is no such file": ["ask", "What is it?", "-f", NOTE, "-f", "nowhere.ogg"],
            "nofolder/x.ogg: no file can be written there": ["say", "Hello", "-o", "nofolder/x.ogg"],
            "must end in one of .ogg": ["say", "Hello", "-o", "x.doc"],
        },
    )
    await told(small, {"larger than": ["transcribe", NOTE]})
    await told(short, {"longer than": ["transcribe", NOTE]})
    runs = await all_shown(desk, ["runs", "list"])
    assert runs[0].out == "Nothing was said to Mynah yet.\n", "what is refused at once is no job"


async def test_budgets_that_make_no_sense(desk: Installation):
    await told(
        desk,
        {
            "there is no platform 'slak'; a scope is service, users, PLATFORM": [
                "budget",
                "set",
                "slak:T1",
                "day",
                "5",
            ],
            "slack:T1:C1:1.2: a scope is service": ["budget", "set", "slack:T1:C1:1.2", "day", "5"],
            "period: 'week' is neither day nor month": ["budget", "set", "service", "week", "5"],
            "dollars: '5,50' is no amount such as 5": ["budget", "set", "service", "day", "5,50"],
            "Missing argument 'dollars'": ["budget", "set", "service", "day"],
            "period: '5' is neither day nor month": ["budget", "unset", "service", "5"],
        },
    )


async def test_places_settings_and_runs_that_are_none(desk: Installation):
    await told(
        desk,
        {
            "a place is PLATFORM:WORKSPACE": ["channels", "explain", "nonsense"],
            "there is no platform slak": ["channels", "set", "slak:T1", "reply", "text"],
            "there is no such setting": ["channels", "set", "slack:T1", "colour", "red"],
            "colour: there is no such setting": ["channels", "unset", "slack:T1", "colour"],
            "temperature: 'hot' is not a number": ["channels", "set", "slack:T1", "temperature", "hot"],
            "there is no such run; `mynah runs list`": ["runs", "show", "nothing"],
            "there is no such run, or": ["runs", "retry", "nothing"],
            "nothing: there is no such run": ["runs", "cancel", "nothing"],
        },
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("turns = = 3", "mynah.toml: is not TOML: Invalid value (at line 1, column 9)"),
        ("turns = 3\nbirds = 4", "birds: there is no such setting"),
        (f'[slack]\nbot_tokn = "{SECRET}"', "slack.bot_tokn: there is no such setting, but there is slack.bot_token"),
    ],
)
async def test_a_settings_file_that_is_wrong(desk: Installation, text: str, said: str):
    (desk.folder / "mynah.toml").write_text(text)
    seen = await all_shown(desk, ["config", "check"])
    all_told(seen, [said])
    assert SECRET not in seen[0].err


async def test_variables_that_are_wrong(desk: Installation):
    for settings, said in (
        ({"TURNS": "many"}, "turns: must be a valid integer"),
        ({"SLACK__BOT_TOKN": SECRET}, "slack.bot_tokn: there is no such setting"),
        ({"CONFIG": "nowhere.toml"}, "MYNAH_CONFIG: there is no file nowhere.toml"),
        ({"DATABASE": f"mysql://ada:{SECRET}@db"}, "database: must be of the form sqlite:///"),
    ):
        seen = await all_shown(replace(desk, settings=settings), ["runs", "list"])
        all_told(seen, [said])
        assert SECRET not in seen[0].err


async def test_serve_without_a_platform(desk: Installation):
    await told(desk, {"neither Slack nor Discord is set up": ["serve"]})
