"""A filled root, and a door to it for each way of opening files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolkits.files.yard import Door, door, fill


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return fill(tmp_path)


@pytest.fixture(params=[True, False], ids=["openat2", "stepwise"])
def openat2(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def files(root: Path, *, openat2: bool) -> Door:
    return door(root, openat2=openat2)
