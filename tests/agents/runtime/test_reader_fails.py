"""A reader that fails amid a stream, in a program that then ends."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio
from toolyard import create_runtime, define_runtime, define_specialist, define_tenant

agent = define_specialist("a", model="m", prompt="p")
spec = define_runtime(tenant=define_tenant("t", "1"), agents=[agent])

async def main():
    async with create_runtime(spec, interpreter="scripted") as runtime:
        stream = runtime.query("hello", thread_id="1")  # the traceback keeps it until the loop ends
        async for event in stream:
            raise KeyError("the reader's own")

asyncio.run(main())
"""


def test_a_reader_that_fails_sees_its_own_error_and_no_other() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.rstrip().endswith('KeyError: "the reader\'s own"')
    assert done.stderr.count("Traceback") == 1
    assert "generator" not in done.stderr
