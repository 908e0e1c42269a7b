"""The Home tab: page -> view, payload -> what was chosen there. No I/O.

https://docs.slack.dev/surfaces/app-home
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.slack.panel import option, plain
from adapters.slack.translate import PLATFORM, Identity, escaped
from bot.domain.commands import COMMANDS, CommandCall
from bot.domain.home import Home, HomeChannel
from bot.domain.messages import Author, Place
from bot.domain.panel import Choice
from bot.domain.people import AUTO, Voice
from bot.domain.suggestions import cut
from bot.words import LANGUAGES, phrase, say, speaking

Block = dict[str, Any]

OPEN = "home:settings"
"""The button that opens the settings of a channel."""
WISH = "home:wish:"
"""What the menus of wishes begin with."""

TEXT_LIMIT = 3_000
VOICES = {
    Voice.CHANNEL: phrase("As the channel does"),
    Voice.ON: phrase("I want to hear them, too"),
    Voice.OFF: phrase("Written only"),
}


def to_home_view(home: Home) -> Block:
    """Return the Home tab of a person, https://docs.slack.dev/reference/views/home-tab-views."""
    with speaking(home.language):
        return {"type": "home", "blocks": [*_own(home), *_channels(home), *_health(home.health)]}


def _own(home: Home) -> Iterator[Block]:
    yield _header(say("Your month"))
    yield _section(home.usage)
    yield _header(say("Your wishes"))
    heard = [Choice(value=voice, label=say(label)) for voice, label in VOICES.items()]
    yield _menu(say("Replies to you"), "voice", heard, home.wishes.voice)
    spoken = [Choice(value=AUTO, label=say("As Slack is set")), *_languages()]
    yield _menu(say("The language that I speak to you"), "language", spoken, home.wishes.language or AUTO)


def _languages() -> Iterator[Choice]:
    for code, name in LANGUAGES.items():
        yield Choice(value=code, label=name)


def _menu(text: str, name: str, choices: Sequence[Choice], chosen: str) -> Block:
    """See https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select."""
    initial = next(each for each in choices if each.value == chosen)
    options = [option(each) for each in choices]
    menu = {
        "type": "static_select",
        "action_id": f"{WISH}{name}",
        "options": options,
        "initial_option": option(initial),
    }
    return {**_section([text]), "accessory": menu}


def _channels(home: Home) -> Iterator[Block]:
    if not home.channels:
        return
    yield {"type": "divider"}
    yield _header(say("Channels"))
    for channel in home.channels:
        yield _channel(channel)
    if home.left_off:
        yield _section([say("There are {count} more.", count=home.left_off)])


def _channel(channel: HomeChannel) -> Block:
    button = {"type": "button", "action_id": OPEN, "text": plain(say("Settings")), "value": channel.channel}
    section = _section(channel.lines)
    section["text"]["text"] = cut(f"<#{channel.channel}>\n{section['text']['text']}", TEXT_LIMIT)
    return {**section, "accessory": button}


def _health(lines: Sequence[str]) -> Iterator[Block]:
    if lines:
        yield {"type": "divider"}
        yield _header(say("Health"))
        yield _section(lines)


def _header(text: str) -> Block:
    return {"type": "header", "text": plain(text)}


def _section(lines: Sequence[str]) -> Block:
    """Return Markdown as a section, which reads Slack's own markup."""
    text = escaped("\n".join(lines)).replace("**", "*")
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, TEXT_LIMIT)}}


# --- in ----------------------------------------------------------------------


def home_place(me: Identity) -> Place:
    """Return where somebody is on their Home tab: in the workspace, in no channel."""
    return Place(platform=PLATFORM, workspace=me.team, channel="")


def to_wish(action: Mapping[str, Any], author: Author, me: Identity) -> CommandCall:
    """Return the command that a menu of the Home tab stands for."""
    name = str(action["action_id"]).removeprefix(WISH)
    options = {name: str((action.get("selected_option") or {}).get("value") or "")}
    place = home_place(me)
    return CommandCall(name=COMMANDS["me"].name, options=options, place=place, author=author, may_manage=False)
