"""What the doctor asks of the media tools: each finding says what is wrong, why, and how to mend it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.media.ffmpeg import PACKAGE
from adapters.media.formats import EXPORTS
from bot.domain.health import Finding

SECONDS = 10.0
"""A program that takes longer to say its version is broken."""

INSTALL = "Install ffmpeg with the system's package manager, or the extra: pip install 'mynah-bot[ffmpeg]'."
"""The extra is a static ffmpeg of its own, for machines that have none."""

NONE = Finding(
    ok=False,
    what="There is no ffmpeg on this machine, so no recording can be heard and nothing can be spoken.",
    fix=INSTALL,
)


async def findings(converter: str | None) -> Sequence[Finding]:
    """Run ffmpeg, and look whether it writes every format that we need; never raises for what it finds.

    See https://ffmpeg.org/ffmpeg.html#Generic-options.

    Args:
        converter: the absolute path of ffmpeg; None where there is none.
    """
    if converter is None:
        return [NONE]
    try:
        version = (await _said(converter, "-version")).split()[2]
        known = (await _said(converter, "-hide_banner", "-encoders")).split()
    except (OSError, IndexError) as error:  # TimeoutError is an OSError
        reason = getattr(error, "strerror", None) or "it does not say its version"
        return [Finding(ok=False, what=f"{converter} does not run ({reason}), so no sound is converted.", fix=INSTALL)]
    missing = sorted({export.codec for export in EXPORTS.values()} - set(known))
    if missing:
        what = (
            f"ffmpeg {version} at {converter} was built without {', '.join(missing)}, so some clips cannot be written."
        )
        return [Finding(ok=False, what=what, fix=INSTALL)]
    return [Finding(ok=True, what=f"ffmpeg {version} ({_origin(converter)}) converts sound: {converter}.")]


async def _said(converter: str, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(converter, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return said.decode(errors="replace")


def _origin(converter: str) -> str:
    return f"from the package {PACKAGE}" if PACKAGE in Path(converter).parts else "the system's"
