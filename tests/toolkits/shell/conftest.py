"""A root folder for a shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolyard_toolkits.backends import SandboxBackend


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "notes.txt").write_text("alpha\nbeta\n")
    (tmp_path / "secret.txt").write_text("do not read\n")
    return folder


@pytest.fixture
def sandbox() -> SandboxBackend:
    backend = SandboxBackend()
    if backend.missing:
        pytest.skip(f"no sandbox can run here: {backend.missing}")
    return backend
