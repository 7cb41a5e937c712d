"""A folder, and both backends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from toolyard_kernel.backends import Backend
from toolyard_toolkits.backends import LocalBackend, SandboxBackend

if sys.platform != "linux":
    collect_ignore = ["test_running.py", "test_sandbox.py", "test_owner.py"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "notes.txt").write_text("alpha\n")
    return root


@pytest.fixture
def sandbox() -> SandboxBackend:
    backend = SandboxBackend()
    if backend.missing:
        pytest.skip(f"no sandbox can run here: {backend.missing}")
    return backend


@pytest.fixture(params=["local", "sandbox"])
def backend(request: pytest.FixtureRequest) -> Backend:
    return LocalBackend() if request.param == "local" else request.getfixturevalue("sandbox")
