"""Answers as JSON: one completion, or the chunks of a stream (https://openrouter.ai/docs/api_reference/streaming)."""

import json
from typing import Any

from tests.fakes.openrouter.compose import Answer
from tests.fakes.openrouter.ledger import Call

FINGERPRINT = "fp_loopback"
DONE = b"data: [DONE]\n\n"
NATIVE = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "tool_calls": "TOOL_CALLS"}


class Chunks:
    """Writes the chunks of one answer."""

    def __init__(self, answer: Answer, call: Call, *, escapes: bool) -> None:
        self._answer = answer
        self._escapes = escapes
        self._audio_id = f"audio_{call.generation_id}"
        self._expires_at = call.created + 3600
        self._head = self._quoted(
            {
                "id": call.generation_id,
                "object": "chat.completion.chunk",
                "created": call.created,
                "model": answer.model.id,
                "provider": answer.model.provider,
                "system_fingerprint": FINGERPRINT,
            }
        )[:-1]

    def deltas(self) -> list[bytes]:
        """All deltas: reasoning, then text or speech."""
        thought = [self._delta(self._thought(token)) for token in self._answer.reasoning]
        return thought + (self._spoken() if self._answer.audio else self._written())

    def tail(self) -> list[bytes]:
        """The finish, the usage and the end mark."""
        reason = self._answer.finish_reason
        choice = self._choice('{"role":"assistant","content":""}', f'"{reason}"', f'"{NATIVE.get(reason, reason)}"')
        usage = f',"usage":{self._quoted(self._answer.shown_usage)}'
        return [self._event(choice), self._event("", usage), DONE]

    def error(self, error: dict[str, Any], *, charged: bool = False) -> bytes:
        """The chunk that ends a stream in the middle, with the usage where it is charged all the same."""
        choice = self._choice('{"content":""}', '"error"')
        usage = f',"usage":{self._quoted(self._answer.shown_usage)}' if charged else ""
        return self._event(choice, f',"error":{self._quoted(error)}{usage}')

    def _written(self) -> list[bytes]:
        return [self._delta(f'"content":{self._quoted(token)}') for token in self._answer.tokens]

    def _spoken(self) -> list[bytes]:
        """Transcript and data side by side; `content` stays empty."""
        tokens, pieces = self._answer.tokens, self._answer.audio
        shares = [
            "".join(tokens[index * len(tokens) // len(pieces) : (index + 1) * len(tokens) // len(pieces)])
            for index in range(len(pieces))
        ]
        parts: list[dict[str, Any]] = [{"id": self._audio_id, "transcript": ""}]
        for share, data in zip(shares, pieces, strict=True):
            # Music says nothing beside its sound.
            said = {"transcript": share} if share and not self._answer.model.whole_sound else {}
            parts.append({"data": data, **said, "expires_at": self._expires_at})
        return [self._delta(f'"content":"","audio":{self._quoted(part)}') for part in parts]

    def _thought(self, token: str) -> str:
        text = self._quoted(token)
        return (
            f'"content":"","reasoning":{text},'
            f'"reasoning_details":[{{"type":"reasoning.text","text":{text},"format":"unknown","index":0}}]'
        )

    def _delta(self, members: str) -> bytes:
        return self._event(self._choice(f'{{"role":"assistant",{members}}}'))

    def _choice(self, delta: str, reason: str = "null", native: str = "null") -> str:
        return f'{{"index":0,"delta":{delta},"finish_reason":{reason},"native_finish_reason":{native},"logprobs":null}}'

    def _event(self, choice: str, more: str = "") -> bytes:
        return f'data: {self._head},"choices":[{choice}]{more}}}\n\n'.encode()

    def _quoted(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=self._escapes, separators=(",", ":"))


def completion(answer: Answer, call: Call, *, escapes: bool, error: dict[str, Any] | None = None) -> bytes:
    """The whole answer in one body; with an error, the choice that it interrupted."""
    reason = "error" if error is not None else answer.finish_reason
    message = {
        "role": "assistant",
        "content": answer.text,
        "reasoning": "".join(answer.reasoning) or None,
        "refusal": None,
    }
    choice = {
        "index": 0,
        "finish_reason": reason,
        "native_finish_reason": NATIVE.get(reason, reason),
        "logprobs": None,
        "message": message,
        **({} if error is None else {"error": error}),
    }
    body = {
        "id": call.generation_id,
        "object": "chat.completion",
        "created": call.created,
        "model": answer.model.id,
        "provider": answer.model.provider,
        "system_fingerprint": FINGERPRINT,
        "choices": [choice],
        "usage": answer.shown_usage,
    }
    return json.dumps(body, ensure_ascii=escapes, separators=(",", ":")).encode()
