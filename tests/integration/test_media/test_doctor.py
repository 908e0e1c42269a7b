"""What the doctor says of ffmpeg: the real one, none, and broken ones."""

import stat
from pathlib import Path

import pytest

from adapters.media import ffmpeg
from adapters.media.checks import findings
from adapters.media.media import PydubMedia
from bot.domain.errors import SettingInvalid
from bot.domain.health import Finding

CONVERTER = ffmpeg.find_converter()


async def the_one_wrong(converter: str | None) -> Finding:
    (finding,) = await findings(converter)
    assert not finding.ok
    assert "pip install 'mynah-bot[ffmpeg]'" in finding.fix
    return finding


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def test_the_ffmpeg_that_is_used_is_named_with_its_version_and_origin():
    async with PydubMedia() as media:
        (finding,) = await media.check()
    assert finding.ok
    assert CONVERTER in finding.what
    assert "imageio_ffmpeg" in finding.what


async def test_the_systems_ffmpeg_is_told_from_the_packages(tmp_path: Path):
    real = script(tmp_path / "ffmpeg", f'exec "{CONVERTER}" "$@"')
    (finding,) = await findings(real)
    assert finding.ok
    assert "the system's" in finding.what


async def test_without_ffmpeg_only_media_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ffmpeg, "PACKAGE", "no_such_package")
    monkeypatch.setenv("PATH", str(tmp_path))
    async with PydubMedia() as media:
        (finding,) = await media.check()
        assert finding == await the_one_wrong(None)
        with pytest.raises(SettingInvalid, match="none on this machine"):
            await media.probe(str(tmp_path / "note.ogg"))


async def test_an_ffmpeg_that_is_gone_or_is_none_is_told(tmp_path: Path):
    assert "No such file" in (await the_one_wrong(str(tmp_path / "gone"))).what
    assert "does not say its version" in (await the_one_wrong(script(tmp_path / "other", "true"))).what


async def test_an_ffmpeg_without_our_encoders_is_told(tmp_path: Path):
    poor = script(tmp_path / "poor", "echo ffmpeg version 4.2; echo ' A..... aac flac pcm_s16le pcm_s16be'")
    assert "ffmpeg 4.2" in (wrong := await the_one_wrong(poor)).what
    assert "libmp3lame, libopus" in wrong.what
