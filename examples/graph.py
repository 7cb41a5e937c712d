"""A workflow as a graph: a function, a tool, a model, a branch, and a loop that has a bound.

A shop answers a complaint. What it is about is found by a function, and looked up by a tool; a model writes the
answer, a function checks it, and a branch sends it back until it is short enough. The model is a fake that gives two
answers, so that this runs anywhere: name a real one (`MODEL = "gpt-5-mini"`, with OPENAI_API_KEY set) in its place.
"""

from __future__ import annotations

import asyncio
import tempfile
from typing import Any

from toolyard import Agent, AgentEvent, Graph, GraphPolicy, tool
from toolyard.testing import FakeModel

LONGEST = 60
ORDERS = {"o17": "a red mug, sent on Monday", "o18": "a tall cup, not sent yet"}
MODEL = FakeModel()
MODEL.add_response("We are most dreadfully sorry to hear that your red mug, sent on Monday, has a crack.")
MODEL.add_response("Sorry about your red mug! A new one is on its way.")


@tool
def look_up(order: str) -> str:
    """Look up an order.

    Args:
        order: Its number, such as o17.
    """
    return ORDERS[order]


def find(state: Any) -> dict[str, Any]:
    """Find the number of the order in what was said."""
    return {"order": next(word for word in state["prompt"].split() if word in ORDERS)}


def check(state: Any) -> dict[str, Any]:
    """Count the draft, and say how long the next one may be."""
    return {"drafts": 1, "wish": f"{len(state['draft'])} characters; at most {LONGEST} are wanted"}


def verdict(state: Any) -> str:
    return "short enough" if len(state["draft"]) <= LONGEST else "too long"


def graph() -> Graph:
    built = Graph()
    built.add_node("find", find)
    built.add_node("look_up", tool=look_up, output="sent")
    built.add_node("write", model=MODEL, output="draft")  # asked what the customer said, and all that is known
    built.add_node("check", check)
    built.add_node("answer", lambda state: {"answer": state["draft"]})
    built.reducer("drafts", lambda old, new: (old or 0) + new)
    built.add_edge("find", "look_up")
    built.add_edge("look_up", "write")
    built.add_edge("write", "check")
    built.add_branch("check", verdict, {"short enough": "answer", "too long": "write"})
    built.set_exit("answer")
    return built


def show(event: AgentEvent) -> None:
    about = event.tool_metadata or {}
    if event.content == "graph_node" and about["update"]:
        print(f"{about['node']:8}", *(f"{key}: {value}" for key, value in about["update"].items()), sep="  ")
    elif event.content == "graph_branch":
        print(f"{'':8}  → {about['key']}")


async def main(traces: str) -> None:
    policy = GraphPolicy(graph(), max_iterations=12)
    agent = Agent(name="complaints", model="noop", tools=[], policy=policy, trace_dir=traces)
    result = await agent.run("The mug of order o17 has a crack!", on_event=show)
    print(f"\n{result.status} after {result.final_state['drafts']} drafts: {result.final_state['answer']}\n")
    print(graph().to_mermaid())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(main(name))
