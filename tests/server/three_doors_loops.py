"""The same calls in the loop of an agent that the program runs itself: in a session, or by a runtime of a spec."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.server import three_doors_tools
from tests.server.three_doors import PROFILE_FILE, House, Told, User, living_in, script_of, yard_of
from toolyard import (
    Agent,
    AgentConfig,
    AgentEvent,
    Runtime,
    Session,
    Tool,
    create_runtime,
    define_runtime,
    define_specialist,
    define_tenant,
    define_toolkit,
)
from toolyard.config.runtime import load_config, runtime_of

SESSION, RUNTIME = "session", "runtime"
LOOPS = (SESSION, RUNTIME)
LONE = "lone"
TOOLS = [tool for tool in vars(three_doors_tools).values() if isinstance(tool, Tool)]
FILES = ("edit", "list", "read", "write")

Event = dict[str, Any]


def told_by(events: list[Event]) -> Told:
    """What the model read, and whether it was told that the call went well."""
    (end,) = [event for event in events if event["type"] in ("tool_end", "tool_blocked")]
    about = end["tool_metadata"]
    text = end["tool_result"] if end["type"] == "tool_end" else end["content"]
    return Told(text=text, failed=about["status"] != "ok", structured=about.get("structured"))


@dataclass(frozen=True, kw_only=True)
class InSession:
    """A session whose callback is the person; without one, nobody is there."""

    agent: Agent

    async def call(self, tool: str, arguments: dict[str, Any], user: User) -> Told:
        events: list[Event] = []

        async def hear(event: AgentEvent) -> None:
            events.append(event.to_dict())

        session = Session(self.agent)
        if user != "nobody":
            session.approval_callback = lambda name, given: user == "yes"
        await session.run(script_of(tool, arguments), on_event=hear)
        return told_by(events)


@dataclass(frozen=True, kw_only=True)
class ByRuntime:
    """A runtime, whose asks wait at its desk until the person answers them."""

    runtime: Runtime

    async def call(self, tool: str, arguments: dict[str, Any], user: User) -> Told:
        prompt, thread = script_of(tool, arguments), secrets.token_hex(8)
        async with aclosing(self.runtime.run_specialist(LONE, prompt, thread)) as stream:
            return told_by([event async for event in self._answered(stream, user)])

    async def _answered(self, stream: AsyncIterator[Event], user: User) -> AsyncIterator[Event]:
        async for event in stream:
            if event["type"] == "approval_required":
                await self.runtime.respond_to_approval(event["approval_id"], "approve" if user == "yes" else "reject")
            yield event

    async def read(self, reference: str) -> str:
        return str(await self.runtime.resolve_reference(reference))


@asynccontextmanager
async def looping(root: Path, loop: str) -> AsyncGenerator[House]:
    """A yard of its own, whose tools an agent of the program calls."""
    yard = yard_of(root)
    with living_in(yard):
        profile = str(yard.root / PROFILE_FILE)
        if loop == RUNTIME:
            files = define_toolkit("files", settings={"root": "data"})
            lone = define_specialist(LONE, model="any", prompt="", tools=TOOLS, toolkits=[files], profile=profile)
            spec = define_runtime(tenant=define_tenant("default", "v1"), agents=[lone])
            async with create_runtime(spec, interpreter="scripted") as runtime:
                yield House(yard=yard, place=ByRuntime(runtime=runtime), caller=f"python/{LONE}")
        else:
            served = runtime_of(load_config(yard.root / yard.config))
            registry = served.gate("mcp").registry.select([*(tool.name for tool in TOOLS), *FILES])
            config = AgentConfig(name=LONE, model="scripted", profile=profile, auto_approve=False)
            async with served.lifespan():
                yield House(yard=yard, place=InSession(agent=Agent(config, registry=registry)), caller=f"python/{LONE}")
