"""What a person is shown who is asked for a call: what it would do, as its tool tells it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolyard_kernel.calls import running
from toolyard_kernel.calls.admission import Admitted
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.doors import Door
from toolyard_kernel.calls.results import head_and_tail
from toolyard_kernel.calls.running import Mode
from toolyard_kernel.calls.workers import Workers
from toolyard_kernel.errors import ToolError
from toolyard_kernel.tools.tool import Handler

LONGEST = 8_000
"""Bytes of a preview; a person reads no more."""
DEADLINE = 10.0

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Previewing:
    name: str
    handler: Handler
    mode: Mode
    workers: Workers


async def preview_of(admitted: Admitted, caller: Caller, door: Door, services: Mapping[str, Any]) -> str | None:
    """What the call would do; None when its tool does not tell.

    Raises:
        ToolError: the call cannot be made, or what it would do cannot be told, so that nobody should be asked for it.
    """
    entry, preview = admitted.entry, admitted.entry.tool.preview
    if preview is None:
        return None
    call = admitted.call
    ctx = _context(admitted, caller, door, services)
    shown = _Previewing(
        name=f"preview of {call.tool}", handler=preview, mode=running.mode_of(preview), workers=entry.workers
    )
    try:
        said = await running.run(shown, admitted.arguments, ctx, min(DEADLINE, caller.profile.limits.timeout))
    except ToolError:
        raise
    except Exception as error:
        raise ToolError(f"what this call would do cannot be shown, so nobody was asked for it: {error}") from error
    return head_and_tail(str(said).encode(errors="replace"), LONGEST)


async def decline(admitted: Admitted, caller: Caller, door: Door, services: Mapping[str, Any]) -> None:
    """Let the tool of a call hear that it was not approved."""
    declined = admitted.entry.tool.declined
    if declined is None:
        return
    try:
        async with asyncio.timeout(DEADLINE):
            await declined(admitted.arguments, _context(admitted, caller, door, services))
    except Exception:
        log.exception("tool %r could not be told that its call was declined", admitted.call.tool)


def _context(admitted: Admitted, caller: Caller, door: Door, services: Mapping[str, Any]) -> ToolContext:
    call = admitted.call
    return ToolContext(
        caller=caller,
        call_id=call.call_id,
        tool=call.tool,
        services=services,
        thread_id=call.thread_id,
        run_id=call.run_id,
        door=door,
    )
