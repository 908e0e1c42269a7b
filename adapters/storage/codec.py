"""The JSON that is kept in columns: messages, steps' results, what was said.

Text from chat platforms may hold lone surrogates, which UTF-8 cannot write; the escapes of JSON can, so everything is
stored as ASCII (https://www.rfc-editor.org/rfc/rfc8259#section-8.2).
"""

import json
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter

from bot.domain.messages import Action, Message
from bot.domain.models import ChatTurn, Role

_MESSAGE = TypeAdapter(Message)


def _to_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def message_to_json(message: Message) -> str:
    """Write a message as JSON."""
    return _to_json(_MESSAGE.dump_python(message, mode="json"))


def message_from_json(text: str) -> Message:
    """Read what `message_to_json` wrote; fields that are new since then take their defaults."""
    return _MESSAGE.validate_python(json.loads(text))


ALOUD = f'"pressed":"{Action.SPEAK}"'
"""What stands in the JSON of messages exactly where a reply is to be read aloud."""


def author_mark(author: str) -> str:
    """Return what stands in the JSON of messages and results exactly where somebody is an author."""
    return f'"author":{_to_json({"id": author})[:-1]},'


def file_mark(file: str) -> str:
    """Return what stands in the JSON of messages and results exactly where somebody sent a file."""
    return f'{_to_json({"id": file})[:-1]},"name":'


def result_to_json(result: Mapping[str, object]) -> str:
    """Write a step's result as JSON."""
    return _to_json(dict(result))


def result_from_json(text: str) -> Mapping[str, object]:
    """Read what `result_to_json` wrote."""
    result: dict[str, object] = json.loads(text)
    return result


def turns_to_json(turns: Sequence[ChatTurn]) -> str:
    """Write the words of what was said as JSON; sound is left out."""
    return _to_json([[turn.role, turn.text] for turn in turns])


def turns_from_json(text: str) -> Sequence[ChatTurn]:
    """Read what `turns_to_json` wrote."""
    return [ChatTurn(role=Role(role), text=words) for role, words in json.loads(text)]
