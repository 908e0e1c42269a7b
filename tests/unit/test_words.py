import json
import sys
from copy import deepcopy
from pathlib import Path
from string import Formatter

import pytest

from bot.words import ENGLISH, LANGUAGES, _read, language_of, open_catalogues, phrase, say, say_count, speaking

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))
from words import brought_up_to_date, catalogue_path, compiled, read_catalogue, said_in, written  # noqa: E402

OTHERS = sorted(LANGUAGES.keys() - {ENGLISH})


def test_a_sentence_is_said_in_english_where_nobody_chose():
    assert say("That file is no longer there, so I could not listen to it.") == (
        "That file is no longer there, so I could not listen to it."
    )
    assert say("{amount} left", amount="$5") == "$5 left"


def test_a_phrase_is_english_by_itself_also_as_json():
    reason = phrase("All of {platform}", platform="Slack")
    assert reason == "All of Slack"
    assert json.loads(json.dumps([reason])) == ["All of Slack"]


def test_a_phrase_is_said_in_the_language_of_the_moment_alone_and_within_a_sentence():
    month = phrase("December")
    with speaking("de"):
        assert say(month) == "Dezember"
        assert say("{day} {month}, {time} UTC", day=1, month=month, time="00:00") == "1. Dezember, 00:00 UTC"
    assert say(month) == "December"


def test_words_of_a_person_are_never_taken_for_blanks():
    assert say("{amount} left", amount="{amount}{0}") == "{amount}{0} left"


def test_numbers_choose_the_form_of_the_language():
    assert [say_count("{count} message", "{count} messages", n) for n in (0, 1, 2)] == [
        "0 messages",
        "1 message",
        "2 messages",
    ]
    with speaking("fr"):
        assert say_count("{count} message", "{count} messages", 0) == "0 message"
    with speaking("ja"):
        assert say_count("{count} message", "{count} messages", 1) == "1 件のメッセージ"


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de", "de"), ("pt-BR", "pt"), ("zh_TW", "zh"), ("es-419", "es"), ("EN-gb", "en"), ("nl", ""), ("", "")],
)
def test_a_locale_has_a_language(locale: str, language: str):
    assert language_of(locale) == language


def test_what_is_said_is_found_also_within_other_texts():
    source = """
told = f"**{say('One')}** {amount:>{len(say('Two {x}', x=1))}}", phrase("Three")
say_count("{count} four", "{count} fours", 4)
say(told)
log.info("Five")
say(f"Six {told}")
"""
    assert set(said_in(source)) == {"One", "Two {x}", "Three", ("{count} four", "{count} fours")}


def test_a_language_that_is_not_installed_is_english_and_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    damaged = tmp_path / "fr" / "LC_MESSAGES" / "mynah.mo"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"nothing of the kind")
    monkeypatch.setattr("bot.words.CATALOGUES", tmp_path)
    _read.cache_clear()
    try:
        assert sorted(open_catalogues()) == OTHERS
        with speaking("fr"):
            assert say("{amount} left", amount="$5") == "$5 left"
            assert say_count("{count} message", "{count} messages", 0) == "0 messages"
    finally:
        monkeypatch.undo()
        _read.cache_clear()
        open_catalogues()


def test_a_phrase_is_copied_with_its_blanks():
    left = phrase("{amount} left", amount="$5")
    copied = deepcopy(left)
    assert (copied, copied.template, copied.blanks) == (left, left.template, left.blanks)


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_says_all_that_the_code_says_and_no_more(language: str):
    assert catalogue_path(language).read_bytes() == written(brought_up_to_date(language)), "run `python docs/words.py`"


@pytest.mark.parametrize("language", OTHERS)
def test_the_service_reads_what_people_edited(language: str):
    path = catalogue_path(language)
    assert path.with_suffix(".mo").read_bytes() == compiled(read_catalogue(language)), "run `python docs/words.py`"


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_unsaid_and_no_blank_is_lost(language: str):
    for message in read_catalogue(language):
        if not message.id:
            continue
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        meant = message.id if isinstance(message.id, tuple) else (message.id,)
        assert all(said), message.id
        assert not message.fuzzy, message.id
        wanted = blanks(meant[-1])
        assert all(blanks(each) <= wanted for each in said), message.id
        assert all(blanks(each) >= wanted - {"count"} for each in said), message.id


def blanks(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}
