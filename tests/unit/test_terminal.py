"""The terminal as a platform, where nobody has to serve it."""

from pathlib import Path

import pytest

from adapters.terminal.adapter import TerminalPlatform, terminal_message
from bot.domain.errors import PostRefused
from tests.contracts.platform import FILES


async def test_what_a_person_is_told_is_printed_beside_what_a_script_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    await TerminalPlatform(tmp_path).tell("ada", "80 % of the budget is spent.", workspace="local")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "80 % of the budget is spent.\n")


async def test_files_are_left_beside_the_replies(tmp_path: Path):
    platform, message = TerminalPlatform(tmp_path / "replies"), terminal_message("1", "ada")
    post = await platform.post(FILES, answering=message, key="files")
    assert platform.files(message) == [tmp_path / "replies" / file.name for file in FILES.files]
    assert [path.read_bytes() for path in platform.files(message)] == [file.content for file in FILES.files]
    assert await platform.find(answering=message, key="files") == post
    assert platform.text(message) == ""


async def test_files_that_cannot_be_written_are_refused(tmp_path: Path):
    (tmp_path / "replies").write_bytes(b"in the way")
    platform, message = TerminalPlatform(tmp_path / "replies"), terminal_message("1", "ada")
    with pytest.raises(PostRefused, match="cannot be written"):
        await platform.post(FILES, answering=message, key="files")
    assert platform.files(message) == []
