"""What a call costs over the wire, next to other servers and to the floor: a server that does nothing but answer.

All servers are up together on one core and the client is on another; each is under the same load in turn, round after
round. `make bench` installs the others; one that is not installed is left out.

Usage: python -m benchmarks.wire [--targets | --quick] [--json] [--output FOLDER] [--publish]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.wire.arena import Arena, measured
from benchmarks.wire.chart import chart
from benchmarks.wire.contenders import found
from benchmarks.wire.gate import GateFigure
from benchmarks.wire.memory import measured_memory
from benchmarks.wire.pages import publish
from benchmarks.wire.plan import FEW, FULL, MANY, QUICK, TARGETS, Plan
from benchmarks.wire.processes import ROOT, Cores, cores, end_with_servers, require_linux
from benchmarks.wire.report import report
from benchmarks.wire.results import Results, load_figures
from benchmarks.wire.starts import measured_starts


def run(plan: Plan) -> Results:
    apart = cores()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        os.sched_setaffinity(0, apart.client)
        there = found(Path(name), tools=(FEW, MANY))
        arena = Arena(folder=Path(name), cores=apart, stack=stack)
        samples = measured(there.contenders, plan, arena)
        memory = measured_memory(there.contenders, plan.sessions, arena)
        starts = measured_starts(there.contenders, plan.starts, arena)
        return Results(
            about={**_machine(), **_method(plan, apart), "load_before": before, "load_after": os.getloadavg()[0]},
            versions={each.name: each.version for each in there.contenders},
            left_out=there.missing,
            failed=arena.failed,
            loads=load_figures(samples, [each.name for each in there.contenders]),
            starts=starts,
            memory=memory,
            gate=_gate(plan, apart),
        )


def _gate(plan: Plan, apart: Cores) -> tuple[GateFigure, ...]:
    """In a process of its own, on the core of the servers."""
    command = [sys.executable, "-m", "benchmarks.wire.gate", "--rounds", str(plan.gate_rounds)]
    os.sched_setaffinity(0, apart.server)
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return tuple(GateFigure(**each) for each in json.loads(done.stdout))


def _machine() -> dict[str, Any]:
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": next(_processors(), platform.machine()),
        "cpus": os.cpu_count(),
    }


def _processors() -> Iterator[str]:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            yield line.partition(":")[2].strip()


def _method(plan: Plan, apart: Cores) -> dict[str, Any]:
    return {"cores_apart": apart.apart, "rounds": plan.rounds, "seconds": plan.seconds, "starts": plan.starts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    plan = parser.add_mutually_exclusive_group()
    measure = partial(plan.add_argument, dest="plan", action="store_const", default=FULL)
    measure("--targets", const=TARGETS, help="measure only what there are targets for")
    measure("--quick", const=QUICK, help="measure so little that it shows only whether it works")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--output", type=Path, help="a folder for results.json and performance.svg")
    parser.add_argument("--publish", action="store_true", help="make these the results that the documentation shows")
    given = parser.parse_args()
    if given.publish and given.plan is not FULL:
        parser.error("--publish is for a full run: the documentation shows all of it")
    require_linux()
    end_with_servers()
    results = run(given.plan)
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
        results.write(given.output / "results.json")
        (given.output / "performance.svg").write_text(chart(results))
    if given.publish:
        publish(results, chart(results))
    print(json.dumps(asdict(results), indent=1) if given.json else report(results))
    if results.failures:
        sys.exit(1)


if __name__ == "__main__":
    main()
