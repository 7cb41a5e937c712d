"""A file is replaced whole or not at all, and nothing is left beside it."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from toolyard_kernel.whole_files import replace_file


@pytest.fixture
def open_umask() -> Generator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_replaced_is_private_and_stands_alone(tmp_path: Path, open_umask: None) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    replace_file(path, "new\r\n€")
    assert path.read_bytes() == "new\r\n€".encode()
    assert (mode(path), [path.name for path in tmp_path.iterdir()]) == (0o600, ["a"])


def test_whoever_reads_the_old_file_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with path.open() as reader:
        replace_file(path, "new")
        assert reader.read() == "old"


@pytest.mark.parametrize("had", [0o640, 0o666, 0o400])
def test_the_mode_of_a_file_can_be_kept(tmp_path: Path, had: int) -> None:
    path = tmp_path / "a"
    path.touch()
    path.chmod(had)
    replace_file(path, "new", mode=None)
    assert mode(path) == had


def test_a_new_file_can_have_what_the_umask_leaves(tmp_path: Path, open_umask: None) -> None:
    replace_file(tmp_path / "a", "new", mode=None)
    assert mode(tmp_path / "a") == 0o666


def test_a_file_in_an_open_folder_is_found_by_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    folder = os.open("here", os.O_RDONLY)
    (tmp_path / "here").rename(tmp_path / "moved")
    replace_file(Path("a"), "new", folder=folder)
    os.close(folder)
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["moved", "moved/a"]


def test_what_cannot_be_replaced_stays_and_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(tmp_path / "a", "new")
    with pytest.raises(UnicodeEncodeError):
        replace_file(tmp_path / "b", "\ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
