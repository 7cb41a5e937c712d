"""Work is finished, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from toolyard_agents.to_its_end import to_its_end

pytestmark = pytest.mark.anyio


async def test_a_cancellation_waits_for_the_work_and_a_failure_of_it_is_no_error_of_the_loop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done.set()
        raise OSError("the disk is full")

    waits = asyncio.create_task(to_its_end(work()))
    await asyncio.sleep(0)
    waits.cancel()
    with caplog.at_level(logging.WARNING), pytest.raises(asyncio.CancelledError):
        await waits
    assert done.is_set()
    del waits
    gc.collect()
    assert caplog.text == ""
