"""One yard and the doors to it: embedded, over stdio and over HTTP in both eras, and an agent's loop behind each."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import anyio
import mcp_types as types
from mcp import Client, MCPError

from tests.server.asking import client
from tests.server.three_doors_tools import WAITS
from tests.server.yards import DEADLINE, ERAS, Yard, serving, text_of, until, write_yard
from toolyard.config.runtime import load_config, runtime_of
from toolyard.runtime import ToolRuntime
from toolyard.testing import ScriptedApprover
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.references.overflow import URI

User = Literal["yes", "no", "nobody"]
"""What the person at the caller's end says."""
PYTHON = "python"
DOORS = (PYTHON, *(f"{transport} {era}" for transport in ("stdio", "http") for era in ERAS))
AGENTS = ("", "/worker", "/chief/wide")
"""Who makes the call: whoever came in, an agent, or an agent that another one delegated to, whose own profile grants
everything."""
ROOT = Path(__file__).parents[2]
CONFIG = """
profile: doors.yaml
python: [tests.server.three_doors_tools]
toolkits: {files: {root: data}}
agents:
  - {name: worker, role: specialist, model: scripted, profile: doors.yaml}
  - {name: chief, role: coordinator, model: scripted, profile: doors.yaml, routes: [wide]}
  - {name: wide, role: planner, model: scripted, profile: unrestricted}
"""
PROFILE_FILE = "doors.yaml"
PROFILE = """
profile: doors
file_write: create-only
agents: all
tools: {deny: [forbidden]}
approval: {mode: none, deadline: 20s}
limits: {timeout: 20s, output_bytes: 2000}
"""
NOTHING: dict[str, Any] = {}
VARIES = ("run_id", "thread_id")
"""What a report of a run says that no two runs have in common."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What whoever made the call was answered. `structured` is None where the door cannot carry it."""

    text: str
    failed: bool = False
    structured: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What the ledger says of one call. `waits` counts the rounds in which somebody was still to be asked."""

    events: tuple[str, ...]
    caller: str
    profile: str
    decision: str
    rule: str
    status: str
    arguments: dict[str, Any]
    waits: int = 0


class Place(Protocol):
    """Where calls are made."""

    async def call(self, tool: str, arguments: dict[str, Any], user: User) -> Told:
        """Make a call, with this person at the caller's end."""
        ...


class Door(Place, Protocol):
    """A door that is open."""

    async def listed(self) -> set[str]:
        """The names of the tools that there are."""
        ...

    async def read(self, reference: str) -> str:
        """The whole of what was too long to be answered with."""
        ...


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """The gate, called by the program itself; `here` has an approver and `alone` has none."""

    here: ToolRuntime
    alone: ToolRuntime
    approver: ScriptedApprover

    async def listed(self) -> set[str]:
        return {entry.tool.name for entry in self.alone.gate("mcp").visible(self.alone.caller("python"))}

    async def call(self, tool: str, arguments: dict[str, Any], user: User) -> Told:
        runtime = self.alone if user == "nobody" else self.here
        self.approver.answers[:] = [user == "yes"]
        outcome = await runtime.gate("mcp").call(ToolCall(tool=tool, arguments=arguments), runtime.caller("python"))
        return Told(text=outcome.text, failed=not outcome.ok, structured=_lasting(outcome.structured))

    async def read(self, reference: str) -> str:
        store = self.alone.gate("mcp").references
        assert store
        return await store.text(self.alone.caller("python"), reference)


@dataclass(frozen=True, kw_only=True)
class Wire:
    """MCP clients: `here` has a user, who gives the next of `answers`, and `alone` has none."""

    here: Client
    alone: Client
    answers: list[bool]

    async def listed(self) -> set[str]:
        return {tool.name for tool in (await self.alone.list_tools()).tools}

    async def call(self, tool: str, arguments: dict[str, Any], user: User) -> Told:
        self.answers[:] = [user == "yes"]
        try:
            result = await (self.alone if user == "nobody" else self.here).call_tool(tool, arguments)
        except MCPError as error:
            if error.code != types.INVALID_PARAMS:
                raise
            return Told(text=error.message, failed=True)
        structured = cast("dict[str, Any] | None", result.structured_content)
        return Told(text=text_of(result), failed=bool(result.is_error), structured=_lasting(structured))

    async def read(self, reference: str) -> str:
        whole, uri = "", f"{URI}{reference}"
        while uri:
            (content,) = (await self.alone.read_resource(uri)).contents
            assert isinstance(content, types.TextResourceContents)
            page = json.loads(content.text)
            whole, uri = whole + page["text"], page.get("next")
        return whole


@dataclass(frozen=True, kw_only=True)
class Behind:
    """An agent's loop behind another door: the same calls, made by the agent."""

    outer: Door
    names: tuple[str, ...]

    async def call(self, tool: str, arguments: dict[str, Any], user: User) -> Told:
        """What the model of the last agent read."""
        first, *rest = self.names
        prompt = script_of(tool, arguments)
        for name in rest:
            prompt = script_of("delegate", {"prompt": prompt, "agent": name})
        told = await self.outer.call("run_prompt", {"prompt": prompt, "agent": first}, user)
        text = told.text
        if URI in text:  # what the model read was too long for the reports of those who ran it
            text = await self.outer.read(reference_in(text.split(URI)[1].split()[0]))
            for _ in rest:
                text = json.loads(await self.outer.read(reference_in(text)))["text"]
        return Told(text=text)


def reference_in(text: str) -> str:
    """The id of the one reference that a text names."""
    (found,) = re.findall(r"ref_[0-9a-f]{32}", text)
    return str(found)


def script_of(tool: str, arguments: dict[str, Any]) -> str:
    return json.dumps({"tool": tool, "arguments": arguments})


def _lasting(structured: dict[str, Any] | None) -> dict[str, Any] | None:
    return structured and {name: value for name, value in structured.items() if name not in VARIES}


@dataclass(frozen=True, kw_only=True)
class House:
    """A yard, where calls are made in it, the caller whom its ledger should name, and the ledger."""

    yard: Yard
    place: Place
    caller: str

    async def call(self, tool: str, arguments: dict[str, Any], user: User) -> tuple[Told, Recorded]:
        """What was answered to the call, and what the ledger says of it."""
        before = self.yard.records()
        told = await self.place.call(tool, arguments, user)
        return told, self._recorded(before, tool)

    async def cancel(self, tool: str) -> Recorded:
        """What the ledger says of a call that its caller left once it ran."""
        before, signal = self.yard.records(), self.yard.root / WAITS
        with anyio.fail_after(DEADLINE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.place.call, tool, NOTHING, "nobody")
                await until(signal.exists)
                tasks.cancel_scope.cancel()
            signal.unlink()
            await until(lambda: any(record["event"] == "end" for record in self._of(before, tool)))
        return self._recorded(before, tool)

    def _of(self, before: list[dict[str, Any]], tool: str) -> list[dict[str, Any]]:
        new = [record for record in self.yard.records() if record not in before]
        return [record for record in new if record["tool"] == tool and record["caller"] == self.caller]

    def _recorded(self, before: list[dict[str, Any]], tool: str) -> Recorded:
        every = self._of(before, tool)
        assert len({record["call_id"] for record in every}) == 1, every
        assert all("status" in record or record["event"] == "start" for record in every)
        made = [record for record in every if record["event"] != "wait"]
        first, last = made[0], made[-1]
        return Recorded(
            events=tuple(record["event"] for record in made),
            caller=last["caller"],
            profile=last["profile"],
            decision=last["decision"],
            rule=last["rule"],
            status=last["status"],
            arguments=first["arguments"],
            waits=len(every) - len(made),
        )


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """A yard with one door open, through which this caller comes in."""

    yard: Yard
    door: Door
    caller: str

    def house(self, agents: str) -> House:
        """The house as it is for these agents behind the door, or for the caller itself."""
        place = Behind(outer=self.door, names=tuple(agents.split("/")[1:])) if agents else self.door
        return House(yard=self.yard, place=place, caller=f"{self.caller}{agents}")


@asynccontextmanager
async def entering(root: Path, door: str) -> AsyncGenerator[Entrance]:
    """A yard of its own, with one door open."""
    yard = yard_of(root)
    opened = _embedded(yard) if door == PYTHON else _wire(yard, *door.split())
    async with opened as found:
        yield Entrance(yard=yard, door=found, caller=door.split(maxsplit=1)[0])


def yard_of(root: Path) -> Yard:
    """A folder with the config, the profile, and a file that is there already."""
    (root / "data").mkdir()
    (root / "data/taken.txt").write_text("as it was\n")
    yard = write_yard(root, config=CONFIG)
    yard.write(PROFILE_FILE, PROFILE)
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return Yard(root=root, env={**yard.env, "PYTHONPATH": path})


@asynccontextmanager
async def _embedded(yard: Yard) -> AsyncGenerator[Door]:
    approver = ScriptedApprover([])
    loaded = load_config(yard.root / yard.config)
    with living_in(yard):
        here, alone = runtime_of(loaded, approver), runtime_of(loaded)
        async with here.lifespan(), alone.lifespan():
            yield Embedded(here=here, alone=alone, approver=approver)


@contextmanager
def living_in(yard: Yard) -> Generator[None]:
    """The folder and the state of this process are those that a server of the yard has."""
    folder, state = Path.cwd(), os.environ["XDG_STATE_HOME"]
    os.chdir(yard.root)
    os.environ["XDG_STATE_HOME"] = yard.env["XDG_STATE_HOME"]
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ["XDG_STATE_HOME"] = state


@asynccontextmanager
async def _wire(yard: Yard, transport: str, era: str) -> AsyncGenerator[Door]:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(serving(yard)) if transport == "http" else None
        answers: list[bool] = []

        async def answer(params: types.ElicitRequestFormParams) -> types.ElicitResult:
            said = answers.pop(0)
            return types.ElicitResult(
                action="accept" if said else "decline", content={"approve": True} if said else None
            )

        here = await stack.enter_async_context(client(yard, server, era, answer))
        alone = await stack.enter_async_context(client(yard, server, era, None))
        yield Wire(here=here, alone=alone, answers=answers)
