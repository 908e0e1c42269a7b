"""Media on their way to fal: small ones inside the request, others in fal's storage, where they soon expire.

    https://fal.ai/docs/documentation/model-apis/fal-cdn           the storage
    https://fal.ai/docs/documentation/model-apis/media-expiration  how long it keeps them

Files in the storage can be read by whoever knows their address, and voice notes are private, so they are kept for an
hour and no longer: as long as fal keeps the answer. An upload is free, so it is tried again.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.gateways.body import Raw
from adapters.gateways.chat_completions import dumped
from adapters.gateways.fal.codec import Input, extension, mimetype
from adapters.gateways.fal.errors import HttpAnswer, failure
from adapters.gateways.fal.wire import Wire
from adapters.gateways.problems import Call
from adapters.gateways.reading import a_text
from bot.domain.audio import MediaFile
from bot.domain.errors import ModelBusy, ModelInDoubt, ModelProblem, ModelUnreachable
from bot.words import phrase

INLINE_BYTES = 1_000_000
"""Of all media of a request: up to here they travel inside of it."""
KEPT_SECONDS = 3600
TRIES = 3
PAUSE_SECONDS = 0.5

LIFECYCLE = json.dumps({"expiration_duration_seconds": KEPT_SECONDS})
HEADERS = {
    "Content-Type": "application/json",
    # The CDN reads the first, the older storage the second.
    "X-Fal-Object-Lifecycle": LIFECYCLE,
    "X-Fal-Object-Lifecycle-Preference": LIFECYCLE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """fal's storage."""

    wire: Wire
    """To fal."""
    url: str
    """Of the storage's API."""

    async def addresses(self, sent: Input, mark: str, call: Call) -> Sequence[str] | None:
        """Upload the files of an input, where they are too large to travel in the request.

        Args:
            sent: the input.
            mark: the beginning of the files' names, by which the call can be found in fal's history.
            call: what it is for.

        Returns:
            Their addresses, in order; None when they are to travel in the request.

        Raises:
            ModelProblem: they could not be uploaded; nothing was charged.
        """
        if sent.size <= INLINE_BYTES:
            return None
        names = file_names(sent, mark)
        return [await self._stored(file, name, call) for file, name in zip(sent.files, names, strict=True)]

    async def _stored(self, file: MediaFile, name: str, call: Call) -> str:
        for left in reversed(range(TRIES)):
            try:
                return await self._put(file, name, call)
            except (ModelBusy, ModelUnreachable):
                if not left:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)
        raise AssertionError("the last try returns or raises")

    async def _put(self, file: MediaFile, name: str, call: Call) -> str:
        kind = mimetype(file)
        wish = dumped({"file_name": name, "content_type": kind}).encode()
        url = f"{self.url}/storage/upload/initiate?storage_type=fal-cdn-v3"
        promised = _good(await self.wire.exchange("POST", url, call, body=(wish,), headers=HEADERS), call).json()
        upload_url, file_url = a_text(promised.get("upload_url")), a_text(promised.get("file_url"))
        if not (upload_url and file_url):
            raise ModelBusy(phrase("fal's storage gave no address"), model=call.model)
        # The address to put a file to is its own permission, so the key stays here.
        headers, body = {"Content-Type": kind}, (Raw(file=file),)
        _good(await self.wire.exchange("PUT", upload_url, call, body=body, headers=headers, keyed=False), call)
        return file_url


def file_names(sent: Input, mark: str) -> Sequence[str]:
    """Name the files of an input; fal knows their formats by the extensions."""
    return [f"{mark or 'file'}-{place}.{extension(file)}" for place, file in enumerate(sent.files)]


def _good(answer: HttpAnswer, call: Call) -> HttpAnswer:
    if answer.status < 300:
        return answer
    problem: ModelProblem = failure(answer, call)
    # Nothing that happens in the storage costs anything.
    in_doubt = answer.status >= 500 or isinstance(problem, ModelInDoubt)
    raise ModelBusy(problem.reason, model=call.model) if in_doubt else problem
