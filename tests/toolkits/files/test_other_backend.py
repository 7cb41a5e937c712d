"""A backend that somebody else's distribution offers carries the toolkit without a change here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toolkits.files.memory_backend import FOLDERS, MemoryBackend
from tests.toolkits.files.yard import Door, door_to, entries_of, lines_of
from toolyard_kernel.backends import Backend, load_backend
from toolyard_kernel.errors import ConfigError
from toolyard_toolkits.files import FilesToolkit

pytestmark = pytest.mark.anyio

ROOT = Path("/in/memory")


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[None]:
    """A distribution that offers the backend `memory`, as pip would leave it."""
    about = tmp_path / "memory_backend-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: memory-backend\nVersion: 1.0\n")
    entry = f"[toolyard.backends]\nmemory = {MemoryBackend.__module__}:{MemoryBackend.__name__}\n"
    (about / "entry_points.txt").write_text(entry)
    sys.path.insert(0, str(tmp_path))
    FOLDERS[ROOT] = {"notes.txt": b"alpha\nbeta\n", "sub/deep.txt": b"deep\n"}
    try:
        yield
    finally:
        sys.path.remove(str(tmp_path))
        del FOLDERS[ROOT]


@pytest.fixture
def files(installed: None) -> Door:
    return door_to(load_backend("memory"), ROOT)


def test_its_class_is_a_backend() -> None:
    backend: Backend = MemoryBackend()
    assert backend.name == "memory"


def test_the_settings_name_it(installed: None) -> None:
    settings = FilesToolkit.Settings.model_validate({"root": str(ROOT), "backend": "memory"})
    assert [tool.name for tool in FilesToolkit(settings).tools()] == ["read", "list", "write", "edit"]
    with pytest.raises(ConfigError, match="elsewhere"):
        FilesToolkit(FilesToolkit.Settings.model_validate({"root": "/elsewhere", "backend": "memory"}))


def test_a_backend_that_is_not_installed_is_a_config_error_that_names_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"no backend is named 'memory'; installed: .*local"):
        FilesToolkit(FilesToolkit.Settings.model_validate({"root": str(ROOT), "backend": "memory"}))


async def test_files_are_read_listed_written_and_edited_on_it(files: Door) -> None:
    assert lines_of(await files.read("notes.txt")) == [(1, "alpha"), (2, "beta")]
    assert entries_of(await files.list(recursive=True)) == ["notes.txt  11 bytes", "sub/", "sub/deep.txt  5 bytes"]
    assert (await files.write("new/file", "x\n")).text == "new/file: created, 1 line, 2 bytes"
    assert (await files.edit("notes.txt", "beta", "gamma")).ok
    assert FOLDERS[ROOT] == {"notes.txt": b"alpha\ngamma\n", "sub/deep.txt": b"deep\n", "new/file": b"x\n"}


async def test_its_refusals_are_the_answers(files: Door) -> None:
    assert (await files.read("missing")).text == "missing: there is no such file"
    assert (await files.write("sub", "x")).text == "sub: this is a folder"
    create_only = door_to(load_backend("memory"), ROOT, file_write="create-only")
    assert (await create_only.write("notes.txt", "x")).text == "notes.txt: there is a file here already"
