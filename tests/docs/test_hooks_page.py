"""Every block of docs/hooks.md runs, in its order, and prints what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pasting import DOCS, Reader, blocks_of, kinds_of, promised

pytestmark = pytest.mark.anyio

PAGE = (DOCS / "hooks.md").read_text()
BLOCKS = blocks_of(PAGE)


async def test_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reader = Reader()
    assert kinds_of(PAGE) == ["python"] * len(BLOCKS) != []
    for block in BLOCKS:
        assert await reader.paste(block) == promised(block)
    await reader.names["runtime"].close()
