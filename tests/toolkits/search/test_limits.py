"""Whatever is searched, a call ends in time, stops when it is told to, and takes little memory."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Thread

import anyio
import pytest

from tests.toolkits.memory import at_most
from tests.toolkits.search.yard import Door, door, found_in, notes_of, write
from toolyard_kernel.calls.context import CallState, ToolContext
from toolyard_kernel.calls.workers import Workers
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends import LocalBackend
from toolyard_toolkits.roots import Root
from toolyard_toolkits.search.budget import Budget
from toolyard_toolkits.search.calls import Asked, grepping
from toolyard_toolkits.search.globs import Glob
from toolyard_toolkits.search.walk import Walk

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of 64 MiB, of many lines and of one, and a sparse one of a tebibyte."""
    root = tmp_path_factory.mktemp("huge")
    with (root / "lines").open("wb") as lines, (root / "line").open("wb") as line:
        for _ in range(64):
            lines.write((b"x" * 95 + b"\n") * (MIB // 96))
            line.write(b"x" * MIB)
        for file in (lines, line):
            file.write(b"\nneedle\n")
    with (root / "sparse").open("wb") as sparse:
        sparse.write(b"needle\n")
        sparse.truncate(2**40)
    return root


@pytest.mark.parametrize("context", [0, 100])
async def test_huge_files_are_searched_in_little_memory(huge: Path, context: int) -> None:
    with at_most(12 * MIB):
        outcome = await door(huge).grep("^needle$", context=context)
    assert "matching lines in 2 files" in outcome.text
    assert f"{64 * (MIB // 96) + 2}:needle" in found_in(outcome)


async def test_a_sparse_file_is_binary_at_once(huge: Path) -> None:
    with anyio.fail_after(20):
        outcome = await door(huge).grep("needle", glob="sparse")
    assert "no line matches" in outcome.text


async def test_what_was_found_until_the_time_was_over_is_the_answer(tmp_path: Path) -> None:
    write(tmp_path, {"a": "needle\n", "b": (b"a" * 9999 + b"\n") * 10_000})
    asked = Asked(pattern="needle|(?:a?){0,500}b", glob=None, ignore_case=False, context=0, most=100)
    ctx = ToolContext(caller=door(tmp_path, timeout=0.1).caller, call_id="c", tool="grep")
    root = Root(folder=tmp_path, backend=LocalBackend())
    answer = await grepping(root, ".", asked, ctx).answer(Workers(), None)
    assert answer.split("\n")[:3] == ["1 matching line in 1 file", "a", "1:needle"]
    assert "[stopped after 0.08 s, before everything was searched" in answer
    assert "path=" in answer


async def test_a_search_stops_when_its_call_is_over(tmp_path: Path) -> None:
    write(tmp_path, {f"{number}": "" for number in range(100)})
    ctx = ToolContext(caller=door(tmp_path).caller, call_id="c", tool="glob", state=CallState())
    with LocalBackend().open(tmp_path) as root:
        files = Walk(start=(), glob=Glob.of("*"), budget=Budget(ctx=ctx)).files(root)
        assert next(files).names == ("0",)
        ctx.state.cancelled = True
        with pytest.raises(ToolError, match="the call is over"):
            next(files)


async def test_a_caller_who_leaves_is_let_go_and_the_next_call_works(huge: Path) -> None:
    there = door(huge)
    with anyio.move_on_after(0.2) as scope:
        await there.grep("(?:x?){0,1000}y")
    assert scope.cancelled_caught
    assert found_in(await there.glob("li*")) == ["line", "lines"]


async def test_a_tree_of_many_files_is_searched_with_and_without_ripgrep(search: Door, root: Path) -> None:
    for folder in range(30):
        (root / f"{folder:03}").mkdir()
        for number in range(100):
            (root / f"{folder:03}/{number:03}").write_text(f"file {folder * 100 + number}\n")
    outcome = await search.grep("file .*777$")
    assert found_in(outcome) == ["007/077", "1:file 777", "017/077", "1:file 1777", "027/077", "1:file 2777"]
    outcome = await search.grep("file 3000")
    assert outcome.text == "no line matches `file 3000`: 3000 files searched in the root folder"


async def test_a_deep_tree_is_searched_to_its_end(search: Door, root: Path) -> None:
    folder = os.open(root, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("deeper-and-deeper", dir_fd=folder)
        below = os.open("deeper-and-deeper", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    with open(os.open("a", os.O_WRONLY | os.O_CREAT, dir_fd=folder), "w") as file:  # noqa: PTH123 - a descriptor
        file.write("alpha\n")
    os.close(folder)
    path, line = found_in(await search.grep("alpha"))
    assert path == "deeper-and-deeper/" * 300 + "a"
    assert line == "1:alpha"
    assert found_in(await search.glob("**/a")) == [path]


async def test_calls_at_once_do_not_disturb_each_other(search: Door, root: Path) -> None:
    write(root, {f"{number}": f"line {number}\n" for number in range(20)})

    async def check(number: int) -> None:
        assert found_in(await search.grep(f"line {number}$")) == [f"{number}", f"1:line {number}"]

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(check, number)


async def test_no_call_leaves_a_descriptor_open(search: Door, root: Path) -> None:
    write(root, {"a": "alpha", "b/c": "alpha", "binary": b"\0", ".gitignore": "x"})

    async def everything() -> None:
        for path in (".", "a", "b", "binary", "missing", "..", ""):
            await search.grep("alpha", path=path, max_matches=1)
            await search.glob("**/*", path=path)
        await search.grep("(")

    await everything()
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - names, not paths
    for _ in range(5):
        await everything()
    assert len(os.listdir("/dev/fd")) <= before  # noqa: PTH208 - see above


async def test_the_loop_stays_free_while_a_file_is_searched(huge: Path) -> None:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await anyio.sleep(0.01)
            longest = max(longest, time.monotonic() - began)

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        await door(huge).grep("x.{90}y|needle")
        group.cancel_scope.cancel()
    assert longest < 1


async def test_files_that_go_away_meanwhile_do_no_harm(search: Door, root: Path) -> None:
    write(root, {f"{number}/a": "alpha" for number in range(50)})

    def churn() -> None:
        for turn in range(5):
            for number in range(50):
                (root / f"{number}/a").unlink()
                (root / f"{number}/a").write_text(f"alpha {turn}")

    churning = Thread(target=churn)
    churning.start()
    while churning.is_alive():
        assert (await search.grep("alpha")).ok
        assert (await search.glob("**/a")).ok
    churning.join()
    assert len(found_in(await search.grep("alpha 4"))) == 100


async def test_a_folder_that_may_not_be_opened_is_told(search: Door, root: Path) -> None:
    write(root, {"a": "alpha", "closed/b": "alpha", "closed-file": "alpha"})
    if os.geteuid() == 0:
        pytest.skip("root may open everything")
    (root / "closed").chmod(0)
    (root / "closed-file").chmod(0)
    outcome = await search.grep("beta")
    assert "[1 folder could not be opened]" in notes_of(outcome)
    assert "[1 file could not be read]" in notes_of(outcome)
