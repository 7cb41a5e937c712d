"""The public names of the runtime API, the Python SDK, the runtime of agents and the running of agents, one by one:
fields, defaults, keywords and events."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

import toolyard
from toolyard import Agent, AgentConfig, AgentEvent, CancellationToken, Session, SessionStore, State
from toolyard.testing import FakeModel
from toolyard_agents.events import EventType

MISSING = object()

FIELDS: dict[str, dict[str, Any]] = {
    "RuntimeOptions": {
        "model": "gpt-5-mini",
        "base_url": None,
        "reasoning_effort": None,
        "working_dir": None,
        "profile": None,
        "auto_approve": True,
        "team_id": None,
        "project_id": None,
        "observability_config": None,
        "session_id": None,
        "telemetry_metadata": {},
        "enable_delegate": True,
    },
    "AgentConfig": {
        "system_prompt": None,
        "vars": {},
        "model": "gpt-5-mini",
        "profile": None,
        "backend": "local",
        "working_dir": None,
        "base_url": None,
        "service_tier": None,
        "reasoning_effort": None,
        "response_format": None,
        "auto_approve": True,
        "extras": {},
    },
    "AgentRuntime": dict.fromkeys(
        (
            "agent",
            "session",
            "registry",
            "model",
            "profile_name",
            "session_id",
            "options",
            "approval_callback",
            "cancel_check",
            "observability",
        ),
        MISSING,
    ),
    "AgentEvent": {
        "type": MISSING,
        "content": None,
        "tool_name": None,
        "tool_call_id": None,
        "tool_args": None,
        "tool_result": None,
        "tool_metadata": None,
        "usage": None,
    },
    "SessionInfo": dict.fromkeys(("id", "status", "created_at", "model", "profile", "first_prompt"), MISSING),
    "CompactResult": dict.fromkeys(("summary", "tokens_before", "tokens_after", "trigger"), MISSING),
    "RunResult": {
        **dict.fromkeys(("text", "events", "status", "used", "run_id", "stop_reason"), MISSING),
        "messages": (),
        "final_state": None,
    },
    "RuntimeSpec": dict.fromkeys(
        ("tenant", "agents", "references", "plans", "toolkits", "tools", "providers", "storage"), MISSING
    ),
    "ReferenceSpec": dict.fromkeys(("name", "schema", "glimpse"), MISSING),
    "TestingConfig": {"mock_response": MISSING},
    "ReActPolicy": {"max_iterations": None},
    "FunctionCallingPolicy": {"max_iterations": None, "max_invalid": 3},
    "GraphPolicy": {"graph": MISSING, "max_iterations": None, "inputs": {}},
    "SupervisorPolicy": {"agents": MISSING, "max_iterations": None},
    "PlanExecutePolicy": {"max_steps": 20, "max_iterations": 10, "max_plans": 3},
    "PolicyHooks": dict.fromkeys(("pii_redaction", "tool_filter", "approval_gate")),
    "PIIRedactionHook": {"redact_emails": True},
    "ToolFilter": {"denied": (), "allowed": None},
    "ApprovalGate": {"required": MISSING, "callback": None},
    "Tool": {"timeout": None, "retries": 0, "idempotent": False},
}

KEYWORDS: dict[str, tuple[str, ...]] = {
    "create_runtime": ("system_prompt", "options", "session", "approval_callback", "cancel_check", "of_spec"),
    "start_runtime": ("runtime",),
    "run_prompt": ("runtime", "prompt", "on_event"),
    "dispatch_prompt": ("runtime", "prompt", "on_event", "token"),
    "close_runtime": ("runtime", "status"),
    "reconfigure_runtime": ("runtime", "profile", "working_dir", "auto_approve", "enable_delegate"),
    "define_tenant": ("name", "version"),
    "define_runtime": ("tenant", "agents", "references", "plans", "toolkits", "tools", "providers", "storage"),
    "define_reference": ("name", "schema", "glimpse", "ttl", "description"),
    "define_plan": ("name", "tools", "description"),
    "define_toolkit": ("name", "tools", "settings"),
    "define_coordinator": ("name", "routes", "parts"),
    "define_planner": ("name", "plan", "parts"),
    "define_executor": ("name", "plan", "parts"),
    "define_specialist": ("name", "routes", "parts"),
    "Runtime.query": ("self", "prompt", "thread_id", "resume"),
    "Runtime.run_specialist": ("self", "name", "prompt", "thread_id", "resume"),
    "Runtime.respond_to_approval": ("self", "approval_id", "outcome", "feedback"),
    "Runtime.pending_approvals": ("self",),
    "Runtime.create_reference": ("self", "kind", "payload", "glimpse"),
    "Runtime.resolve_reference": ("self", "reference"),
    "Runtime.reference_glimpse": ("self", "reference"),
    "Runtime.close": ("self",),
    "mcp.list_tools": ("runtime", "agent"),
    "Agent": (
        "config",
        "name",
        "model",
        "tools",
        "system_prompt",
        "description",
        "registry",
        "policy",
        "trace_dir",
        "policy_hooks",
    ),
    "Agent.run": ("self", "prompt", "on_event", "token"),
    "Agent.run_stream": ("self", "prompt"),
    "Runtime": ("trace_dir", "timeout", "max_concurrency", "policy_hooks", "parts"),
    "Runtime.register_agent": ("self", "agent"),
    "Runtime.run": (
        "self",
        "agent",
        "prompt",
        "policy",
        "timeout",
        "max_concurrency",
        "on_event",
        "token",
        "inputs",
    ),
    "Runtime.replay": ("self", "trace_id", "agent", "policy", "until", "on_event", "token"),
    "Graph": ("state",),
    "Graph.add_node": (
        "self",
        "name",
        "function",
        "model",
        "tool",
        "agent",
        "graph",
        "prompt",
        "arguments",
        "output",
    ),
    "Graph.add_edge": ("self", "source", "target"),
    "Graph.add_branch": ("self", "source", "choose", "targets"),
    "Graph.reducer": ("self", "key", "function"),
    "Graph.set_exit": ("self", "names"),
    "testing.FakeModel": ("name",),
    "testing.FakeModel.add_response": ("self", "text", "usage", "delay", "reason"),
    "testing.FakeModel.add_tool_calls": ("self", "calls", "text", "usage", "delay"),
}

EVENTS = (
    "text", "tool_start", "tool_end", "tool_blocked", "api_call_complete", "turn_complete",
    "compact_start", "compact_end", "error", "cancelled", "interruption",
)  # fmt: skip

MEMBERS: dict[str, tuple[str, ...]] = {
    "CancellationToken": ("cancel", "is_cancelled", "reason"),
    "AgentHandle": ("done", "cancel", "wait", "status"),
    "AgentConfig": ("from_file", "to_file", "resolve_system_prompt"),
    "Agent": ("create_client",),
    "State": (
        "messages",
        "get_messages",
        "add_user_message",
        "add_assistant_message",
        "add_tool_result",
        "usage",
        "update_usage",
        "status",
        "run_count",
        "estimate_tokens",
        "replace_with_summary",
        "add_observer",
        "remove_observer",
        "to_jsonl",
        "from_jsonl",
        "session_id",
    ),
    "Session": ("run", "cancel", "compact", "get_sandbox", "close", "__aenter__", "__aexit__"),
    "SessionStore": ("create_session", "resume", "list", "get_latest_id"),
    "RunResult": ("usage", "output", "trace_id", "reason", "cost"),
    "Graph": ("compile", "to_mermaid"),
    "Policy": ("about", "tools", "drive"),
    "TenantSpec": ("resource_id",),
    "RuntimeSpec": ("to_dict", "to_json", "to_yaml", "from_json", "from_yaml"),
}


def named(path: str) -> Any:
    found: Any = toolyard
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, fields in FIELDS.items() for field in fields])
def test_a_field_is_there_with_its_default(name: str, field: str) -> None:
    (found,) = [each for each in dataclasses.fields(named(name)) if each.name == field]
    expected = FIELDS[name][field]
    factory = found.default_factory
    default = factory() if factory is not dataclasses.MISSING else found.default
    assert expected is MISSING or default == expected


@pytest.mark.parametrize("name", KEYWORDS)
def test_a_function_takes_the_keywords(name: str) -> None:
    assert tuple(inspect.signature(named(name)).parameters) == KEYWORDS[name]


@pytest.mark.parametrize(
    ("name", "member"), [(name, member) for name, members in MEMBERS.items() for member in members]
)
def test_a_class_has_the_member(name: str, member: str) -> None:
    assert hasattr(named(name), member)


@pytest.mark.parametrize("type", EVENTS)
def test_an_event_of_the_type_can_be_told(type: EventType) -> None:
    assert type in get_args(EventType)
    assert AgentEvent(type=type).to_dict()["type"] == type


def agent() -> Agent:
    return Agent(name="a", model=FakeModel())


def _approves(name: str, arguments: dict[str, Any]) -> bool:
    return True


SETTABLE: dict[str, Callable[[], object]] = {
    "approval_callback": lambda: _approves,
    "cancel_check": lambda: lambda: False,
    "auto_compact": lambda: False,
    "context_window": lambda: 128_000,
}


@pytest.mark.parametrize("name", SETTABLE)
def test_an_attribute_of_a_session_can_be_set(name: str) -> None:
    session, value = Session(agent()), SETTABLE[name]()
    assert hasattr(session, name)
    setattr(session, name, value)
    assert getattr(session, name) is value


def test_an_agent_has_its_config_registry_and_system_prompt() -> None:
    one = Agent(AgentConfig(system_prompt="You are {{ who }}.", vars={"who": "it"}, model="noop"))
    assert (one.config.model, one.system_prompt, one.registry.find("read") is not None) == ("noop", "You are it.", True)


def test_an_agent_without_a_model_has_the_one_of_every_config() -> None:
    one = Agent(name="x")
    assert one.model == one.config.model == AgentConfig().model


def test_the_default_session_store_is_below_the_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert SessionStore().list() == []
    assert SessionStore().get_latest_id() is None
    SessionStore().create_session(agent())
    assert (tmp_path / "toolyard/sessions").is_dir()


def test_a_token_keeps_its_first_reason_and_tells_it_at_once() -> None:
    token, heard = CancellationToken(), list[str]()
    token.listen(heard.append)
    stop = token.listen(lambda reason: heard.append("never"))
    stop()
    assert (token.is_cancelled(), token.reason) == (False, "")
    token.cancel("first")
    token.cancel("second")
    token.listen(heard.append)
    assert (token.is_cancelled(), token.reason, heard) == (True, "first", ["first", "first"])


def test_a_state_is_made_by_hand_as_the_documentation_shows() -> None:
    state = State()
    state.add_user_message("hi")
    state.add_assistant_message("hello")
    state.update_usage(input=100, output=50)
    assert [message.role for message in state.messages] == ["user", "assistant"]
    assert (state.usage["input_tokens"], state.usage["output_tokens"]) == (100, 50)


SPEC = toolyard.define_runtime(
    tenant=toolyard.define_tenant("acme", "v1"),
    agents=[toolyard.define_specialist("a", prompt="x")],
    providers={"anthropic": {"apiKeyEnv": "SOME_KEY"}, "openai": {"apiKeyEnv": "SOME_KEY"}},
)


@pytest.mark.parametrize("interpreter", ["noop", "scripted", "anthropic", "openai"])
def test_an_interpreter_is_chosen_by_its_name_and_calls_nothing(
    interpreter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if interpreter in ("anthropic", "openai"):
        with pytest.raises(ValueError, match="SOME_KEY is not set"):
            toolyard.create_runtime(SPEC, interpreter=interpreter)
    monkeypatch.setenv("SOME_KEY", "k")
    assert isinstance(toolyard.create_runtime(SPEC, interpreter=interpreter), toolyard.Runtime)


@pytest.mark.parametrize(
    "environment",
    [
        {"target_database_url": "sqlite:/path/to/acme.db"},
        {"catalog": {"kind": "inline", "entries": []}, "catalog_search": {"index_path": "/path/to/index"}},
    ],
)
def test_the_keys_of_the_data_environment_are_taken(environment: dict[str, Any]) -> None:
    toolyard.create_runtime(SPEC, data_environment=environment)
    with pytest.raises(ValueError, match="catalogue"):
        toolyard.create_runtime(SPEC, data_environment={**environment, "catalogue": 1})


def test_the_catalog_is_refused_until_it_is_there() -> None:
    agent = toolyard.define_specialist("a", prompt="x", toolkits=[toolyard.define_toolkit("catalog")])
    spec = toolyard.define_runtime(tenant=toolyard.define_tenant("acme", "v1"), agents=[agent])
    with pytest.raises(ValueError, match="toolkit 'catalog' is not there yet"):
        toolyard.create_runtime(spec)


@pytest.mark.anyio
async def test_the_database_of_the_data_environment_is_the_one_that_an_agent_asks(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "acme.db") as database:
        database.execute("CREATE TABLE mugs (name TEXT)")
    database.close()
    agent = toolyard.define_specialist("a", prompt="x", toolkits=[toolyard.define_toolkit("database")])
    spec = toolyard.define_runtime(tenant=toolyard.define_tenant("acme", "v1"), agents=[agent])
    environment = {"target_database_url": f"sqlite:{tmp_path / 'acme.db'}"}
    prompt = json.dumps({"tool": "sql_tables", "arguments": {"connection": "target"}})
    async with toolyard.create_runtime(spec, interpreter="scripted", data_environment=environment) as runtime:
        events = [event async for event in runtime.query(prompt, "t")]
    assert "mugs" in events[-1]["content"]
