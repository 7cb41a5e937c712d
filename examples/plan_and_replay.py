"""A run by a plan, its trace, the same run once more without a model or a tool, and another end to it.

The models are fakes that give the answers they were told, so that this runs anywhere: name a real one in their place
(`model="gpt-5-mini"`, with OPENAI_API_KEY set).
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolyard import Agent, AgentEvent, PlanExecutePolicy, ReActPolicy, Runtime, ToolError, tool
from toolyard.testing import FakeModel

called: list[str] = []


@tool(retries=2, idempotent=True)
def price(product: str) -> int:
    """Say what a product costs, in euros.

    Args:
        product: The product's name.
    """
    called.append(product)
    if called == ["mug"]:
        raise ToolError("the price list is in use", retryable=True)  # so it is asked once more
    return {"mug": 7, "cup": 5}[product]


Answer = str | Sequence[tuple[str, Mapping[str, Any]]]
PLAN = json.dumps({"steps": ["look up the mug", "look up the cup", "add them up"]})
ANSWERS: list[Answer] = [
    PLAN,
    [("price", {"product": "mug"})],
    "A mug is 7 euros.",
    [("price", {"product": "cup"})],
    "A cup is 5 euros.",
    "7 + 5 = 12",
    "Both cost 12 euros.",
]
OTHERWISE: list[Answer] = ["7 + 5 - 2 = 10: whoever buys both saves 2", "Both together cost 10 euros."]


def runtime_of(traces: Path, answers: Sequence[Answer]) -> Runtime:
    model = FakeModel()
    for answer in answers:
        if isinstance(answer, str):
            model.add_response(answer)
        else:
            model.add_tool_calls(answer)
    runtime = Runtime(trace_dir=traces)
    runtime.register_agent(Agent(name="clerk", model=model, tools=[price], policy=PlanExecutePolicy(max_steps=5)))
    return runtime


def show(event: AgentEvent) -> None:
    if event.type == "step_start":
        print(f"  {(event.tool_metadata or {})['step']}", end="  ")
    elif event.type == "text":
        print(event.content, end="")
    elif event.type == "api_call_complete":
        asked: list[dict[str, str]] = (event.tool_metadata or {})["tool_calls"]
        print(*(f"asks for {one['name']}" for one in asked))
    elif event.type == "tool_end":
        print(f"     {event.tool_name} → {event.tool_result}")


async def main(traces: Path) -> None:
    print("a run by a plan:")
    first = await runtime_of(traces, ANSWERS).run("clerk", "What do a mug and a cup cost?", on_event=show)
    lines = (traces / f"{first.trace_id}.jsonl").read_text().splitlines()
    print(f"{first.status}: {first.text}\n  {len(lines)} lines of trace; called: {', '.join(called)}\n")

    nobody = runtime_of(traces, [])  # its model has nothing to say
    again = await nobody.replay(first.trace_id, "clerk")
    print(f"played again: {again.text}\n  the same: {again.messages == first.messages}; called since: {called[3:]}\n")

    try:
        await nobody.replay(first.trace_id, "clerk", policy=ReActPolicy())
    except ValueError as error:
        print(f"by another policy: {str(error).partition(': ')[2]}\n")

    print("the first 5 turns again, then live:")
    other = await runtime_of(traces, OTHERWISE).replay(first.trace_id, "clerk", until=5, on_event=show)
    print(f"{other.status}: {other.text}\n  a trace of its own: {other.trace_id != first.trace_id}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))
