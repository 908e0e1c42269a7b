"""`python -m tests.integration.test_servers.speech_server KIND WEIGHTS FOLDER`: a real speech server, until SIGTERM.

`hears` is open-asr-server with a folder of faster-whisper's, `speaks` is local-tts-studio with a voice of piper's, each
as its owner would set it up, offline. The one line printed is `{"port": N}`; its access log is `FOLDER/access.log`.

https://github.com/codyw912/open-asr-server
https://github.com/MythGrams/mythgram-agent/tree/main/packages/local-tts
"""

import asyncio
import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from typing_extensions import override

from adapters.media.ffmpeg import find_converter
from tests.fakes.serving import announce

MODEL = "openai/whisper-tiny.en"


@dataclass(frozen=True, kw_only=True)
class Kind:
    app: str
    """What uvicorn serves."""
    factory: bool
    """Whether that makes the application, or is it."""
    prepare: Callable[[Path, Path], Mapping[str, str]]
    """Lays out a folder for some weights, and returns the environment."""


def hearing(weights: Path, folder: Path) -> Mapping[str, str]:
    # It asks the engine for `tiny.en`, and the engine takes a folder of that name before it looks for a download.
    (folder / "tiny.en").symlink_to(weights, target_is_directory=True)
    os.chdir(folder)
    # Without a list of what is allowed, it also lists patterns such as `openai/whisper-*`, which are no models.
    return {"OPEN_ASR_SERVER_PRELOAD": f"faster-whisper:{MODEL}", "OPEN_ASR_SERVER_ALLOWED_MODELS": MODEL}


def speaking(weights: Path, folder: Path) -> Mapping[str, str]:
    settings = {"voices_dir": str(weights.parent), "api_default_voice": weights.stem, "device": "cpu"}
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "ffmpeg").symlink_to(find_converter())
    return {"LOCAL_TTS_DATA_DIR": str(folder), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


KINDS: Mapping[str, Kind] = {
    "hears": Kind(app="open_asr_server.app:create_app", factory=True, prepare=hearing),
    "speaks": Kind(app="local_tts.server.app:app", factory=False, prepare=speaking),
}


class Announcing(uvicorn.Server):
    """Says where it listens, as soon as it does."""

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        announce(self.servers[0].sockets[0].getsockname()[1])


def main(kind: Kind, weights: Path, folder: Path) -> None:
    """Serve on loopback."""
    logging.basicConfig(filename=folder / "access.log", level=logging.INFO, format="%(message)s")
    os.environ.update(kind.prepare(weights, folder))
    config = uvicorn.Config(kind.app, factory=kind.factory, host="127.0.0.1", port=0, log_config=None)
    asyncio.run(Announcing(config).serve())


main(KINDS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3]))
