"""Toolyard, with the gate and the ledger; sessions in memory, or each with its trace on the disk."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.contenders.contender import ANSWER, TOOL, Plan, calls_of
from toolyard import Agent, Session, SessionStore, tool
from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.model import Finished, ModelRequest, Piece, TextPiece
from toolyard_agents.opened import opened
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.usage import NOTHING, Usage
from toolyard_kernel.calls.callers import Caller


class InstantModel:
    """Answers at once, as the prompt plans."""

    name = "instant"

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        prompt = next(message.content for message in request.messages if message.role == "user")
        results = sum(message.role == "tool" for message in request.messages)
        calls = calls_of(prompt, results)
        for number in range(results, results + calls):
            yield ToolRequest(id=f"call_{number}", name=TOOL, arguments='{"n": 21}')
        if not calls:
            yield TextPiece(ANSWER)
        yield Finished(reason="tool_calls" if calls else "stop", usage=NOTHING)

    def cost(self, usage: Usage) -> float:
        return 0.0

    async def aclose(self) -> None:
        """Nothing is open."""


@tool
async def double(n: int) -> int:
    """Double a number."""
    return n * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolyard:
    """`make` makes a session."""

    name: str
    make: Callable[[], Session]
    context: RunContext
    version: str = version("toolyard")

    def session(self) -> Session:
        session = self.make()
        session.context = self.context
        return session

    async def run(self, session: Session, plan: Plan) -> str:
        return (await session.run(plan.prompt)).text


@asynccontextmanager
async def opened_contenders(folder: Path) -> AsyncGenerator[tuple[Toolyard, Toolyard]]:
    """Both kinds of session; stored ones are in `folder`."""
    agent = Agent(name="benchmark", model=InstantModel(), tools=[double])
    store = SessionStore(folder)
    async with opened(agent) as open_agent:
        context = RunContext(caller=Caller(id="benchmark", profile=agent.profile), opened=open_agent)
        yield (
            Toolyard(name="toolyard", make=lambda: Session(agent), context=context),
            Toolyard(name="toolyard on disk", make=lambda: store.create_session(agent), context=context),
        )
