"""A ledger goes on in new files, keeps its promises when the disk does not, and knows whose it is."""

from __future__ import annotations

import asyncio
import fcntl
import json
import multiprocessing
import os
import resource
import stat
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from toolyard_kernel.errors import LedgerError
from toolyard_kernel.ledger import index
from toolyard_kernel.ledger.files import FileLedger, Keeping
from toolyard_kernel.ledger.names import INDEX
from toolyard_kernel.ledger.reading import read_records
from toolyard_kernel.ledger.verification import verify

pytestmark = pytest.mark.anyio

SMALL = Keeping(rotate_bytes=1000)
SYNCED = Keeping(sync="always", rotate_bytes=1000)


def files_of(state: Path) -> list[Path]:
    return sorted((state / "ledger").glob("*.jsonl"))


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def fill(ledger: FileLedger, count: int = 20, **fields: object) -> None:
    for n in range(count):
        ledger.append({"time": f"3000-01-01T00:00:{n:02}", "n": n, **fields})


def test_each_file_begins_where_the_one_before_ended(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, SMALL)
    fill(ledger)
    ledger.close()
    assert len(files_of(tmp_path)) > 3
    for before, after in pairwise(files_of(tmp_path)):
        end, begin = lines_of(before)[-1], lines_of(after)[0]
        assert (end["event"], end["next"]) == ("rotate", after.name)
        assert (begin["event"], begin["file"], begin["follows"]) == ("open", after.name, before.name)
        assert (begin["seq"], begin["prev"]) == (end["seq"] + 1, end["hash"])
    assert [record["n"] for record in read_records(tmp_path)] == list(range(20))
    assert verify(tmp_path / "ledger").ok


def test_a_file_stays_near_its_size_and_every_file_has_a_record_however_small_that_is(tmp_path: Path) -> None:
    small, tiny = FileLedger(tmp_path / "small", SMALL), FileLedger(tmp_path / "tiny", Keeping(rotate_bytes=1))
    fill(small)
    fill(tiny, 3)
    assert max(path.stat().st_size for path in files_of(tmp_path / "small")) < 1500
    assert [len(lines_of(path)) for path in files_of(tmp_path / "tiny")] == [3, 3, 2]


def test_every_file_and_the_index_are_for_their_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        fill(FileLedger(tmp_path, SMALL))
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "ledger").iterdir()} == {0o600}


def test_threads_may_share_a_ledger(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, SMALL)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ledger.append, [{"time": "3000", "n": n} for n in range(400)]))
    ledger.close()
    verdict = verify(tmp_path / "ledger")
    assert (verdict.problems, verdict.notes) == ((), ())
    assert sorted(record["n"] for record in read_records(tmp_path)) == list(range(400))


def _record_in_a_child(ledger: FileLedger) -> None:
    ledger.append({"time": "3000", "n": "child"})
    ledger.close()


@pytest.mark.parametrize("keeping", [SMALL, SYNCED])
def test_a_forked_process_has_a_chain_of_its_own(tmp_path: Path, keeping: Keeping) -> None:
    ledger = FileLedger(tmp_path, keeping)
    ledger.append({"time": "3000", "n": 1})
    child = multiprocessing.get_context("fork").Process(target=_record_in_a_child, args=(ledger,))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    ledger.append({"time": "3000", "n": 2})
    ledger.close()
    assert len(files_of(tmp_path)) == 2
    assert len(list(read_records(tmp_path))) == 3
    assert verify(tmp_path / "ledger").notes == ()


async def test_a_synced_record_can_be_waited_for_and_need_not_be(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, SYNCED)
    waits = [ledger.append({"time": "3000", "n": n}) for n in range(20)]
    assert None not in waits
    for wait in waits[:10]:
        assert wait is not None
        await wait
    ledger.close()
    ledger.append({"time": "3000", "n": 20})
    ledger.close()
    assert len(files_of(tmp_path)) > 3
    assert verify(tmp_path / "ledger").notes == ()


async def test_a_caller_that_leaves_takes_the_sync_from_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, disk_is_busy, disk_is_ready = FileLedger(tmp_path, SYNCED), Event(), Event()
    ledger.open()

    def fsync(descriptor: int) -> None:
        disk_is_busy.set()
        disk_is_ready.wait(30)

    monkeypatch.setattr(os, "fsync", fsync)

    async def record(n: int) -> int:
        wait = ledger.append({"time": "3000", "n": n})
        assert wait is not None
        await wait
        return n

    calls = [asyncio.ensure_future(record(0))]
    assert await asyncio.to_thread(disk_is_busy.wait, 30)
    calls += [asyncio.ensure_future(record(n)) for n in range(1, 4)]  # these share the next sync
    await asyncio.sleep(0)  # each has written its record and waits
    assert len(list(read_records(tmp_path))) == len(calls)
    calls[1].cancel()
    await asyncio.wait(calls[1:2])
    disk_is_ready.set()
    assert await asyncio.gather(calls[0], *calls[2:]) == [0, 2, 3]
    ledger.close()


async def test_a_disk_that_fails_to_sync_is_told_to_who_waits(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, SYNCED)
    ledger.open()
    file = files_of(tmp_path)[0]
    opened = {os.path.realpath(path): int(path.name) for path in Path("/proc/self/fd").iterdir()}
    descriptor = opened[str(file)]
    read, write = os.pipe()
    os.dup2(write, descriptor)  # what is written to a pipe cannot be synced
    wait = ledger.append({"time": "3000"})
    assert wait is not None
    with pytest.raises(LedgerError, match="could not be synced to the disk: Invalid argument"):
        await wait
    os.close(read)
    os.close(write)


@pytest.fixture
def disk() -> Generator[Callable[[int], None]]:
    """Make the disk full: no file of this process grows beyond so many bytes; -1 makes room again."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size if size >= 0 else before, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def kept_on_a_full_disk(ledger: FileLedger, count: int) -> list[int]:
    """Which of so many records were kept."""
    kept: list[int] = []
    for n in range(count):
        with suppress(LedgerError):
            ledger.append({"time": f"3000-01-01T00:00:{n:02}", "n": n})
            kept.append(n)
    return kept


@pytest.mark.parametrize("room", range(0, 2600, 100))
def test_whenever_the_disk_fills_what_was_recorded_verifies_and_recording_goes_on_after(
    tmp_path: Path, disk: Callable[[int], None], room: int
) -> None:
    ledger = FileLedger(tmp_path, Keeping(rotate_bytes=1500))
    disk(room)
    kept = kept_on_a_full_disk(ledger, 12)
    disk(-1)
    ledger.append({"time": "3000-01-02", "n": 12})
    ledger.close()
    assert [record["n"] for record in read_records(tmp_path)] == [*kept, 12]
    assert verify(tmp_path / "ledger").problems == ()


def test_an_index_that_a_power_cut_tore_is_mended_by_the_next_process(tmp_path: Path) -> None:
    fill(FileLedger(tmp_path), 1)
    file = tmp_path / "ledger" / INDEX
    file.write_bytes(file.read_bytes() + b'{"seq":1,"prev":"' + b"0" * 999)
    assert [note.line for note in verify(tmp_path / "ledger").notes if note.file == INDEX] == [2]
    fill(FileLedger(tmp_path), 1)
    assert [line["seq"] for line in lines_of(file)] == [0, 1]
    assert verify(tmp_path / "ledger").ok


def test_a_changed_index_stops_no_process_and_stays_found(tmp_path: Path) -> None:
    fill(FileLedger(tmp_path), 1)
    file = tmp_path / "ledger" / INDEX
    file.write_bytes(file.read_bytes().replace(b"opened", b"OPENED"))
    fill(FileLedger(tmp_path), 1)
    assert (INDEX, 1) in {(problem.file, problem.line) for problem in verify(tmp_path / "ledger").problems}


def test_an_index_that_another_process_holds_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "PATIENCE", 0.0)
    ledger = FileLedger(tmp_path)
    ledger.open()
    ledger.close()
    with (tmp_path / "ledger" / INDEX).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LedgerError, match="is held by another process"):
            ledger.append({"time": "3000"})
    ledger.append({"time": "3000"})
    ledger.close()
    assert verify(tmp_path / "ledger").notes == ()
