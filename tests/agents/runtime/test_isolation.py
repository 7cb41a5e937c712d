"""Two tenants, and two callers of each, on one storage: whatever they do, neither sees anything of another's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client

from tests.agents.runtime.yard import SAFE, drain, drive, runtime_of, script, spec_of
from tests.agents.storage.places import place
from toolyard import Runtime, StorageSpec, mcp

WHO = [(tenant, caller) for tenant in ("acme", "globex") for caller in ("python", "ann", "bob")]
MOVES = st.tuples(
    st.sampled_from(WHO), st.sampled_from(["thread", "plan", "reference", "ask"]), st.sampled_from(["x", "y"])
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[StorageSpec]:
    with place(request.param, Path(tmp_path_factory.mktemp("storage"))) as found:
        yield found


class World:
    """Everybody at once. What each one keeps holds a word of its own."""

    def __init__(self, storage: StorageSpec, salt: str) -> None:
        self.runtimes = {tenant: runtime_of(spec_of(storage, tenant)) for tenant in ("acme", "globex")}
        self.salt = salt
        self.threads: dict[tuple[str, str, str], str] = {}

    def word(self, who: tuple[str, str], id: str) -> str:
        return f"word-of-{who[0]}-{who[1]}-{id}-{self.salt}"

    async def move(self, who: tuple[str, str], what: str, id: str) -> None:
        runtime = self.runtimes[who[0]]
        if who[1] == "python":
            await self._embedded(runtime, who, what, id)
        else:
            await self._served(runtime, who, what, id)

    async def _embedded(self, runtime: Runtime, who: tuple[str, str], what: str, id: str) -> None:
        word, thread = self.word(who, id), f"{id}-{self.salt}"
        if what == "thread":
            self.check(who, await drain(runtime.run_specialist("helper", word, thread)))
        elif what == "plan":
            self.check(who, await drain(runtime.run_specialist("planner", _proposal(word, thread), thread)))
            self.check(who, await drain(runtime.run_specialist("planner", _look(thread), thread)))
        elif what == "reference":
            ref = await runtime.create_reference("note", word)
            assert await runtime.resolve_reference(ref) == word
            for other in self.runtimes.values():
                if other is not runtime:
                    with pytest.raises(LookupError):
                        await other.resolve_reference(ref)
        else:
            self.check(
                who, await drive(runtime, runtime.run_specialist("helper", script(("delete", {"sku": word})), thread))
            )
        self.check(who, await runtime.pending_approvals())

    async def _served(self, runtime: Runtime, who: tuple[str, str], what: str, id: str) -> None:
        word, plan = self.word(who, id), f"{id}-{self.salt}"
        agent, prompt = ("planner", _proposal(word, plan)) if what == "plan" else ("helper", word)
        async with Client(mcp.create_server(runtime, agent="mcp", caller=who[1])) as client:
            known = self.threads.get((*who, id))
            arguments = {
                "prompt": prompt,
                "agent": agent,
                **({"thread_id": known} if known and what == "thread" else {}),
            }
            said = await client.call_tool("run_prompt", arguments)
            self.check(who, said.structured_content)
            if what == "thread":
                report: dict[str, Any] = said.structured_content or {}
                self.threads[(*who, id)] = str(report.get("thread_id"))
            if what == "plan":
                self.check(
                    who, (await client.call_tool("run_prompt", {"prompt": _look(plan), "agent": "planner"})).content
                )
            for owner, thread in tuple(self.threads.items()):
                if owner[:2] != who:
                    stolen = await client.call_tool(
                        "run_prompt", {"prompt": "x", "agent": "helper", "thread_id": thread}
                    )
                    assert stolen.is_error

    def check(self, who: tuple[str, str], seen: Any) -> None:
        text = json.dumps(seen, default=str)
        for other in WHO:
            if other != who:
                assert f"word-of-{other[0]}-{other[1]}-" not in text, (who, other)

    async def close(self) -> None:
        for runtime in self.runtimes.values():
            await runtime.close()


def _proposal(word: str, plan: str) -> str:
    steps = [{"tool": "price", "arguments": {"sku": word, "price": 1}}]
    return script(("propose_plan", {"plan_id": plan, "steps": steps}), ("get_plan", {"plan_id": plan}))


def _look(plan: str) -> str:
    return script(("get_plan", {"plan_id": plan}))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(MOVES, min_size=3, max_size=8), salt=st.uuids(), beside=st.booleans())
def test_nobody_sees_anything_of_another(storage: StorageSpec, moves: list[Any], salt: Any, beside: bool) -> None:  # noqa: FBT001
    async def play() -> None:
        world = World(storage, str(salt))
        try:
            async with asyncio.timeout(SAFE * 2):
                if beside:
                    await asyncio.gather(*(world.move(*move) for move in moves))
                else:
                    for move in moves:
                        await world.move(*move)
        finally:
            await world.close()

    asyncio.run(play())
