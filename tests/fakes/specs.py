"""Find the vendors' specifications, where the machine has them."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def specification(name: str) -> Path | None:
    """Return the path of a vendor's specification file or folder, or None where it is absent.

    Args:
        name: for example `discord-openapi.json`, below `$MYNAH_SPECS` (default `../shared/specs`).
    """
    folder = Path(os.environ.get("MYNAH_SPECS", ROOT.parent / "shared" / "specs"))
    path = folder / name
    return path if path.exists() else None
