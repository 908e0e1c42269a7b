"""Where a setting comes from, which source wins, and that no secret is ever shown."""

import logging
import os
from pathlib import Path

import pytest
import structlog

from bot.cli.health import _flat
from bot.domain.errors import SettingInvalid
from bot.settings import Settings, load_settings, settings_file, variables

SECRET = "xoxb-the-treasure-is-under-the-oak"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment without settings of ours."""
    for name in list(os.environ):
        if name.startswith("MYNAH_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYNAH_SECRETS", str(tmp_path / "secrets"))
    (tmp_path / "secrets").mkdir()
    return tmp_path


def toml(folder: Path, text: str) -> None:
    (folder / "mynah.toml").write_text(text, encoding="utf-8")


def secret_file(folder: Path, name: str, text: str) -> None:
    (folder / "secrets" / name).write_text(text, encoding="utf-8")


def token(settings: Settings) -> str | None:
    return settings.slack.bot_token.get_secret_value() if settings.slack.bot_token else None


# --- shards ---------------------------------------------------------------------


def test_shards_are_read_and_a_process_with_a_range_has_a_part_of_the_work(monkeypatch: pytest.MonkeyPatch):
    assert load_settings().discord.part == ""
    for text, part in (("0-3/16", "0-3/16"), ("16", ""), (" 5 / 16", "5/16")):
        monkeypatch.setenv("MYNAH_DISCORD__SHARDS", text)
        assert load_settings().discord.part == part


def test_wrong_shards_are_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MYNAH_DISCORD__SHARDS", "4/4")
    with pytest.raises(SettingInvalid) as caught:
        load_settings()
    assert str(caught.value) == "discord.shards: of 4 shards, the first is 0 and the last is 3, not 4/4"


@pytest.mark.parametrize("count", ["0", "11"])
def test_slack_allows_between_one_and_ten_sockets(monkeypatch: pytest.MonkeyPatch, count: str):
    monkeypatch.setenv("MYNAH_SLACK__SOCKETS", count)
    with pytest.raises(SettingInvalid, match=r"slack\.sockets"):
        load_settings()


# --- which source wins --------------------------------------------------------


def test_environment_beats_secret_file_beats_toml_beats_default(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert token(load_settings()) is None
    toml(folder, '[slack]\nbot_token = "of toml"\nport = 3001\n')
    assert token(load_settings()) == "of toml"
    secret_file(folder, "mynah_slack__bot_token", "of a file\n")
    assert token(load_settings()) == "of a file"
    monkeypatch.setenv("MYNAH_SLACK__BOT_TOKEN", "of the environment")
    settings = load_settings()
    assert token(settings) == "of the environment"
    assert settings.slack.port == 3001, "what a stronger source does not name stays"
    assert settings.slack.host == "127.0.0.1"


def test_tables_are_laid_over_each_other_name_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch):
    toml(folder, 'turns = 5\n[limits]\nmegabytes = 30\nminutes = 10\n[channels]\nreply = "text"\nvoice = "joe"\n')
    monkeypatch.setenv("MYNAH_LIMITS__MINUTES", "0.5")
    monkeypatch.setenv("MYNAH_CHANNELS__REPLY", "voice")
    settings = load_settings()
    assert settings.turns == 5
    assert (settings.limits.audio.max_bytes, settings.limits.audio.max_seconds) == (30_000_000, 30)
    assert settings.channels == {"reply": "voice", "voice": "joe"}


def test_a_file_of_another_name_is_read_where_it_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    toml(folder, "turns = 5\n")
    (folder / "other.toml").write_text("turns = 7\n")
    monkeypatch.setenv("MYNAH_CONFIG", str(folder / "other.toml"))
    assert settings_file() == folder / "other.toml"
    assert load_settings().turns == 7


@pytest.mark.parametrize("written", ["a.example,b.example", "a.example, b.example", '["a.example", "b.example"]'])
def test_lists_in_the_environment_have_commas_or_are_json(monkeypatch: pytest.MonkeyPatch, written: str):
    monkeypatch.setenv("MYNAH_SLACK__FILE_HOSTS", written)
    assert load_settings().slack.file_hosts == ("a.example", "b.example")


def test_what_is_empty_is_not_set(folder: Path, monkeypatch: pytest.MonkeyPatch):
    secret_file(folder, "mynah_slack__app_token", "\n")
    toml(folder, '[openrouter]\nkey = " "\n')
    monkeypatch.setenv("MYNAH_DISCORD__TOKEN", "")
    settings = load_settings()
    assert (settings.slack.app_token, settings.openrouter.key, settings.discord.token) == (None, None, None)


def test_the_database_lies_in_the_folder_of_data_unless_it_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MYNAH_DATA", "/srv/mynah")
    assert load_settings().database_url == "sqlite:////srv/mynah/mynah.db"
    monkeypatch.setenv("MYNAH_DATABASE", "sqlite:///x.db")
    assert load_settings().database_url == "sqlite:///x.db"


def test_every_variable_sets_its_setting(monkeypatch: pytest.MonkeyPatch):
    assert variables()["slack.bot_token"] == "MYNAH_SLACK__BOT_TOKEN"
    numbers = {
        name for name, value in _flat(Settings()) if isinstance(value, int | float) and value not in {True, False}
    }
    for name in numbers:
        monkeypatch.setenv(variables()[name], "7")
    shown = dict(_flat(load_settings()))
    assert {shown[name] for name in numbers} == {7}


# --- what is wrong is named, and shown never -------------------------------------


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("MYNAH_TURNS", "many", "turns: must be a valid integer"),
        ("MYNAH_TURNS", "0", "turns: must be greater than or equal to 1"),
        ("MYNAH_LOG_LEVEL", "loud", "log_level: must be 'debug', 'info', 'warning' or 'error'"),
        ("MYNAH_TOORNS", "5", "MYNAH_TOORNS: there is no such setting, but there is MYNAH_TURNS"),
        ("MYNAH_SLACK__TOKEN", SECRET, "slack.token: there is no such setting"),
        ("MYNAH_SLACK__BOT_TOKN", SECRET, "but there is slack.bot_token"),
        ("MYNAH_SLACK", SECRET, "MYNAH_SLACK: must be JSON"),
        ("MYNAH_LOCAL__MODELS", "{nope", "MYNAH_LOCAL__MODELS: must be JSON"),
        ("MYNAH_CHANNELS", '{"replies": "text"}', "channels: replies: there is no such setting"),
        ("MYNAH_CHANNELS__REPLY", "loudly", "channels: reply"),
        ("MYNAH_SLACK__FILE_HOSTS", "[x", "slack.file_hosts: must be hosts with commas"),
        ("MYNAH_CONFIG", "/nowhere/mynah.toml", "MYNAH_CONFIG: there is no file"),
        ("MYNAH_CONFIG", "/", "MYNAH_CONFIG: there is no file"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingInvalid) as caught:
        load_settings()
    assert said in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("turns = = 3", "is not TOML"),
        ("turns = true\nbirds = 3", "there is no such setting"),
        (f'[slack]\nbot_tokn = "{SECRET}"', "slack.bot_tokn: there is no such setting, but there is slack.bot_token"),
        (f'[slack]\nbot_token = ["{SECRET}"]', "slack.bot_token: must be a valid string"),
        (f'slack = "{SECRET}"', "slack: must be a table"),
        (f'[slack]\nbot_token = "{SECRET}', "is not TOML"),
        ('[channels]\ntemperature = "hot"', "channels: temperature: 'hot' is not a number"),
    ],
)
def test_a_wrong_file_is_told_without_its_secrets(folder: Path, text: str, said: str):
    toml(folder, text)
    with pytest.raises(SettingInvalid) as caught:
        load_settings()
    assert said in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


def test_a_file_that_is_no_text_is_told(folder: Path):
    (folder / "mynah.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingInvalid, match=r"mynah\.toml: is not TOML"):
        load_settings()


def test_an_unknown_secret_is_told_and_other_secrets_are_left_alone(folder: Path):
    secret_file(folder, "database_password_of_somebody_else", SECRET)
    load_settings()
    secret_file(folder, "mynah_slack__tokn", SECRET)
    with pytest.raises(SettingInvalid, match=r"slack\.tokn: there is no such setting") as caught:
        load_settings()
    assert SECRET not in str(caught.value)


def test_variables_of_an_orchestrator_with_our_prefix_are_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MYNAH_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("MYNAH_SERVICE_HOST", "10.0.0.1")
    load_settings()


# --- secrets -----------------------------------------------------------------------


def test_secrets_are_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    secrets = [name for name in variables() if name.rpartition(".")[2] in {"bot_token", "app_token", "token", "key"}]
    secrets += ["slack.signing_secret"]
    for name in secrets:
        monkeypatch.setenv(variables()[name], SECRET)
    settings = load_settings()
    assert token(settings) == SECRET
    caplog.set_level(logging.DEBUG)
    logging.getLogger().warning("%s %r", settings, settings.slack)
    with structlog.testing.capture_logs() as lines:
        structlog.get_logger().info("settings", settings=settings)
    shown = f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()} {caplog.text} {lines}"
    assert SECRET not in shown
    flat = dict(_flat(settings))
    assert [flat[name] for name in secrets] == ["(set)"] * len(secrets)


def test_settings_cannot_be_changed_by_who_uses_them():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().turns = 3  # type: ignore[misc]
