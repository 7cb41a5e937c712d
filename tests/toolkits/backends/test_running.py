"""Commands on both backends: what they find, what is kept of them, and that nothing of them is left."""

from __future__ import annotations

import resource
from pathlib import Path

import anyio
import pytest

from tests.toolkits.backends.commands import bash, has_begun, is_left, long_sleep
from toolyard_kernel.backends import Backend, Command, Confinement
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends import LocalBackend

pytestmark = pytest.mark.anyio

DAEMONS = [
    "sleep {0}",
    "sleep {0} & wait",
    "(setsid sleep {0} || sleep {0}) & wait",
    "(setsid sh -c 'trap \"\" HUP TERM INT; sleep {0}' &) ; sleep {0}",
    "nohup env -i sleep {0} >/dev/null 2>&1 & sleep {0}",
    'perl -e \'use POSIX; fork && exit; setsid(); fork && exit; exec "sleep", "{0}"\'; sleep {0}',
    "exec >&- 2>&-; sleep {0}",
]


async def test_a_command_finds_its_folder_and_variables_and_nothing_else(
    backend: Backend, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "s3cr3t")
    done = await backend.run(
        bash(folder, "cat notes.txt; env; cat; echo to-stderr >&2; exit 3", confinement=_of(backend))
    )
    assert done.exit_code == 3
    assert done.output.head.startswith(b"alpha\n")
    assert b"PATH=/usr/local/bin:/usr/bin:/bin\n" in done.output.head
    assert b"s3cr3t" not in done.output.head
    assert done.errors.head == b"to-stderr\n"
    assert done.stopped is None


async def test_errors_are_merged_in_the_order_they_were_written(backend: Backend, folder: Path) -> None:
    script = "for n in 1 2 3; do echo out $n; echo err $n >&2; done"
    done = await backend.run(bash(folder, script, merged=True, confinement=_of(backend)))
    assert done.output.head == b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n"
    assert done.errors.total == 0


async def test_of_much_output_the_beginning_and_the_end_are_kept(backend: Backend, folder: Path) -> None:
    done = await backend.run(bash(folder, "seq 100000", output_bytes=100, confinement=_of(backend)))
    assert done.output.total == 588_895
    assert done.output.head.startswith(b"1\n2\n3\n")
    assert done.output.tail.endswith(b"99999\n100000\n")
    assert len(done.output.head) + len(done.output.tail) == 100
    assert done.output.left_out == 588_795


@pytest.mark.parametrize("script", DAEMONS)
async def test_at_its_timeout_a_command_ends_with_all_it_started(backend: Backend, folder: Path, script: str) -> None:
    argument = long_sleep()
    with anyio.fail_after(10):
        done = await backend.run(
            bash(folder, f"echo begun; {script.format(argument)}", timeout=0.7, confinement=_of(backend))
        )
    assert done.stopped == "timeout"
    assert done.output.head == b"begun\n"
    assert not await is_left(argument)


@pytest.mark.parametrize("script", DAEMONS[2:6])
async def test_what_runs_in_the_background_ends_with_its_command(backend: Backend, folder: Path, script: str) -> None:
    argument = long_sleep()
    background = script.format(argument).removesuffix("wait").removesuffix(f"sleep {argument}").rstrip("; ")
    with anyio.fail_after(15):
        done = await backend.run(bash(folder, f"{background}\necho done", confinement=_of(backend)))
    assert done.exit_code == 0
    assert b"done" in done.output.head
    assert not await is_left(argument)


async def test_a_cancelled_command_is_killed_first(backend: Backend, folder: Path) -> None:
    argument = long_sleep()
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(
                backend.run, bash(folder, f"setsid sleep {argument} & sleep {argument}", confinement=_of(backend))
            )
            await has_begun(argument)
            tasks.cancel_scope.cancel()
    assert not await is_left(argument)


@pytest.mark.parametrize("script", ["yes", "cat /dev/zero", "head -c 900M /dev/zero >&2"])
async def test_a_command_that_writes_too_much_is_stopped_and_memory_stays_flat(
    backend: Backend, folder: Path, script: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = await backend.run(bash(folder, script, confinement=_of(backend)))
    assert done.stopped == "output"
    assert done.output.total + done.errors.total > 2**26
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000, "in KiB"


async def test_a_command_that_starts_too_many_processes_is_stopped(backend: Backend, folder: Path) -> None:
    argument = long_sleep()
    script = f"for n in {{1..400}}; do sleep {argument} & done; wait"
    done = await backend.run(bash(folder, script, confinement=_of(backend)))
    assert done.stopped == "processes"
    assert not await is_left(argument)
    assert (await backend.run(bash(folder, "echo next", confinement=_of(backend)))).output.head == b"next\n"


async def test_what_cannot_be_run_is_refused_without_a_path_of_the_host(backend: Backend, folder: Path) -> None:
    for command, said in (
        (bash(folder, "x" * 200_000, confinement=_of(backend)), "Argument list too long"),
        (bash(folder, "a\0b", confinement=_of(backend)), "NUL"),
        (bash(folder / "gone", "true", confinement=_of(backend)), "the root folder of these tools is gone"),
    ):
        with pytest.raises(ToolError, match=said) as raised:
            await backend.run(command)
        assert str(folder) not in str(raised.value)


async def test_the_local_backend_says_that_there_is_no_such_program(folder: Path) -> None:
    command = Command(argv=("no-such-program",), folder=folder, timeout=5, output_bytes=100)
    with pytest.raises(ToolError, match="no-such-program"):
        await LocalBackend().run(command)


async def test_the_local_backend_confines_nothing_and_says_so(folder: Path) -> None:
    with pytest.raises(ToolError, match="cannot confine"):
        await LocalBackend().run(bash(folder, "true", confinement=Confinement()))


async def test_a_supervisor_that_is_killed_takes_its_command_along(folder: Path) -> None:
    argument = long_sleep()
    with anyio.fail_after(15):
        done = await LocalBackend().run(bash(folder, f"kill -9 $PPID; sleep {argument}"))
    assert done.exit_code != 0
    assert not await is_left(argument)


def _of(backend: Backend) -> Confinement | None:
    return Confinement() if backend.confines else None
