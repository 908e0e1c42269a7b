"""Slack's payloads -> what is drawn. https://docs.slack.dev/reference/block-kit/blocks"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.pictures.elements import Buttons, Element, Field, File, Message, Rule, Task, Text, Voice

Json = Mapping[str, Any]


def from_message(payload: Json, *, author: str, bot: bool = True, note: str = "") -> Message:
    """Return what is drawn of a message."""
    body = list(from_blocks(_blocks(payload)))
    if not body and payload.get("text"):
        body = [Text(text=mrkdwn(payload["text"]))]
    return Message(author=author, bot=bot, note=note, elements=(*body, *map(_file, payload.get("files") or ())))


def _blocks(payload: Json) -> Sequence[Json]:
    """Return a message's blocks; the text of one that was streamed stands between its plan and what is below."""
    blocks = payload.get("blocks") or ()
    if not payload.get("streaming_state") or any(block["type"] == "markdown" for block in blocks):
        return blocks
    plans = [block for block in blocks if block["type"] == "plan"]
    rest = [block for block in blocks if block["type"] != "plan"]
    return [*plans, {"type": "markdown", "text": payload.get("text") or ""}, *rest]


def from_session(state: str, *, author: str) -> Message:
    """Return what Slack itself shows of an agent's session: while it works, who may stop it finds a button for it.

    https://docs.slack.dev/reference/methods/agents.sessions.setStatus
    """
    shown = {"processing": (Text(text="is working…", small=True), Buttons(labels=("◼ Stop",)))}
    return Message(author=author, elements=shown.get(state, ()), note="shown by Slack")


def from_view(view: Json, *, author: str) -> Message:
    """Return what is drawn of a modal or a Home tab."""
    title = [Text(text=view["title"]["text"], heading=True)] if view.get("title") else []
    buttons = tuple(view[name]["text"] for name in ("close", "submit") if view.get(name))
    end = [Buttons(labels=buttons)] if buttons else []
    return Message(author=author, elements=(*title, *from_blocks(view["blocks"]), *end))


def from_blocks(blocks: Iterable[Json]) -> Iterator[Element]:
    """Return what is drawn of blocks; one of an unknown type is an error, so that no picture hides anything."""
    for block in blocks:
        yield from BLOCKS[block["type"]](block)


def mrkdwn(text: str) -> str:
    """Write Slack's markup as Markdown."""
    named = re.sub(r"<(?:https?|mailto)[^|>]*\|([^>]*)>", r"\1", text)
    named = re.sub(r"<([@#!][^>|]*)(?:\|([^>]*))?>", lambda found: f"**@{found[2] or found[1].strip('@#!')}**", named)
    named = re.sub(r"<([^>]*)>", r"\1", named)
    named = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"**\1**", named)
    return named.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _text(value: Json, *, small: bool = False) -> Text:
    text = value["text"] if value["type"] == "plain_text" else mrkdwn(value["text"])
    return Text(text=text, small=small)


def _markdown(block: Json) -> Iterator[Element]:
    text = block["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    for quoted, lines in paragraphs(text):
        yield Text(text=lines, quoted=quoted)


def paragraphs(text: str) -> Iterator[tuple[bool, str]]:
    """Part Markdown into its quotes and what stands between them."""
    kept: list[str] = []
    was_quoted = False
    for line in text.splitlines():
        quoted = line.startswith(">")
        if quoted != was_quoted and any(kept):
            yield was_quoted, "\n".join(kept).strip("\n")
            kept = []
        was_quoted = quoted
        kept.append(line.removeprefix(">").removeprefix(" ") if quoted else line)
    if any(kept):
        yield was_quoted, "\n".join(kept).strip("\n")


def _section(block: Json) -> Iterator[Element]:
    if block.get("text"):
        yield _text(block["text"])
    for field in block.get("fields") or ():
        yield _text(field)
    if block.get("accessory"):
        yield from _controls([block["accessory"]])


def _controls(elements: Iterable[Json]) -> Iterator[Element]:
    labels = tuple(label for element in elements for label in _labels(element))
    if labels:
        yield Buttons(labels=labels)


def _labels(element: Json) -> Iterator[str]:
    match element["type"]:
        case "button" | "workflow_button":
            yield element["text"]["text"]
        case "feedback_buttons":
            yield from (
                f"👍 {element['positive_button']['text']['text']}",
                f"👎 {element['negative_button']['text']['text']}",
            )
        case "icon_button":
            yield element["text"]["text"]
        case "image":
            return
        case _:
            yield f"{_chosen(element) or element.get('placeholder', {}).get('text', '…')} ▾"


def _chosen(element: Json) -> str:
    if element.get("initial_option"):
        return str(element["initial_option"]["text"]["text"])
    many = element.get("initial_options") or ()
    return ", ".join(option["text"]["text"] for option in many) or str(element.get("initial_value") or "")


def _input(block: Json) -> Iterator[Element]:
    menu = not block["element"]["type"].endswith("_input")
    value = _chosen(block["element"])
    if block["element"]["type"] in {"checkboxes", "radio_buttons"}:
        marks = {option["value"] for option in block["element"].get("initial_options") or ()}
        options = block["element"]["options"]
        value = "   ".join(f"{'☑' if o['value'] in marks else '☐'} {o['text']['text']}" for o in options)
        menu = False
    yield Field(label=block["label"]["text"], value=value, menu=menu)
    if block.get("hint"):
        yield _text(block["hint"], small=True)


def _context(block: Json) -> Iterator[Element]:
    texts = [_text(element).text for element in block["elements"] if element["type"] != "image"]
    yield Text(text="  ".join(texts), small=True)


def _plan(block: Json) -> Iterator[Element]:
    title = block["title"]
    yield Text(text=title if isinstance(title, str) else title["text"])
    for task in block.get("tasks") or ():
        yield from _task(task)


def _task(task: Json) -> Iterator[Element]:
    detail = task.get("details") or task.get("output") or ""
    yield Task(title=task["title"], state=task["status"], detail=detail if isinstance(detail, str) else _plain(detail))


def _plain(rich: Json) -> str:
    """Return the words of rich text, https://docs.slack.dev/reference/block-kit/blocks/rich-text-block."""
    written = WRITTEN.get(rich["type"])
    return written(rich) if written else "".join(map(_plain, rich["elements"]))


WRITTEN: Mapping[str, Callable[[Json], str]] = {
    "text": lambda part: str(part["text"]),
    "user": lambda part: f"**@{part['user_id']}**",
    "usergroup": lambda part: f"**@{part['usergroup_id']}**",
    "channel": lambda part: f"**#{part['channel_id']}**",
    "emoji": lambda part: f":{part['name']}:",
    "link": lambda part: str(part.get("text") or part["url"]),
}


def _rich(block: Json) -> Iterator[Element]:
    yield Text(text=_plain(block))


def _file(file: Json) -> Element:
    if str(file.get("mimetype", "")).startswith("audio/"):
        samples = tuple(round(sample * 2.55) for sample in file.get("audio_wave_samples") or ())
        return Voice(seconds=file.get("duration_ms", 0) / 1000, loudness=samples)
    return File(
        name=file.get("title") or file["name"], detail=str(file.get("pretty_type") or file.get("filetype") or "")
    )


BLOCKS: Mapping[str, Callable[[Json], Iterator[Element]]] = {
    "markdown": _markdown,
    "section": _section,
    "context": _context,
    "divider": lambda _: iter([Rule()]),
    "header": lambda block: iter([Text(text=block["text"]["text"], heading=True)]),
    "actions": lambda block: _controls(block["elements"]),
    "context_actions": lambda block: _controls(block["elements"]),
    "input": _input,
    "plan": _plan,
    "task_card": _task,
    "rich_text": _rich,
}
