"""`/mynah help`: what can be done here, told from the tables."""

from collections.abc import Iterator, Mapping

from bot.domain.channels import OnMedia
from bot.domain.commands import COMMANDS, DOOR, SHORTCUTS, Answer, Command, CommandCall
from bot.pipeline.house import House
from bot.words import Phrase, phrase, say

VOICE_NOTES: Mapping[OnMedia, Phrase] = {
    OnMedia.TRANSCRIBE: phrase("Record one for me: I write down what you say."),
    OnMedia.ANSWER: phrase("Record one for me: I answer what you say."),
    OnMedia.BOTH: phrase("Record one for me: I write down what you say, and answer it."),
    OnMedia.IGNORE: phrase("I listen to none that are sent here, unless you use a command."),
}
"""What becomes of voice notes."""

FOR_ME = phrase("In a channel, name me along with it, or answer somebody's voice note with my name.")
OVERHEARD = phrase("In this channel I listen to every voice note; you need not name me.")
NO_COMMANDS_IN_THREADS = phrase(
    "In a thread no command can be typed here; what stands in the menu of a message can be used there, too."
)


async def help_(house: House, call: CommandCall) -> str:
    """Answer `/mynah help`: tell of one command, or of everything."""
    name = call.options.get("command", "").removeprefix(f"/{DOOR} ").removeprefix("/").strip().lower()
    if name in COMMANDS:
        return "\n".join(_about(COMMANDS[name], in_threads=_in_threads(house, call)))
    unknown = [say("I do not know the command {command}.", command=f"`{name}`")] if name else []
    return "\n".join((*unknown, *_commands(), "", *_menu(house, call), "", *await _voice_notes(house, call)))


def _in_threads(house: House, call: CommandCall) -> bool:
    platform = house.platforms.get(call.place.platform)
    return platform is not None and platform.abilities.in_threads


def _about(command: Command, *, in_threads: bool) -> Iterator[str]:
    yield _line(command)
    for option in command.options:
        yield f"- `{option.name}`: {say(option.description)}."
    if command.shortcut:
        yield say(
            "It also stands in the menu of a message, as {title}.",
            title=f"**{say(command.shortcut.titled(in_threads=in_threads))}**",
        )
    yield _answered(command)


def _answered(command: Command) -> str:
    if command.answer is Answer.TURN:
        return say("It is answered in the channel.")
    return say("It is answered to you alone.")


def _line(command: Command) -> str:
    return f"`{command.usage}`: {say(command.description)}."


def _commands() -> Iterator[str]:
    yield f"**{say('Commands')}**"
    yield from (f"- {_line(command)}" for command in COMMANDS.values())


def _menu(house: House, call: CommandCall) -> Iterator[str]:
    yield f"**{say('In the menu of a message')}**"
    for command in SHORTCUTS.values():
        if command.shortcut:
            title = command.shortcut.titled(in_threads=_in_threads(house, call))
            yield f"- {say(title)}: {say(command.description)}."
    platform = house.platforms.get(call.place.platform)
    if platform and not platform.abilities.commands_in_threads:
        yield say(NO_COMMANDS_IN_THREADS)


async def _voice_notes(house: House, call: CommandCall) -> list[str]:
    config = (await house.channels.config(call.place)).config
    lines = [f"**{say('By voice note')}**", say(VOICE_NOTES[config.voice_notes])]
    if not call.place.direct and config.voice_notes is not OnMedia.IGNORE:
        lines.append(say(OVERHEARD if config.hear_unmentioned else FOR_ME))
    return lines
