"""`/metrics`: what the gate counted, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.tally import BOUNDS, Tally

PATH = "/metrics"
FORMAT = "text/plain; version=0.0.4; charset=utf-8"
CALLS, DURATION, UNDER_WAY = "toolyard_calls_total", "toolyard_call_duration_seconds", "toolyard_calls_under_way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted until now, and how many handlers run at this moment."""

    tally: Tally
    under_way: int


def counted_by(gate: Gate) -> Callable[[], Counted]:
    """What tells what a gate counted until now."""
    return lambda: Counted(tally=gate.tally, under_way=len(gate.running))


@dataclass(frozen=True, slots=True)
class Metrics:
    """An ASGI application that answers a GET with what is `counted` now."""

    counted: Callable[[], Counted]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET":
            response = PlainTextResponse(told(self.counted()), media_type=FORMAT)
        else:
            response = PlainTextResponse("Only GET\n", status_code=405, headers={"Allow": "GET"})
        await response(scope, receive, send)


def told(counted: Counted) -> str:
    """The metrics as Prometheus reads them."""
    return "".join(f"{line}\n" for line in _lines(counted))


def _lines(counted: Counted) -> Iterator[str]:
    tally = counted.tally
    yield f"# HELP {CALLS} Calls that ended, by tool and outcome; no tool stands for names that are no tool's."
    yield f"# TYPE {CALLS} counter"
    for (tool, status), count in sorted(tally.ended.items()):
        yield f'{CALLS}{{tool="{tool}",outcome="{status}"}} {count}'
    yield f"# HELP {DURATION} How long the handlers of calls ran."
    yield f"# TYPE {DURATION} histogram"
    for bound, count in zip((*map(repr, BOUNDS), "+Inf"), accumulate(tally.runs), strict=True):
        yield f'{DURATION}_bucket{{le="{bound}"}} {count}'
    yield f"{DURATION}_sum {tally.seconds!r}"
    yield f"{DURATION}_count {sum(tally.runs)}"
    yield f"# HELP {UNDER_WAY} Calls whose handlers run now."
    yield f"# TYPE {UNDER_WAY} gauge"
    yield f"{UNDER_WAY} {counted.under_way}"
