"""Discord's payloads -> what is drawn. https://docs.discord.com/developers/components/reference"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.pictures.elements import Buttons, Element, Field, File, Message, Rule, Text, Voice
from tests.pictures.slack import paragraphs

Json = Mapping[str, Any]


def from_message(payload: Json, *, author: str, bot: bool = True, note: str = "") -> Message:
    """Return what is drawn of a message."""
    words = [Text(text=text, quoted=quoted) for quoted, text in paragraphs(payload.get("content") or "")]
    files = map(_file, payload.get("attachments") or ())
    parts = from_components(payload.get("components") or ())
    return Message(author=author, bot=bot, note=note, elements=(*words, *files, *parts))


def from_modal(data: Json, *, author: str) -> Message:
    """Return what is drawn of a form."""
    title = Text(text=data["title"], heading=True)
    return Message(
        author=author, elements=(title, *from_components(data["components"]), Buttons(labels=("Cancel", "Submit")))
    )


def from_choices(command: str, typed: str, choices: Sequence[Json]) -> Message:
    """Return what is drawn while somebody types into an option of a command."""
    shown = (Field(label=command, value=typed), *(Text(text=choice["name"]) for choice in choices))
    return Message(author="Ada", bot=False, elements=shown)


def from_components(components: Iterable[Json]) -> Iterator[Element]:
    """Return what is drawn of components; one of an unknown type is an error, so that no picture hides anything."""
    for component in components:
        yield from COMPONENTS[component["type"]](component)


def _row(row: Json) -> Iterator[Element]:
    inner = row["components"]
    if inner and inner[0]["type"] == TEXT_INPUT:
        yield from from_components(inner)
    else:
        yield Buttons(labels=tuple(map(_label, inner)))


def _label(component: Json) -> str:
    if component["type"] == BUTTON:
        emoji = (component.get("emoji") or {}).get("name") or ""
        return " ".join(filter(None, (emoji, component.get("label") or "")))
    return f"{_chosen(component) or component.get('placeholder') or '…'} ▾"


def _chosen(menu: Json) -> str:
    return ", ".join(option["label"] for option in menu.get("options") or () if option.get("default"))


def _section(section: Json) -> Iterator[Element]:
    yield from from_components(section["components"])
    if section["accessory"]["type"] == BUTTON:
        yield Buttons(labels=(_label(section["accessory"]),))


def _labelled(label: Json) -> Iterator[Element]:
    inner = label["component"]
    if inner["type"] == CHECKBOX:
        yield Text(text=f"{'☑' if inner.get('default') else '☐'} {label['label']}")
        return
    value = inner.get("value") or _chosen(inner) or inner.get("placeholder") or ""
    yield Field(label=label["label"], value=value, menu=inner["type"] != TEXT_INPUT)
    if label.get("description"):
        yield Text(text=label["description"], small=True)


def _display(text: Json) -> Iterator[Element]:
    for line in text["content"].splitlines():
        heading = line.startswith("#")
        small = line.startswith("-# ")
        yield Text(text=line.lstrip("#").removeprefix("-# ").strip(), heading=heading, small=small)


def _input(field: Json) -> Iterator[Element]:
    yield Field(label=field.get("label") or "", value=field.get("value") or field.get("placeholder") or "")


def _file(file: Json) -> Element:
    if file.get("waveform"):
        return Voice(seconds=file["duration_secs"], loudness=tuple(base64.b64decode(file["waveform"])))
    return File(name=file.get("title") or file["filename"], detail=_size(file["size"]))


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{count / 1_000:.1f} kB"


BUTTON, TEXT_INPUT, CHECKBOX = 2, 4, 23

COMPONENTS: Mapping[int, Callable[[Json], Iterator[Element]]] = {
    1: _row,
    TEXT_INPUT: _input,
    9: _section,
    10: _display,
    13: lambda file: iter([File(name=file["file"]["url"].removeprefix("attachment://"))]),
    14: lambda _: iter([Rule()]),
    17: lambda container: from_components(container["components"]),
    18: _labelled,
}
