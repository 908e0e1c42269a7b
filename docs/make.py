"""Make the reference pages from the code: `python docs/make.py`. A test fails while a page is out of date."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from typer.main import get_command

from bot.domain.channels import SETTINGS, show_setting
from bot.domain.commands import COMMANDS, DOOR, SHORTCUTS, Answer, Command
from bot.settings import Settings

FOLDER = Path(__file__).parent


def settings_page() -> str:
    """Return docs/settings.md."""
    page = io.StringIO()
    page.write(
        "# Settings of the process\n\n"
        "Made from `bot/settings.py` by `python docs/make.py`.\n\n"
        "A setting is looked up, strongest first: in the environment, in a secret file, in the TOML file, in its default. "
        "A variable or secret that is empty counts as not set. In the environment, hosts have commas between them, and a "
        'table is JSON (`MYNAH_CHANNELS=\'{"reply": "text"}\'`) or a variable for each name (`MYNAH_CHANNELS__REPLY=text`).\n\n'
        "- **TOML file**: `mynah.toml` in the working folder, or the file that `MYNAH_CONFIG` names.\n"
        "- **Secret files**: a file for each secret in `/run/secrets`, or in the folder that `MYNAH_SECRETS` names, "
        "with the name of the environment variable in lower case, for example `mynah_slack__bot_token`.\n\n"
        "`mynah config show` shows what is in force, `mynah config check` says what is wrong.\n\n"
        "| TOML | environment | default | meaning |\n|---|---|---|---|\n"
    )
    for name, field in _fields(Settings):
        page.write(f"| `{name}` | {_variable(name)} | {_default(field)} | {field.description} |\n")
    return page.getvalue()


def _variable(name: str) -> str:
    table, of_named, _ = name.partition(".NAME.")
    variable = f"`MYNAH_{table.replace('.', '__').upper()}`"
    return f"in {variable}" if of_named else variable


def _fields(table: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in table.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field
            yield from _named_fields(field, f"{prefix}{name}.NAME.")


def _named_fields(field: FieldInfo, prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the settings of a table that there is one of for each name, such as a server."""
    values = get_args(field.annotation)[1:] if get_origin(field.annotation) is dict else ()
    for table in values:
        if isinstance(table, type) and issubclass(table, BaseModel):
            yield from _fields(table, prefix)


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "needed"
    if value is None:
        return "a secret, not set" if SecretStr in getattr(field.annotation, "__args__", ()) else "not set"
    if isinstance(value, tuple):
        value = ", ".join(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value not in ("", {}) else "empty"


def channels_page() -> str:
    """Return docs/channels.md."""
    page = io.StringIO()
    page.write(
        "# Settings of channels\n\n"
        "Made from `bot/domain/channels.py` by `python docs/make.py`.\n\n"
        "Every place has all of these. A narrower scope wins: default <- service (the table `[channels]` of the settings "
        "file) <- workspace <- channel <- thread. `mynah channels explain SCOPE` and `/mynah settings` show where each value "
        "comes from; `mynah channels set SCOPE NAME VALUE` and `/mynah settings NAME VALUE` change it.\n\n"
        "| setting | default | meaning |\n|---|---|---|\n"
    )
    for setting in SETTINGS.values():
        default = show_setting(setting.default)
        page.write(f"| `{setting.name}` | {f'`{default}`' if default else 'unset'} | {setting.document} |\n")
    return page.getvalue()


def commands_page() -> str:
    """Return docs/commands.md."""
    page = io.StringIO()
    page.write(
        "# Commands\n\nMade from `bot/domain/commands.py` and `bot/cli` by `python docs/make.py`.\n\n"
        "## In Slack and Discord\n\n| command | what it does | answered | changes need |\n|---|---|---|---|\n"
    )
    for command in COMMANDS.values():
        answered = "in the channel" if command.answer is Answer.TURN else "to you alone"
        needed = "manage-channel permission" if command.changes else ""
        needed = f"{needed}, or to be whose message it is" if command.changes and not command.options else needed
        page.write(f"| `{command.usage}` | {command.description}. | {answered} | {needed} |\n")
    page.write(
        f"\n`/{DOOR}` leads to all of them: Slack takes `/{DOOR} ask …`, too, and old manifests' own names. On Discord, who "
        "manages the channel also has "
        + ", ".join(f"`/{command.name}`" for command in COMMANDS.values() if command.hidden)
        + ".\n\n## In the menu of a message\n\n| Slack | Discord | what it does | on Discord shown |\n|---|---|---|---|\n"
    )
    for command in SHORTCUTS.values():
        page.write(_shortcut(command))
    page.write("\n## At the command line\n\n| command | what it does |\n|---|---|\n")
    for name, summary in _cli_commands():
        page.write(f"| `mynah {name}` | {summary} |\n")
    return page.getvalue()


def _shortcut(command: Command) -> str:
    shortcut = command.shortcut
    if shortcut is None:
        return ""
    titles = " | ".join(shortcut.titled(in_threads=in_threads) for in_threads in (True, False))
    return f"| {titles} | {command.description}. | {'to you alone' if shortcut.personal else 'to all'} |\n"


def _cli_commands() -> Iterator[tuple[str, str]]:
    from bot.cli import cli  # noqa: PLC0415 - the command line opens every adapter; the other pages need none

    yield from _walk(get_command(cli), "")


def _walk(command: object, prefix: str) -> Iterator[tuple[str, str]]:
    for name, child in getattr(command, "commands", {}).items():
        if hasattr(child, "commands"):
            if child.invoke_without_command:
                yield f"{prefix}{name}", (child.help or "").split("\n")[0]
            yield from _walk(child, f"{prefix}{name} ")
        else:
            arguments = " ".join(p.name.upper() for p in child.params if p.param_type_name == "argument")
            yield f"{prefix}{name} {arguments}".strip(), (child.help or "").split("\n")[0]


PAGES = {"settings.md": settings_page, "channels.md": channels_page, "commands.md": commands_page}


def main() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
