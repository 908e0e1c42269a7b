"""What elements and modals send when people use them, as Slack's own client lets them."""

from collections.abc import Iterator, Mapping, Sequence

from tests.fakes.slack.world import Json

JUDGED = ("positive", "negative")
"""What of `feedback_buttons` is pressed."""


def used(blocks: Sequence[Json], action_id: str, pressed: str | None = None) -> Json:
    """What an element sends, https://docs.slack.dev/reference/block-kit/block-elements.

    Args:
        blocks: of the message.
        action_id: which element.
        pressed: of feedback buttons, `positive` or `negative`.

    Raises ValueError when there is no such element.
    """
    for block in blocks:
        for element in [*block.get("elements", []), block.get("accessory", {})]:
            if element.get("action_id") == action_id:
                return {"block_id": block.get("block_id", ""), **_sent(element, pressed)}
    raise ValueError(f"no element {action_id} in the message")


def _sent(element: Json, pressed: str | None) -> Json:
    if element["type"] == "feedback_buttons":
        if pressed not in JUDGED:
            raise ValueError(f"feedback buttons are pressed {' or '.join(JUDGED)}, not {pressed}")
        button = element[f"{pressed}_button"]
        element = {**element, "text": button["text"], "value": button["value"]}
    return {name: element[name] for name in ("type", "action_id", "text", "value") if name in element}


CHOSEN = {"static_select", "external_select"}
SEVERAL = {"checkboxes", "multi_external_select"}
EXTERNAL = {"external_select", "multi_external_select"}


def filled(view: Json, given: Mapping[str, str | Sequence[str]], offered: Mapping[str, Sequence[Json]]) -> Json:
    """The values of a modal, https://docs.slack.dev/reference/views#state.

    Args:
        view: as it was opened.
        given: texts and chosen values by the block's id; what is not given stays as it is.
        offered: what the app offered for menus that ask it, by the action.

    Raises ValueError for what Slack's client does not let people send.
    """
    inputs = {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}
    if unknown := given.keys() - inputs.keys():
        raise ValueError(f"the modal has no {', '.join(sorted(unknown))}")
    return {name: dict(_entered(block, given.get(name), offered)) for name, block in inputs.items()}


def _entered(
    block: Json, given: str | Sequence[str] | None, offered: Mapping[str, Sequence[Json]]
) -> Iterator[tuple[str, Json]]:
    element = block["element"]
    kind, action = element["type"], element["action_id"]
    if kind in CHOSEN | SEVERAL:
        stands = element.get("initial_options") or [element[name] for name in ("initial_option",) if name in element]
        known = [*stands, *element.get("options", ()), *offered.get(action, ())]
        chosen = stands if given is None else [_option(block, known, value) for value in _values(given)]
        state: Json = {"type": kind, "selected_options": chosen}
        if kind in CHOSEN:
            state = {"type": kind, "selected_option": chosen[0] if chosen else None}
    else:
        text = element.get("initial_value") if given is None else str(given)
        if text and len(text) > element.get("max_length", 3_000):
            raise ValueError(f"{block['block_id']}: {len(text)} characters are too many")
        chosen, state = [text] if text else [], {"type": kind, "value": text or None}
    if not block.get("optional") and not chosen:
        raise ValueError(f"{block['block_id']} is required")
    yield action, state


def _values(given: str | Sequence[str]) -> Sequence[str]:
    return ([given] if given else []) if isinstance(given, str) else given


def _option(block: Json, known: Sequence[Json], value: str) -> Json:
    found = next((option for option in known if option["value"] == value), None)
    if found is None:
        raise ValueError(f"{block['block_id']} does not offer {value}")
    return found
