"""A plan of three calls that count. Run as a program it is carried out, and its process killed on the way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.agents.runtime.yard import drain, runtime_of, script, spec_of
from toolyard import Runtime, StorageSpec, ToolContext, define_executor, define_plan, define_planner, define_tool

Moment = tuple[str, int]
"""`before` or `after` the effect of a call, or the `status` that says how many calls are done."""


@define_tool(name="count", description="Count.", input_schema={"n": int})
async def count(args: dict[str, Any], ctx: ToolContext) -> str:
    die = ctx.services["die"]
    _reach(("before", args["n"]), die)
    with ctx.services["ran"].open("a") as file:
        file.write(f"{args['n']}\n")
    _reach(("after", args["n"]), die)
    return "counted"


Count = define_plan("count", tools=[count])
AGENTS = [define_planner("planner", prompt="x", plan=Count), define_executor("executor", prompt="x", plan=Count)]


def counting(storage: StorageSpec, ran: Path, die: Moment | None = None) -> Runtime:
    """Each call is a line in `ran`; at the moment `die` the process is killed."""
    return runtime_of(spec_of(storage, agents=AGENTS), services={"ran": ran, "die": die})


def _reach(moment: Moment, die: Moment | None) -> None:
    if moment == die:
        os.kill(os.getpid(), signal.SIGKILL)


async def _carry_out(storage: StorageSpec, ran: Path, die: Moment) -> None:
    steps = [{"tool": "count", "arguments": {"n": n}} for n in range(3)]
    proposal = {"plan_id": "p", "title": "Count", "steps": steps}
    async with counting(storage, ran, die) as runtime:
        await drain(runtime.run_specialist("planner", script(("propose_plan", proposal)), "t"))
        async for event in runtime.run_specialist("executor", script(("execute_plan", {"plan_id": "p"})), "t"):
            if event["type"] == "approval_required":
                await runtime.respond_to_approval(event["approval_id"], "approve")
            if event["type"] == "plan_status" and event["tool_metadata"]["status"] == "executing":
                done = sum(step["status"] == "ok" for step in event["tool_metadata"]["steps"])
                _reach(("status", done), die)


if __name__ == "__main__":
    asyncio.run(
        _carry_out(StorageSpec.model_validate_json(sys.argv[1]), Path(sys.argv[2]), (sys.argv[3], int(sys.argv[4])))
    )
