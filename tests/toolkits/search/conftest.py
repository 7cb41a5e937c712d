"""A root folder with a secret beside it, and a door to it with each engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolkits.search.yard import CANARY, Door, door, why_no_ripgrep


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text(f"{CANARY}\n")
    made = tmp_path / "root"
    made.mkdir()
    return made


@pytest.fixture(params=[False, True], ids=["built-in", "ripgrep"])
def search(request: pytest.FixtureRequest, root: Path) -> Door:
    if request.param and (why := why_no_ripgrep()):
        pytest.skip(why)
    return door(root, ripgrep=bool(request.param))
