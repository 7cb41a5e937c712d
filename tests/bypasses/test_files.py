"""No attempt reads or changes anything outside of the root, however paths are opened; honest work is done.

The kernel's `openat2` is the first fence; the step by step way without it must hold alone.
"""

from __future__ import annotations

import re
import stat
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.bypasses.arrangements import RACES, Swap, path_of, prepare
from tests.bypasses.corpus import Attempt, load
from tests.toolkits.files.yard import CANARY, Door, door, fill, preview_of, snapshot
from toolyard_kernel.calls.outcomes import Outcome
from toolyard_kernel.errors import ToolError

pytestmark = pytest.mark.anyio

ATTEMPTS = load("files")
HONEST = load("honest_files")
TOOLS = ("read", "list", "edit", "write")
WRITTEN = "written by an attempt\n"
ROUNDS = 25
"""How often each tool is called while somebody else changes the root."""

_TERMINAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_OUTSIDE = ("root:x:", "daemon:", "[build-system]")
"""What /etc/passwd and the folder of the tests would show."""


def names_of(entries: list[Attempt]) -> list[Any]:
    return [pytest.param(entry, id=entry["id"]) for entry in entries]


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(ATTEMPTS) >= 80
    assert len(HONEST) >= 35


@pytest.mark.parametrize("openat2", [True, False], ids=["openat2", "stepwise"])
@pytest.mark.parametrize("attempt", names_of(ATTEMPTS))
async def test_an_attempt_neither_reads_nor_changes_what_is_outside(
    tmp_path: Path, attempt: Attempt, *, openat2: bool
) -> None:
    root = fill(tmp_path)
    prepare(root, attempt.get("setup", []))
    path = path_of(attempt, root)
    swapping = RACES[attempt["race"]](root) if "race" in attempt else None
    before, outside = snapshot(root), snapshot(root.parent, without=root)
    where = Path(attempt.get("root", root))
    files = door(where, openat2=openat2, file_write=attempt.get("profile", "full"))
    tools = attempt.get("tools", TOOLS if where == root else ("read", "list"))
    if "etc/passwd" in path:  # should a guard be missing one day, the machine that shows it must live on
        tools = tuple(tool for tool in tools if tool != "write")
    outcomes = await tried(files, tools, path, swapping)

    assert snapshot(root.parent, without=root) == outside
    for outcome in outcomes:
        check_answer(outcome, root, path)
    check_preview(files, tools, path)
    check_rights(root)
    if attempt.get("expect", "refused") == "refused" and not swapping:
        assert [outcome.text for outcome in outcomes if outcome.ok] == []
        assert snapshot(root) == before


async def tried(files: Door, tools: tuple[str, ...], path: str, swapping: Swap | None) -> list[Outcome]:
    if not swapping:
        return [await call(files, tool, path) for tool in tools]
    over = Event()

    def swap() -> None:
        while not over.is_set():
            swapping()

    swapper = Thread(target=swap)
    swapper.start()
    try:
        return [await call(files, tool, path) for _ in range(ROUNDS) for tool in tools]
    finally:
        over.set()
        swapper.join()


async def call(files: Door, tool: str, path: str) -> Outcome:
    match tool:
        case "read":
            return await files.read(path)
        case "list":
            return await files.list(path)
        case "write":
            return await files.write(path, WRITTEN)
        case _:
            return await files.edit(path, CANARY, "sung", replace_all=True)


def check_answer(outcome: Outcome, root: Path, path: str) -> None:
    """Nothing of what is outside, nothing about where the root is, and no line that a terminal would obey."""
    text = outcome.text.replace(path, "") if path else outcome.text
    for secret in (CANARY, str(root.parent), *_OUTSIDE):
        assert secret not in text
    assert outcome.ok or not _TERMINAL.search(outcome.text)


def check_preview(files: Door, tools: tuple[str, ...], path: str) -> None:
    for tool in {"write", "edit"}.intersection(tools):
        given = {"content": "x"} if tool == "write" else {"old_string": CANARY, "new_string": "x"}
        with suppress(ToolError):
            assert CANARY not in preview_of(files, tool, path=path, **given)


def check_rights(root: Path) -> None:
    """What was written has no rights of somebody else's."""
    for path in root.rglob("*"):
        if not path.is_symlink() and path.is_file() and path.read_bytes() == WRITTEN.encode():
            assert not path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)


@pytest.mark.parametrize("openat2", [True, False], ids=["openat2", "stepwise"])
@pytest.mark.parametrize("work", names_of(HONEST))
async def test_honest_work_is_done(tmp_path: Path, work: Attempt, *, openat2: bool) -> None:
    if work.get("follows_links") and (not openat2 or sys.platform != "linux"):
        pytest.skip("links that stay inside are followed with openat2 only")
    root = fill(tmp_path)
    prepare(root, work.get("setup", []))
    files = door(root, openat2=openat2, file_write=work.get("profile", "full"))
    for step in work["calls"]:
        (tool,) = (key for key in step if key in TOOLS)
        arguments = {"path": step[tool], **{key: value for key, value in step.items() if key not in (tool, "shows")}}
        outcome = await files.call(tool, **arguments)
        assert outcome.ok, outcome.text
        assert step.get("shows", "") in outcome.text
    holds: dict[str, str] = work.get("holds", {})
    for path, content in holds.items():
        assert (root / path).read_bytes() == content.encode(work.get("encoding", "utf-8"))


def test_a_root_that_is_only_text_before_a_path_falls_for_many_of_the_attempts(tmp_path: Path) -> None:
    """The canary can be reached: it is the guards that keep it, and no mistake in the corpus."""
    fallen: set[str] = set()
    for attempt in ATTEMPTS:
        places = str(attempt.get("setup", ""))
        if {"root", "race"} & attempt.keys() or any(word in places for word in ("fifo", "device", "/dev", "/proc")):
            continue
        folder = tmp_path / attempt["id"]
        folder.mkdir()
        root = fill(folder)
        prepare(root, attempt.get("setup", []))
        with suppress(OSError, ValueError):
            text = (root / path_of(attempt, root)).read_text()
            if CANARY in text or any(word in text for word in _OUTSIDE):
                fallen.add(attempt["id"])
    assert len(fallen) >= 15
