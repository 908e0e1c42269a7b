"""Buttons and forms, made from the one table: actions -> components, form -> modal, interaction -> Press. No I/O.

A reply with buttons is a message with content like any other, and no layout of components: those have no content, by which
a post is found again. Every button and modal says which reply it is about, so that nothing has to be remembered.
https://docs.discord.com/developers/components/reference
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import discord

from adapters.discord.commands import author_of, is_away, spot_in
from adapters.discord.translate import Spot
from bot.domain.controls import CONTROLS, YES, Field, FieldKind, Form, Press, from_signal, to_signal
from bot.domain.messages import Action, JobId
from bot.words import say

Component = dict[str, Any]
Data = Mapping[str, Any]

ROW, BUTTON, TEXT_INPUT, LABEL, CHECKBOX = 1, 2, 4, 18, 23
GREY = 2
PARAGRAPH = 2
MOST_IN_A_ROW = 5


# --- buttons -----------------------------------------------------------------


def rows(job: JobId, actions: Sequence[Action]) -> list[Component]:
    """Return the components that stand under a reply: what judges it in a row of its own.

    Args:
        job: what made the reply.
        actions: what can be done with it; none give no components.
    """
    done = [action for action in actions if not CONTROLS[action].judges]
    judging = [action for action in actions if CONTROLS[action].judges]
    return [
        {"type": ROW, "components": [_button(job, action) for action in row[:MOST_IN_A_ROW]]}
        for row in (done, judging)
        if row
    ]


def _button(job: JobId, action: Action) -> Component:
    """See https://docs.discord.com/developers/components/reference#button."""
    control = CONTROLS[action]
    label = {} if control.judges else {"label": say(control.label)}
    emoji = {"name": control.mark}
    return {"type": BUTTON, "style": GREY, **label, "emoji": emoji, "custom_id": to_signal(action, job)}


def to_press(interaction: discord.Interaction) -> Press | None:
    """Read the press of a button, or a form that was filled in.

    See https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object.

    Returns:
        None for what is not ours, or was made by a newer version.
    """
    data: Data = dict(interaction.data or {})
    signal, spot = from_signal(str(data.get("custom_id") or "")), spot_in(interaction)
    if signal is None or spot is None or is_away(interaction):
        return None
    action, job, rest = signal
    is_form = interaction.type is discord.InteractionType.modal_submit
    return Press(
        action=action,
        job=job,
        place=spot.place(),
        author=author_of(interaction),
        may_manage=spot.guild is None or interaction.permissions.manage_channels,
        filled=dict(_filled(data.get("components") or ())) if is_form else None,
        shown=rest[0] if rest else "",
        handle=_handle(interaction, spot),
    )


def _handle(interaction: discord.Interaction, spot: Spot) -> Mapping[str, str]:
    """Return what is needed to post what comes of a press: as a reply to the message with the button.

    The token of a command that was answered there before is of no use any more, and what was posted before the press is no
    part of it.
    """
    message = interaction.message
    is_seen = message is not None and not message.flags.ephemeral
    target = {"target": str(message.id)} if message is not None and is_seen else {}
    return {"channel": str(spot.posts_to), "token": "", "since": str(interaction.id), **target}


# --- forms -------------------------------------------------------------------


def to_modal(form: Form) -> Component:
    """Return the modal that shows a form, https://docs.discord.com/developers/components/using-modal-components."""
    return {
        "custom_id": to_signal(form.press.action, form.press.job, form.shown),
        "title": form.title,
        "components": [_labelled(field) for field in form.fields],
    }


def _labelled(field: Field) -> Component:
    """See https://docs.discord.com/developers/components/reference#label."""
    hint = {"description": field.hint} if field.hint else {}
    return {"type": LABEL, "label": field.label, **hint, "component": _INPUTS[field.kind](field)}


def _text(field: Field) -> Component:
    """See https://docs.discord.com/developers/components/reference#text-input."""
    value = {"value": field.value} if field.value else {}
    size = {"style": PARAGRAPH, "min_length": 1, "max_length": field.limit}
    return {"type": TEXT_INPUT, "custom_id": field.name, "required": True, **size, **value}


def _choice(field: Field) -> Component:
    """See https://docs.discord.com/developers/components/reference#checkbox."""
    return {"type": CHECKBOX, "custom_id": field.name, "default": field.value == YES}


_INPUTS: Mapping[FieldKind, Callable[[Field], Component]] = {FieldKind.TEXT: _text, FieldKind.CHOICE: _choice}


def _filled(components: Sequence[Data]) -> Iterator[tuple[str, str]]:
    """Yield what stands in each field."""
    for labelled in components:
        given: Data = labelled.get("component") or {}
        value = given.get("value")
        if "custom_id" in given:
            yield str(given["custom_id"]), (YES if value else "") if isinstance(value, bool) else str(value or "")
