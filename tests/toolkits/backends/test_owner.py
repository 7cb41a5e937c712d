"""Nothing outlives a server that is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.toolkits.backends.commands import has_begun, is_left, long_sleep
from toolyard_kernel.backends import Backend

pytestmark = pytest.mark.anyio

SERVER = """
import sys
from pathlib import Path

import anyio

from toolyard_kernel.backends import Command, Confinement, load_backend

backend = load_backend(sys.argv[1])
command = Command(
    argv=("bash", "-c", sys.argv[3]), folder=Path(sys.argv[2]), timeout=500, output_bytes=100,
    environment={"PATH": "/usr/bin:/bin"}, confinement=Confinement() if backend.confines else None,
)
anyio.run(backend.run, command)
"""


async def test_a_command_ends_when_its_server_is_killed(backend: Backend, folder: Path) -> None:
    argument = long_sleep()
    script = f"(setsid sleep {argument} &); trap '' TERM HUP; sleep {argument}"
    arguments = (sys.executable, "-c", SERVER, backend.name, str(folder), script)
    with subprocess.Popen(arguments) as server:
        await has_begun(argument)
        server.kill()
    assert not await is_left(argument)
