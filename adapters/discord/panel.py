"""The settings of a channel as a panel: form -> components, interaction -> what was chosen. No I/O.

The panel is a message that its user alone sees, and every part of it says what it changes, so that nothing has to be
remembered: a panel from before a restart works after it. A choice holds at once, and the panel shows what holds then.

A message has at most 40 components, and a menu 25 choices, so a menu of more leads to a search.
https://docs.discord.com/developers/components/reference
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import discord

from adapters.discord.commands import ROOM, author_of, handle_of, is_away, spot_in
from bot.domain.commands import COMMANDS, CommandCall
from bot.domain.messages import Addressed, Message
from bot.domain.panel import TAKE_BACK, WORDS_LIMIT, Choice, Entry, EntryKind, SettingsForm
from bot.domain.suggestions import cut
from bot.words import say, speaking

Component = dict[str, Any]
Data = Mapping[str, Any]

ROW, BUTTON, SELECT, TEXT_INPUT, TEXT, SEPARATOR, CONTAINER, LABEL = 1, 2, 3, 4, 10, 14, 17, 18
GREY, SHORT, PARAGRAPH = 2, 1, 2
EPHEMERAL, COMPONENTS_V2 = 1 << 6, 1 << 15

MOST_CHOICES = ROOM.most
SEARCH = "search"
"""The choice that opens a search."""
_PREFIX = "settings"

MENUS = (
    "chat_model",
    "transcription_model",
    "video_model",
    "speech_model",
    "voice",
    "reply",
    "voice_notes",
    "videos",
    "language",
)
"""The fields that are menus, in their order."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("system_prompt",),
    "budget": ("budget_day", "budget_month"),
    "retention": ("retention_days",),
}
"""The fields of each form that a button opens."""

SWITCH = "buttons"
"""The field that is a button itself."""

SHOWN_LIMIT = 200
"""Characters of a text that the panel shows."""


class Deed(StrEnum):
    """What somebody does with a part of the panel."""

    CHOOSE = "choose"
    """Choose from a menu, or use the switch."""
    ASK = "ask"
    """Open a form."""
    FILL = "fill"
    """Send a form."""
    FIND = "find"
    """Send a search."""
    HEAR = "hear"
    """Listen to the voice that is set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """A part of the panel that somebody used."""

    deed: Deed
    """What they do."""
    about: str
    """With which field, or which form."""
    call: CommandCall
    """Who, where, and whether they may manage the channel."""
    values: tuple[str, ...] = ()
    """What was chosen."""
    filled: Mapping[str, str] = field(default_factory=dict)
    """What was filled in."""

    @property
    def searches(self) -> bool:
        """Whether they want to look for something that the menu does not show."""
        return self.deed is Deed.CHOOSE and self.values == (SEARCH,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a search came to."""

    name: str
    """The field."""
    typed: str
    """What was looked for."""
    choices: Sequence[Choice]
    """What fits."""


def to_signal(deed: Deed, about: str, value: str = "") -> str:
    """Return the `custom_id` of a part, at most 100 characters."""
    return "|".join((_PREFIX, deed, about, *([value] if value else [])))


# --- out ---------------------------------------------------------------------


def to_panel(
    form: SettingsForm,
    offered: Mapping[str, Sequence[Choice]],
    *,
    told: Sequence[str] = (),
    found: Found | None = None,
) -> list[Component]:
    """Return the components of a panel.

    Args:
        form: what holds.
        offered: models to choose, by field.
        told: what became of the last change.
        found: what the last search came to, which stands in the place of what is offered.
    """
    with speaking(form.language):
        if form.refusal:
            return [_container([_text(form.refusal)])]
        parts = [_text(f"### {form.title}"), *([_text(cut("\n".join(told), 1_000))] if told else [])]
        for name in MENUS:
            parts += _menu(form.entry(name), offered.get(name, ()), found if found and found.name == name else None)
        return [_container([*parts, {"type": SEPARATOR}, _text(_rest(form)), _buttons(form)])]


def _container(parts: Sequence[Component]) -> Component:
    return {"type": CONTAINER, "components": list(parts)}


def _text(text: str) -> Component:
    return {"type": TEXT, "content": text}


def _menu(entry: Entry, offered: Sequence[Choice], found: Found | None) -> Iterator[Component]:
    """Yield a label and a menu, https://docs.discord.com/developers/components/reference#string-select."""
    if found and not found.choices:
        yield _text(say("**{label}**: nothing fits “{typed}”.", label=entry.label, typed=cut(found.typed, 50)))
    else:
        others = len(entry.chosen) - 1
        more = say("{count} more in case the first does not answer.", count=others) if others > 0 else ""
        yield _text(" ".join(filter(None, (f"**{entry.label}**", entry.hint, more))))
    menu = {"type": SELECT, "custom_id": to_signal(Deed.CHOOSE, entry.name), "options": _options(entry, offered, found)}
    yield {"type": ROW, "components": [{**menu, "placeholder": cut(entry.label, 150)}]}


def _options(entry: Entry, offered: Sequence[Choice], found: Found | None) -> list[Component]:
    """Return what stands in a menu: what holds now, what else there is, and the ways back and on."""
    now = entry.chosen[:1] if found is None else ()
    known = found.choices if found else (offered or entry.choices)
    named = {each.value: each for each in (*now, *known)}  # what holds now stands first, and is named with its price
    fitting = [each for each in named.values() if each.value != TAKE_BACK and len(each.value) <= ROOM.value]
    back = [Choice(value=TAKE_BACK, label=say("As it is everywhere else"))] if entry.here else []
    search = [Choice(value=SEARCH, label=say("🔍 Search…"))] if _is_searched(entry) else []
    room = MOST_CHOICES - len(back) - len(search)
    return [
        _option(each, now=each in fitting and each.value in {one.value for one in now})
        for each in (*fitting[:room], *back, *search)
    ]


def _is_searched(entry: Entry) -> bool:
    return entry.kind is EntryKind.MODELS or len(entry.choices) > MOST_CHOICES - 1


def _option(choice: Choice, *, now: bool) -> Component:
    chosen = {"default": True} if now else {}
    return {"label": cut(choice.label, ROOM.label), "value": choice.value, **chosen}


def _rest(form: SettingsForm) -> str:
    """Return what holds of that which buttons change."""
    names = [name for group in GROUPS.values() for name in group]
    entries = [form.entry(name) for name in (*names, SWITCH)]
    return "\n".join(f"**{each.label}**: {cut(_now(each), SHOWN_LIMIT)}" for each in entries)


def _now(entry: Entry) -> str:
    if entry.kind is EntryKind.DOLLARS:
        return entry.hint
    value = entry.chosen[0].label if entry.chosen else " ".join(entry.value.split())
    return f"{value.rstrip('.')}. {entry.hint}"


def _buttons(form: SettingsForm) -> Component:
    """See https://docs.discord.com/developers/components/reference#button."""
    prompt = form.entry("system_prompt")
    switch = form.entry(SWITCH)
    other = next(each for each in switch.choices if each not in switch.chosen and each.value != TAKE_BACK)
    buttons: list[Component] = [
        {"label": say("Prompt…"), "custom_id": to_signal(Deed.ASK, "prompt"), "disabled": not prompt.fits},
        {"label": say("Budget…"), "custom_id": to_signal(Deed.ASK, "budget")},
        {"label": say("Retention…"), "custom_id": to_signal(Deed.ASK, "retention")},
        {
            "label": cut(f"{switch.label} → {other.label}", 80),
            "custom_id": to_signal(Deed.CHOOSE, SWITCH, other.value),
        },
        {"label": say("Listen"), "custom_id": to_signal(Deed.HEAR, "voice"), "emoji": {"name": "🔊"}},
    ]
    return {"type": ROW, "components": [{"type": BUTTON, "style": GREY, **button} for button in buttons]}


def to_search(form: SettingsForm, name: str) -> Component:
    """Return the form that asks what to look for, https://docs.discord.com/developers/components/using-modal-components."""
    with speaking(form.language):
        label = cut(form.entry(name).label, 45)
        typed = {"type": TEXT_INPUT, "custom_id": "typed", "style": SHORT, "required": False, "max_length": 100}
        parts = [{"type": LABEL, "label": say("A part of the name"), "component": typed}]
        return {"custom_id": to_signal(Deed.FIND, name), "title": label, "components": parts}


def to_group(form: SettingsForm, group: str) -> Component:
    """Return the form of a button, https://docs.discord.com/developers/components/using-modal-components."""
    entries = [form.entry(name) for name in GROUPS[group]]
    return {
        "custom_id": to_signal(Deed.FILL, group),
        "title": cut(form.title, 45),
        "components": [_labelled(entry) for entry in entries],
    }


def _labelled(entry: Entry) -> Component:
    """See https://docs.discord.com/developers/components/reference#text-input."""
    style = PARAGRAPH if entry.kind is EntryKind.WORDS else SHORT
    value = {"value": entry.value} if entry.value else {}
    size = {"style": style, "required": False, "max_length": WORDS_LIMIT}
    typed = {"type": TEXT_INPUT, "custom_id": entry.name, **size, **value}
    return {"type": LABEL, "label": cut(entry.label, 45), "description": cut(entry.hint, 100), "component": typed}


# --- in ----------------------------------------------------------------------


def to_use(interaction: discord.Interaction) -> Use | None:
    """Read the use of a part of the panel; None for what is none, or was made by a newer version.

    See https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object.
    """
    data: Data = dict(interaction.data or {})
    prefix, *rest = str(data.get("custom_id") or "").split("|")
    call = settings_call(interaction)
    if prefix != _PREFIX or len(rest) < 2 or rest[0] not in set(Deed) or call is None:
        return None
    deed, about, *value = rest
    return Use(
        deed=Deed(deed),
        about=about,
        call=call,
        values=tuple(value or map(str, data.get("values") or ())),
        filled=dict(_filled(data.get("components") or ())),
    )


def settings_call(interaction: discord.Interaction) -> CommandCall | None:
    """Return the call by which somebody asks for the settings of where they are; None where the bot is not."""
    spot = spot_in(interaction)
    if spot is None or is_away(interaction):
        return None
    return CommandCall(
        name=COMMANDS["settings"].name,
        place=spot.place(),
        author=author_of(interaction),
        may_manage=spot.guild is None or interaction.permissions.manage_channels,
    )


def _filled(components: Sequence[Data]) -> Iterator[tuple[str, str]]:
    for labelled in components:
        given: Data = labelled.get("component") or {}
        if "custom_id" in given:
            yield str(given["custom_id"]), str(given.get("value") or "")


def to_change(use: Use, form: SettingsForm) -> Mapping[str, str]:
    """Return what is filled in by a use: a model that was chosen comes first, and those behind the first one stay."""
    if use.deed is Deed.FILL:
        return use.filled
    value = next(iter(use.values), "")
    if form.refusal or form.entry(use.about).kind is not EntryKind.MODELS or value in {"", TAKE_BACK}:
        return {use.about: value}
    behind = [each.value for each in form.entry(use.about).chosen[1:] if each.value != value]
    return {use.about: ", ".join((value, *behind))}


def is_panel(interaction: discord.Interaction) -> bool:
    """Return whether somebody used a part of the panel, of whatever version, or sent a form that it opened."""
    return str(dict(interaction.data or {}).get("custom_id") or "").startswith(f"{_PREFIX}|")


def to_preview(interaction: discord.Interaction) -> Message | None:
    """Return the message by which the voice that is set speaks to one person alone; None for all other uses."""
    use, spot = to_use(interaction), spot_in(interaction)
    if use is None or use.deed is not Deed.HEAR or spot is None:
        return None
    with speaking(str(interaction.locale)):
        words = say("Good morning! This is how I sound.")
    return Message(
        key=str(interaction.id),
        place=spot.place(interaction.id),
        author=author_of(interaction),
        text=words,
        addressed=Addressed.COMMAND,
        command="say",
        handle=handle_of(interaction, spot, private=True),
    )
