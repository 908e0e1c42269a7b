"""Keeps the catalogues of `bot/locale` in step with the code: `python docs/words.py`.

What is said anew in the code gets an empty line in every catalogue, what is said no more is dropped, and each catalogue is
compiled into what the service reads. A line that is empty, or that was only guessed (`fuzzy`), is said in English.
"""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from bot.words import DOMAIN, ENGLISH, LANGUAGES

ROOT = Path(__file__).parent.parent
NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""Catalogues have no dates, so that the same words are the same bytes."""

FORMS = {"say": 1, "phrase": 1, "say_count": 2}
"""How many texts stand first in the calls that say something."""


def said_in_the_code() -> Catalog:
    """Return everything that the code says."""
    catalogue = Catalog(domain=DOMAIN, fuzzy=False)
    for room in ("bot", "adapters"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for message in said_in(path.read_text()):
                catalogue.add(message, locations=[(str(path.relative_to(ROOT)), 0)])
    return catalogue


def said_in(source: str) -> Iterator[str | tuple[str, ...]]:
    """Yield what one file says, also within f-strings, which before Python 3.12 are closed to extractors by tokens."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORMS:
            first = [each.value for each in node.args[: FORMS[node.func.id]] if isinstance(each, ast.Constant)]
            texts = [text for text in first if isinstance(text, str) and text]
            if len(texts) == FORMS[node.func.id]:
                yield texts[0] if len(texts) == 1 else tuple(texts)


def catalogue_path(language: str) -> Path:
    """Return where a language's catalogue is written."""
    return ROOT / "bot" / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read_catalogue(language: str) -> Catalog:
    """Return a language's catalogue as it stands; an empty one when there is none yet."""
    path = catalogue_path(language)
    if not path.exists():
        return _headed(Catalog(locale=language, domain=DOMAIN, fuzzy=False), language)
    with path.open("rb") as file:
        return _headed(read_po(file, locale=language, domain=DOMAIN), language)


def _headed(catalogue: Catalog, language: str) -> Catalog:
    catalogue.project, catalogue.version, catalogue.fuzzy = "Mynah", "", False
    catalogue.last_translator = catalogue.language_team = catalogue.copyright_holder = "The Mynah maintainers"
    catalogue.msgid_bugs_address = ""
    catalogue.creation_date = catalogue.revision_date = NO_DATE
    catalogue.header_comment = f"# What Mynah says in {LANGUAGES[language]}; kept in step by `python docs/words.py`."
    return catalogue


def brought_up_to_date(language: str) -> Catalog:
    """Return a language's catalogue with exactly what the code says."""
    catalogue = read_catalogue(language)
    catalogue.update(said_in_the_code(), no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as people edit it, the same bytes for the same words."""
    file = BytesIO()
    write_po(file, catalogue, width=120, no_location=True, omit_header=False, sort_output=True)
    lines = file.getvalue().decode().splitlines(keepends=True)
    return "".join(
        line for line in lines if not line.startswith(('"POT-Creation', '"PO-Revision', '"Generated-By'))
    ).encode()


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue as the service reads it."""
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def main() -> None:
    """Write every catalogue, and say how much of it is missing."""
    for language in LANGUAGES.keys() - {ENGLISH}:
        catalogue = brought_up_to_date(language)
        path = catalogue_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(catalogue))
        path.with_suffix(".mo").write_bytes(compiled(read_catalogue(language)))
        missing = sum(1 for message in catalogue if message.id and not _is_said(message.string))
        print(f"{language}: {len(catalogue)} sentences, {missing} of them not yet said")


def _is_said(string: str | tuple[str, ...]) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)


if __name__ == "__main__":
    main()
