"""The worker's side of thinking: llama.cpp, spoken to as the OpenAI-shaped server that it is.

The engine brings its HTTP server along. It listens on a socket file in a folder that only we may enter, and takes chat
requests and token counts there: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.
"""

import http.client
import json
import os
import socket
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from typing_extensions import override

from bot.words import phrase

HANDLERS: dict[str, Callable[[Mapping[str, Any]], Iterator[object]]] = {}
"""`chat`, once `setup` has run."""

_PROMPT_CACHE_MIB = 64
_EVENT = b"data: "
_DONE = b"[DONE]"


class TooLong(Exception):
    """What was said last is longer than the model can read."""


class Unanswered(Exception):
    """The engine did not take the request."""


def setup(arguments: Mapping[str, Any]) -> None:
    """Load the model.

    Args:
        arguments: `path` of the `.gguf` file; `context`, tokens of prompt and answer together; `folder` for sockets.
    """
    HANDLERS["chat"] = Llama(arguments["path"], arguments["context"], arguments["folder"]).chat


class Llama:
    """One loaded model."""

    def __init__(self, path: str, context: int, folder: str) -> None:
        import xllamacpp  # type: ignore[import-untyped]  # noqa: PLC0415  100 MB that only a worker needs

        self._socket = f"{folder}/{os.getpid()}.sock"
        params = xllamacpp.CommonParams()
        params.model.path = path
        params.n_ctx = context
        params.n_parallel = 1
        # Its threads wait for each other by spinning: with one on every core it falls to a tenth of its speed as soon
        # as anything else wants to run.
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 1) // 2)
        params.cache_ram_mib = _PROMPT_CACHE_MIB
        params.hostnames = [self._socket]
        params.ui = params.endpoint_slots = params.warmup = False
        params.offline = True
        params.verbosity = -1
        self._server = xllamacpp.Server(params)
        # The server rounds up, and gives less to a model that was trained on less.
        served: int = self._ask("GET", "/props")["default_generation_settings"]["n_ctx"]
        self._context = min(context, served)

    def chat(self, arguments: Mapping[str, Any]) -> Iterator[object]:
        """Yield the answer as the server's own chunks (`chat.completion.chunk`), the last one with its usage.

        The oldest turns are left out until the rest fits; the system prompt and the last turn always stay.

        Args:
            arguments: the body of a chat completion request.

        Raises:
            TooLong: not even the last turn fits.
            Unanswered: the server refused.
        """
        room = min(arguments["max_tokens"], self._context // 2)
        messages = self._fitting(arguments["messages"], self._context - room)
        body = {**arguments, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
        for line in self._send("POST", "/v1/chat/completions", body):
            if line.startswith(_EVENT) and not line.startswith(_EVENT + _DONE):
                yield json.loads(line.removeprefix(_EVENT))

    def _fitting(self, messages: Sequence[Any], limit: int) -> Sequence[Any]:
        """Leave out as few of the oldest turns as possible; what is left begins with a user's, as templates want."""
        if self._fits(messages, limit):
            return messages
        fixed = [message for message in messages[:1] if message["role"] == "system"]
        starts = [at for at, message in enumerate(messages) if at and message["role"] == "user"]
        first = bisect_left(starts, x=True, key=lambda at: self._fits([*fixed, *messages[at:]], limit))
        if first == len(starts):
            raise TooLong(phrase("the text is longer than the {limit} tokens that it can read", limit=limit))
        return [*fixed, *messages[starts[first] :]]

    def _fits(self, messages: Sequence[Any], limit: int) -> bool:
        count: int = self._ask("POST", "/v1/chat/completions/input_tokens", {"messages": messages})["input_tokens"]
        return count <= limit

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return json.load(self._send(method, path, body))

    def _send(self, method: str, path: str, body: object = None) -> http.client.HTTPResponse:
        connection = _SocketFile(self._socket)
        connection.request(method, path, None if body is None else json.dumps(body), {"Connection": "close"})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise Unanswered(json.load(response)["error"]["message"])
        return response


class _SocketFile(http.client.HTTPConnection):
    """HTTP over a Unix domain socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)
