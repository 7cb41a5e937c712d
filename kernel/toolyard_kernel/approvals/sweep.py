"""Taking away the approvals that no call can use any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

WEEK = 7 * 24 * 3600.0
"""Seconds that an approval is kept after its end. A state a client holds can be given back for an hour at most."""

ASKED, DECIDED, SPENT = ".ask.json", ".decision.json", ".spent"


def remove(folder: Path, number: str) -> None:
    """Remove an approval. Its ask goes first: what is spent never looks unspent, whenever this is cut short."""
    for ending in (ASKED, DECIDED, SPENT):
        (folder / f"{number}{ending}").unlink(missing_ok=True)


def remove_strays(folder: Path, before: float) -> None:
    """Remove what belongs to no ask and was written `before`: marks of asks that had no file, drafts, ends of asks."""
    for path in _strays(folder):
        try:
            if path.stat().st_mtime < before:
                path.unlink()
        except FileNotFoundError:  # another process sweeps too
            continue


def _strays(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        number = path.name.partition(".")[0]
        ours = path.name.startswith(".") or path.name.endswith((DECIDED, SPENT))
        if ours and not (number and (folder / f"{number}{ASKED}").exists()):
            yield path
