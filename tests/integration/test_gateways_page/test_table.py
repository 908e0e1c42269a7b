"""Each cell of the table in docs/gateways.md is what comes of asking that gateway, over a socket."""

import os
import re
import tomllib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.storage.clock import SystemClock
from bot.app.remote import remote_gateways
from tests.integration.test_gateways_page.columns import COLUMNS, Column, PlainSettings
from tests.integration.test_gateways_page.files import Files, make_files
from tests.integration.test_gateways_page.fronts import Fronts
from tests.integration.test_gateways_page.table import (
    LINES,
    NONE,
    PAGE,
    UNPROVED,
    Line,
    block_of,
    find_out,
    read_table,
    write_cell,
    write_table,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60), pytest.mark.slow]

WRITES = "MYNAH_WRITE_DOCS" in os.environ
"""Whether the page is made to say what is so."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return await make_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module", params=COLUMNS, ids=lambda column: column.title)
def column(request: pytest.FixtureRequest) -> Column:
    found: Column = request.param
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fronts(column: Column, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fronts]:
    async with column.open(tmp_path_factory.mktemp("data")) as opened:
        yield opened


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.title)
async def test_a_cell_is_what_came_of_asking(line: Line, column: Column, fronts: Fronts, files: Files):
    cell = await find_out(line, fronts, files)
    if WRITES:
        write_cell(line.title, column.title, cell)
    shown = read_table(block_of(PAGE.read_text(encoding="utf-8")))
    assert shown.get((line.title, column.title)) == cell, "MYNAH_WRITE_DOCS=1 writes what is so"


async def test_the_page_has_these_cells_and_no_others():
    block = block_of(PAGE.read_text(encoding="utf-8"))
    shown = read_table(block)
    assert block == write_table(shown)
    assert shown.keys() == {(line.title, column.title) for line in LINES for column in COLUMNS}
    assert UNPROVED not in shown.values()
    assert NONE in shown.values()


async def test_the_settings_that_the_page_shows_are_taken():
    shown = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    settings = [PlainSettings(**tomllib.loads(example)) for example in shown]
    named = {gateway.name for each in settings for gateway in remote_gateways(each, SystemClock(), serving=True)}
    assert {"openrouter", "fal", "openroute", "ollama"} <= named
    assert any(each.prices for each in settings)
