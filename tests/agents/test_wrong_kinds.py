"""What is given in the place of an agent, a model, tools or hooks is refused where it is given, and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolyard import Agent, PIIRedactionHook, ReActPolicy, Runtime, ToolFilter, tool
from toolyard.testing import FakeModel
from toolyard_agents.errors import AgentError
from toolyard_kernel.errors import UnknownName

pytestmark = pytest.mark.anyio


@tool
def double(n: int) -> int:
    """Double a number."""
    return n * 2


def agent_with(**wrong: Any) -> Agent:
    given: dict[str, Any] = {"name": "a", "model": FakeModel(), "tools": [], **wrong}
    return Agent(**given)


def runtime_with(**wrong: Any) -> Runtime:
    return Runtime(**wrong)


def registered(**wrong: Any) -> None:
    Runtime().register_agent(**wrong)


def redaction_with(**wrong: Any) -> PIIRedactionHook:
    return PIIRedactionHook(**wrong)


@pytest.mark.parametrize(
    ("make", "wrong", "said"),
    [
        (agent_with, {"tools": "double"}, "tools='double'; expected a list of tools"),
        (agent_with, {"tools": double}, "expected a list of tools"),
        (agent_with, {"model": 3}, "model=3; expected the name of a model"),
        (agent_with, {"model": FakeModel}, "FakeModel'>; expected the name of a model"),
        (agent_with, {"policy_hooks": {}}, "policy_hooks={}; expected a PolicyHooks"),
        (runtime_with, {"policy_hooks": ToolFilter(denied={"double"})}, "expected a PolicyHooks"),
        (registered, {"agent": Agent}, "Agent'>; expected an Agent"),
        (registered, {"agent": "a"}, "agent='a'; expected an Agent"),
        (redaction_with, {"patterns": {"A": "("}}, "regular expression: missing ): ("),
    ],
)
def test_what_is_of_another_kind_is_named_where_it_is_given(
    make: Callable[..., object], wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(AgentError) as error:
        make(**wrong)
    assert said in str(error.value)


async def test_a_replay_names_a_policy_or_a_trace_that_is_none(tmp_path: Path) -> None:
    runtime = Runtime(trace_dir=tmp_path)
    nothing: Any = None
    with pytest.raises(UnknownName, match="no agent is named 'a'; there are none"):
        await runtime.run("a", "Hello")
    runtime.register_agent(agent_with(tools=[double]))
    policy: Any = ReActPolicy
    with pytest.raises(AgentError, match="policy=the class ReActPolicy"):
        await runtime.replay("ab", "a", policy=policy)
    with pytest.raises(UnknownName, match="there is no trace None"):
        await runtime.replay(nothing, "a")
