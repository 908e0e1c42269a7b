"""Buttons and forms, made from the one table: actions -> blocks, form -> modal, payload -> Press. No I/O.

Every button says which reply it is about, and a modal carries that along, so that nothing has to be remembered.
https://docs.slack.dev/reference/block-kit, https://docs.slack.dev/surfaces/modals
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from adapters.slack.translate import PLATFORM, Identity
from bot.domain.controls import CONTROLS, YES, Field, FieldKind, Form, Press, from_signal, to_signal
from bot.domain.messages import Action, Author, JobId, Place
from bot.words import say

Block = dict[str, Any]
Payload = Mapping[str, Any]

FORM = "form"
"""The `callback_id` of every modal that is a form."""


# --- buttons -----------------------------------------------------------------


def card(job: JobId, actions: Sequence[Action]) -> list[Block]:
    """Return the blocks that stand under a reply, for `chat.update`, `chat.stopStream` and every other message.

    Args:
        job: what made the reply.
        actions: what can be done with it; none give no blocks.
    """
    buttons = [_button(job, action) for action in actions if not CONTROLS[action].judges]
    judged = {Action.GOOD, Action.BAD} <= set(actions)
    return [
        *([{"type": "actions", "elements": buttons}] if buttons else []),
        *([{"type": "context_actions", "elements": [_feedback(job)]}] if judged else []),
    ]


def _button(job: JobId, action: Action) -> Block:
    """See https://docs.slack.dev/reference/block-kit/block-elements/button-element."""
    control = CONTROLS[action]
    label = _plain(f"{control.mark} {say(control.label)}")
    return {"type": "button", "action_id": str(action), "text": label, "value": to_signal(action, job)}


def _feedback(job: JobId) -> Block:
    """See https://docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element."""
    return {
        "type": "feedback_buttons",
        "action_id": "feedback",
        "positive_button": _judging(job, Action.GOOD),
        "negative_button": _judging(job, Action.BAD),
    }


def _judging(job: JobId, action: Action) -> Block:
    control = CONTROLS[action]
    return {
        "text": _plain(say(control.label)),
        "value": to_signal(action, job),
        "accessibility_label": say("{label}: say what you think of this reply", label=control.label),
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}


def to_press(body: Payload, me: Identity) -> Press | None:
    """Read the press of a button, https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.

    Returns:
        None for a button that is not ours, or that a newer version made.
    """
    pressed: Payload = next(iter(body.get("actions") or ()), {})
    signal = from_signal(str(pressed.get("value") or ""))
    channel = str((body.get("channel") or body.get("container") or {}).get("id") or "")
    if signal is None or not channel:
        return None
    action, job, _ = signal
    container, message = body.get("container") or {}, body.get("message") or {}
    thread = message.get("thread_ts") or container.get("thread_ts") or container.get("message_ts")
    return Press(action=action, job=job, place=_place(me, channel, str(thread or "")), author=_author(body))


def _place(me: Identity, channel: str, thread: str) -> Place:
    direct = channel.startswith("D")
    return Place(platform=PLATFORM, workspace=me.team, channel=channel, thread=thread or None, direct=direct)


def _author(body: Payload) -> Author:
    user = body.get("user") or {}
    return Author(id=str(user["id"]), name=str(user.get("username") or user.get("name") or ""))


# --- forms -------------------------------------------------------------------


def to_view(form: Form) -> dict[str, Any]:
    """Return the modal that shows a form, https://docs.slack.dev/reference/views/modal-views."""
    press = form.press
    about = {
        "signal": to_signal(press.action, press.job, form.shown),
        "channel": press.place.channel,
        "thread": press.place.thread or "",
    }
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": _plain(form.title),
        "submit": _plain(say("Save")),
        "close": _plain(say("Cancel")),
        "private_metadata": json.dumps(about),
        "blocks": [_SHOWN[field.kind](field) for field in form.fields],
    }


def _text(field: Field) -> Block:
    element = {
        "type": "plain_text_input",
        "action_id": field.name,
        "multiline": True,
        "max_length": field.limit,
        **({"initial_value": field.value} if field.value else {}),
    }
    return _input(field, element)


def _choice(field: Field) -> Block:
    option = {"text": _plain(say("Yes")), "value": YES}
    chosen = {"initial_options": [option]} if field.value == YES else {}
    element = {"type": "checkboxes", "action_id": field.name, "options": [option], **chosen}
    return _input(field, element) | {"optional": True}


def _input(field: Field, element: Block) -> Block:
    """See https://docs.slack.dev/reference/block-kit/blocks/input-block."""
    hint = {"hint": _plain(field.hint)} if field.hint else {}
    return {"type": "input", "block_id": field.name, "label": _plain(field.label), "element": element, **hint}


_SHOWN: Mapping[FieldKind, Callable[[Field], Block]] = {FieldKind.TEXT: _text, FieldKind.CHOICE: _choice}


def to_filled(body: Payload, me: Identity) -> Press | None:
    """Read a form, https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload.

    Returns:
        None for a modal that is not ours, or that a newer version made.
    """
    view: Payload = body["view"]
    about = json.loads(view.get("private_metadata") or "{}")
    signal = from_signal(str(about.get("signal") or ""))
    if signal is None:
        return None
    action, job, (shown, *_) = signal
    return Press(
        action=action,
        job=job,
        place=_place(me, str(about["channel"]), str(about["thread"])),
        author=_author(body),
        filled=dict(_filled(view["state"]["values"])),
        shown=shown,
    )


def _filled(values: Mapping[str, Mapping[str, Payload]]) -> Iterator[tuple[str, str]]:
    """Yield what stands in each field; see https://docs.slack.dev/reference/views#state."""
    for name, elements in values.items():
        for element in elements.values():
            chosen = element.get("selected_options")
            yield name, str(element.get("value") or "") if chosen is None else "".join(o["value"] for o in chosen)
