"""The page's table: its lines, how a cell is found out, and how the block in the page is read and written."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.domain.audio import MediaFormat
from tests.integration.test_gateways_page import dealings, senses
from tests.integration.test_gateways_page.asking import Facts, Lacking
from tests.integration.test_gateways_page.columns import COLUMNS
from tests.integration.test_gateways_page.files import Files
from tests.integration.test_gateways_page.fronts import Front, Fronts

PAGE = Path(__file__).parents[3] / "docs" / "gateways.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
NONE = "–"  # noqa: RUF001  (an empty cell, as people set it)
UNPROVED = "?"
"""Until its test has written it."""

Cells = Mapping[tuple[str, str], str]
"""What the table says, by line and column."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table."""

    title: str
    """What is asked."""
    probe: Callable[[Front, Files], Awaitable[Facts]]
    """Asks it: returns facts, or raises `Lacking` where the gateway refused clearly, before anything was sent or charged.

    Everything else that may happen, above all a wrong answer and a breach of a gateway's contract, is a failure.
    """
    collects: bool = False
    """Whether the column has what any of its fronts has; else the first that has it speaks for all."""
    joined: Callable[[Collection[str]], str] = " ".join
    """Makes a cell of the facts."""


def _sound(form: MediaFormat) -> Line:
    return Line(
        title=f"sound: {form}",
        probe=senses.sound(form),
        collects=True,
        joined=lambda facts: "both" if len(facts) > 1 else " ".join(facts),
    )


SOUNDS = ("wav", "mp3", "ogg", "flac", "m4a", "aac", "aiff", "webm", "pcm16")

LINES = (
    Line(title="text", probe=senses.text),
    Line(title="text, piece by piece", probe=senses.streamed),
    Line(title="reasoning, apart from the text", probe=senses.thinking),
    *(_sound(MediaFormat(form)) for form in SOUNDS),
    Line(title="transcripts, by a model for it", probe=senses.written_down),
    Line(title="speech, by a model for it", probe=senses.spoken),
    Line(title="answers said aloud, in chat", probe=senses.aloud),
    Line(title="pictures", probe=senses.seen("pictures"), collects=True),
    Line(title="videos, as files", probe=senses.seen("videos"), collects=True),
    Line(title="videos, by address on YouTube", probe=senses.linked),
    Line(title="a queue that goes on without us", probe=dealings.queued),
    Line(title="a webhook at the end", probe=dealings.rung),
    Line(title="upload of what is large", probe=dealings.uploaded),
    Line(title="cost, told with the answer", probe=dealings.cost_told),
    Line(title="cost, told later", probe=dealings.cost_later),
    Line(title="charges of the key, in sum", probe=dealings.account),
    Line(title="the answer, after a crash", probe=dealings.recovered),
)
"""In the page's order."""


async def find_out(line: Line, fronts: Fronts, files: Files) -> str:
    """Ask a kind of gateway, and say in a cell what came of it.

    Raises:
        AssertionError: something came of it that no cell can say.
    """
    facts: dict[str, None] = {}
    for front in fronts:
        await front.ready()
        try:
            found = await line.probe(front, files)
        except Lacking:
            found = ()
        assert (await front.seen()).violations == ()
        facts |= dict.fromkeys(found)
        if found and not line.collects:
            break
    return line.joined(facts) or NONE


# --- the block in the page ---------------------------------------------------


def block_of(page: str) -> str:
    """Return what stands between the page's marks."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def read_table(block: str) -> Cells:
    """Read a table."""
    rows = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in block.splitlines()]
    if not rows:
        return {}
    (_, *titles), _, *lines = rows
    return {(line, title): cell for line, *cells in lines for title, cell in zip(titles, cells, strict=True)}


def write_table(cells: Cells) -> str:
    """Write a table, in columns that a person can read too."""
    titles = [column.title for column in COLUMNS]
    rows = [[line.title, *(cells.get((line.title, title), UNPROVED) for title in titles)] for line in LINES]
    widths = [max(map(len, column)) for column in zip(["", *titles], *rows, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(_row(row, widths) for row in (["", *titles], rule, *rows))


def _row(cells: Collection[str], widths: Collection[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"


def write_cell(line: str, title: str, cell: str) -> None:
    """Put one cell into the page."""
    page = PAGE.read_text(encoding="utf-8")
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    block = write_table({**read_table(block_of(page)), (line, title): cell})
    PAGE.write_text(f"{head}{begin}\n{block}\n{end}{tail}", encoding="utf-8")
