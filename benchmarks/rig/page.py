"""The page that results are written down in: each question has a section of its own, between two comments."""

from pathlib import Path


def write_section(page: Path, name: str, text: str) -> None:
    """Replace the section of one question; a page without it gets it at its end.

    Args:
        page: a Markdown file; it is made where there is none.
        name: of the question.
        text: Markdown.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    section = f"{begin}\n{text}\n{end}"
    if begin in before and end in before:
        head, tail = before.partition(begin)[0], before.partition(end)[2]
        page.write_text(f"{head}{section}{tail}", encoding="utf-8")
    else:
        page.write_text(f"{before.rstrip()}\n\n{section}\n".lstrip(), encoding="utf-8")
