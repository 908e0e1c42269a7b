"""The settings of a channel as a modal: form -> view, payload -> what was filled in. No I/O.

What stood in the modal when it opened comes back with it, so that nothing has to be remembered. Models, voices and
languages are menus that ask us what fits while somebody types.
https://docs.slack.dev/surfaces/modals, https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack.translate import PLATFORM, Identity
from bot.domain.commands import COMMANDS, CommandCall
from bot.domain.messages import Author, Place
from bot.domain.panel import TITLE, WORDS_LIMIT, Choice, Entry, EntryKind, SettingsForm
from bot.domain.suggestions import Room, cut
from bot.words import say, speaking

Block = dict[str, Any]
Payload = Mapping[str, Any]

SETTINGS = "settings"
"""The `callback_id` of the modal."""
LISTEN = "settings:listen"
"""The button that lets the chosen voice speak."""

ROOM = Room(most=100, label=75, value=150)
"""What a menu shows: https://docs.slack.dev/reference/block-kit/composition-objects/option-object."""

TITLE_LIMIT = 24
HINT_LIMIT = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A modal of settings that somebody uses."""

    call: CommandCall
    """Who, and which channel; whether they may manage it is not known yet."""
    home: bool
    """Whether it was opened from the Home tab."""
    values: Mapping[str, str]
    """What stands in it, by field."""
    shown: Mapping[str, str]
    """What stood in it when it opened."""


# --- out ---------------------------------------------------------------------


def to_settings_view(form: SettingsForm, channel: str, *, home: bool = False) -> Block:
    """Return the modal that shows the settings of a channel, https://docs.slack.dev/reference/views/modal-views."""
    with speaking(form.language):
        return {
            "type": "modal",
            "callback_id": SETTINGS,
            "title": plain(cut(form.title, TITLE_LIMIT)),
            "submit": plain(say("Save")),
            "close": plain(say("Cancel")),
            "private_metadata": json.dumps({"channel": channel, "home": home}),
            "blocks": [block for entry in form.entries for block in _blocks(entry)],
        }


def to_told_view(language: str, lines: Sequence[str]) -> Block:
    """Return the modal that says what became of one that was sent, or why there is none."""
    with speaking(language):
        text = {"type": "plain_text", "text": cut("\n".join(lines), 3_000), "emoji": True}
        return {
            "type": "modal",
            "title": plain(cut(say(TITLE), TITLE_LIMIT)),
            "close": plain(say("Close")),
            "blocks": [{"type": "section", "text": text}],
        }


def _blocks(entry: Entry) -> Iterator[Block]:
    if not entry.fits or any(len(each.value) > ROOM.value for each in entry.chosen):
        told = say("{label}: too long to be changed here. Use `/mynah settings`.", label=entry.label)
        yield {"type": "section", "text": {"type": "mrkdwn", "text": told}}
        return
    yield {
        "type": "input",
        "block_id": entry.name,
        "label": plain(entry.label),
        "hint": plain(cut(entry.hint, HINT_LIMIT)),
        "element": {"action_id": entry.name, **_ELEMENTS[entry.kind](entry)},
        "optional": True,
    }
    if entry.kind is EntryKind.VOICE:
        button = {
            "type": "button",
            "action_id": LISTEN,
            "text": plain(say("🔊 Listen to this voice")),
            "value": "listen",
        }
        yield {"type": "actions", "elements": [button]}


def _models(entry: Entry) -> Block:
    """See https://docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element#external_multi_select."""
    chosen = {"initial_options": [option(each) for each in entry.chosen]} if entry.chosen else {}
    hint = plain(say("Type a part of the name"))
    return {"type": "multi_external_select", "min_query_length": 0, "placeholder": hint, **chosen}


def _searched(entry: Entry) -> Block:
    """See https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select."""
    chosen = {"initial_option": option(entry.chosen[0])} if entry.chosen else {}
    return {"type": "external_select", "min_query_length": 0, **chosen}


def _one_of(entry: Entry) -> Block:
    """See https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select."""
    chosen = [each for each in entry.chosen if each in entry.choices]
    initial = {"initial_option": option(chosen[0])} if chosen else {}
    return {"type": "static_select", "options": [option(each) for each in entry.choices], **initial}


def _words(entry: Entry) -> Block:
    """See https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element."""
    value = {"initial_value": entry.value} if entry.value else {}
    size = {"multiline": entry.kind is EntryKind.WORDS, "max_length": WORDS_LIMIT}
    return {"type": "plain_text_input", **size, **value}


_ELEMENTS: Mapping[EntryKind, Callable[[Entry], Block]] = {
    EntryKind.MODELS: _models,
    EntryKind.VOICE: _searched,
    EntryKind.LANGUAGE: _searched,
    EntryKind.ONE_OF: _one_of,
    EntryKind.WORDS: _words,
    EntryKind.NUMBER: _words,
    EntryKind.DOLLARS: _words,
}


def option(choice: Choice) -> Block:
    """Return a choice of a menu."""
    return {"text": plain(cut(choice.label, ROOM.label)), "value": choice.value}


def plain(text: str) -> Block:
    """Return a text without markup."""
    return {"type": "plain_text", "text": text, "emoji": True}


# --- in ----------------------------------------------------------------------


def to_filled_settings(body: Payload, me: Identity) -> Filled:
    """Read the modal of settings that a payload carries along, whatever somebody did with it.

    See https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload.
    """
    view: Payload = body["view"]
    about = json.loads(view.get("private_metadata") or "{}")
    values: Mapping[str, Payload] = (view.get("state") or {}).get("values") or {}
    inputs = {block["block_id"]: block["element"] for block in view.get("blocks") or () if block["type"] == "input"}
    return Filled(
        call=settings_call(str(about["channel"]), to_author(body), me),
        home=bool(about.get("home")),
        values={name: _given(next(iter(elements.values()), {})) for name, elements in values.items()},
        shown={name: _initial(element) for name, element in inputs.items()},
    )


def settings_call(channel: str, author: Author, me: Identity, *, may_manage: bool = False) -> CommandCall:
    """Return the call by which somebody asks for the settings of a channel."""
    direct = channel.startswith("D")
    place = Place(platform=PLATFORM, workspace=me.team, channel=channel, direct=direct)
    return CommandCall(name=COMMANDS["settings"].name, place=place, author=author, may_manage=may_manage)


def to_author(body: Payload) -> Author:
    """Return who did something."""
    user = body["user"]
    return Author(id=str(user["id"]), name=str(user.get("username") or user.get("name") or ""))


def _given(element: Payload) -> str:
    """Return what stands in a field; see https://docs.slack.dev/reference/views#state."""
    return _text(element.get("selected_options"), element.get("selected_option"), element.get("value"))


def _initial(element: Payload) -> str:
    return _text(element.get("initial_options"), element.get("initial_option"), element.get("initial_value"))


def _text(several: Sequence[Payload] | None, one: Payload | None, text: str | None) -> str:
    if several is not None:
        return ", ".join(str(each["value"]) for each in several)
    return str(one["value"]) if one else str(text or "")
