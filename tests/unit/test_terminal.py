"""The terminal as a platform, where nobody has to serve it."""

from pathlib import Path

import pytest

from adapters.terminal.adapter import TerminalPlatform


async def test_what_a_person_is_told_is_printed_beside_what_a_script_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    await TerminalPlatform(tmp_path).tell("ada", "80 % of the budget is spent.", workspace="local")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "80 % of the budget is spent.\n")
