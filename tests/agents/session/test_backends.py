"""An agent's tools run on the backend of its config, and its session hands that backend out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toolkits.files.memory_backend import FOLDERS, MemoryBackend
from toolyard import Agent, AgentConfig, ConfigError, Session

pytestmark = pytest.mark.anyio

ROOT = Path("/in/memory/of/an/agent")


@pytest.fixture
def backend() -> Iterator[MemoryBackend]:
    FOLDERS[ROOT] = {"notes.txt": b"alpha\n"}
    yield MemoryBackend()
    del FOLDERS[ROOT]


async def test_the_tools_of_an_agent_run_on_the_backend_that_its_session_hands_out(backend: MemoryBackend) -> None:
    agent = Agent(AgentConfig(model="scripted", working_dir=str(ROOT), backend=backend))
    async with Session(agent) as session:
        assert await session.get_sandbox() is backend
        for tool, arguments in (("read", {"path": "notes.txt"}), ("grep", {"pattern": "alp"})):
            result = await session.run(json.dumps({"tool": tool, "arguments": arguments}))
            assert "alpha" in result.text


async def test_the_backend_of_an_agent_is_this_machine_unless_it_says_otherwise(tmp_path: Path) -> None:
    session = Session(Agent(AgentConfig(model="noop", working_dir=str(tmp_path))))
    assert (await session.get_sandbox()).name == "local"
    with pytest.raises(ConfigError, match="no backend is named 'elsewhere'"):
        Agent(AgentConfig(model="noop", working_dir=str(tmp_path), backend="elsewhere"))
