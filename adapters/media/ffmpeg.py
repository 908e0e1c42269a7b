"""Finds the ffmpeg that pydub runs."""

import importlib.util
import shutil
from pathlib import Path

from bot.domain.errors import SettingInvalid

PACKAGE = "imageio_ffmpeg"
"""The package that brings a static ffmpeg, https://github.com/imageio/imageio-ffmpeg."""


def find_converter() -> str:
    """Return the absolute path of an ffmpeg: the static one of imageio-ffmpeg, which starts in a sixth of the time, else the system's.

    An absolute path matters: pydub looks in the current folder first.

    Raises:
        SettingInvalid: there is none.
    """
    found = _bundled() or shutil.which("ffmpeg")
    if found is None:
        raise SettingInvalid("ffmpeg", "there is none on this machine; install it, or the extra `mynah-bot[ffmpeg]`")
    return str(Path(found).resolve())


def _bundled() -> str | None:
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    import imageio_ffmpeg  # type: ignore[import-untyped]  # noqa: PLC0415  an extra that may be missing

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:  # It has no binary for this machine.
        return None
