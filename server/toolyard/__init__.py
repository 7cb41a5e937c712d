"""Toolyard: an MCP server and tool-hosting gateway.

Everything here is loaded when it is first used, so that `import toolyard` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from toolyard.version import VERSION as __version__  # noqa: N811 - the name tools look for

if TYPE_CHECKING:
    from toolyard import mcp, testing
    from toolyard_agents.agent import Agent
    from toolyard_agents.agent_runtime.api import (
        AgentRuntime,
        close_runtime,
        dispatch_prompt,
        reconfigure_runtime,
        run_prompt,
        start_runtime,
    )
    from toolyard_agents.agent_runtime.handle import AgentHandle
    from toolyard_agents.agent_runtime.options import RuntimeOptions
    from toolyard_agents.cancellation import CancellationToken
    from toolyard_agents.config.agent_config import AgentConfig
    from toolyard_agents.config.budgets import Budgets
    from toolyard_agents.delegation import agent_tool, enable_delegation
    from toolyard_agents.errors import (
        AgentError,
        ApprovalInterrupt,
        GraphError,
        ModelError,
        PromptError,
        SessionBusy,
        SpecError,
        StorageError,
        TraceError,
    )
    from toolyard_agents.events import AgentEvent
    from toolyard_agents.graphs.graph import Graph
    from toolyard_agents.hooks.approval_gate import ApprovalGate
    from toolyard_agents.hooks.pii_redaction import PIIRedactionHook
    from toolyard_agents.hooks.policy_hooks import PolicyHooks
    from toolyard_agents.hooks.tool_filter import ToolFilter
    from toolyard_agents.policies.function_calling import FunctionCallingPolicy
    from toolyard_agents.policies.graph import GraphPolicy
    from toolyard_agents.policies.plan_execute import PlanExecutePolicy
    from toolyard_agents.policies.policy import Policy
    from toolyard_agents.policies.react import ReActPolicy
    from toolyard_agents.policies.supervisor import SupervisorPolicy
    from toolyard_agents.references.reference import Reference
    from toolyard_agents.results import RunResult
    from toolyard_agents.runtime.creating import create_runtime
    from toolyard_agents.runtime.runtime import Runtime
    from toolyard_agents.runtime.testing import TestingConfig
    from toolyard_agents.session.run import Run
    from toolyard_agents.session.session import Session
    from toolyard_agents.session.stop import Stop
    from toolyard_agents.spec.agent_spec import (
        AgentSpec,
        define_coordinator,
        define_executor,
        define_planner,
        define_specialist,
    )
    from toolyard_agents.spec.plan_spec import PlanSpec, define_plan
    from toolyard_agents.spec.providers import ProviderSpec
    from toolyard_agents.spec.reference_spec import ReferenceSpec, define_reference
    from toolyard_agents.spec.runtime_spec import RuntimeSpec, define_runtime
    from toolyard_agents.spec.tenant import TenantSpec, define_tenant
    from toolyard_agents.spec.toolkit_spec import ToolkitSpec, define_toolkit
    from toolyard_agents.state.compaction import CompactResult
    from toolyard_agents.state.state import State
    from toolyard_agents.storage.descriptor import StorageSpec
    from toolyard_agents.store.about import SessionInfo
    from toolyard_agents.store.store import SessionStore
    from toolyard_kernel.approvals.asks import Answer, Approver, Ask
    from toolyard_kernel.backends import Backend, Captured, Command, Completed, Confinement, Directory, Entry
    from toolyard_kernel.calls.callers import Caller
    from toolyard_kernel.calls.context import ToolContext
    from toolyard_kernel.calls.decisions import Decision
    from toolyard_kernel.calls.outcomes import Outcome, ToolCall
    from toolyard_kernel.changes import ListChanged, ResourceUpdated
    from toolyard_kernel.content import Audio, EmbeddedResource, Image, InputRequired, ResourceLink, Text, ToolResult
    from toolyard_kernel.errors import (
        ConfigError,
        DefinitionError,
        InvalidArguments,
        ToolError,
        ToolyardError,
        UnknownName,
    )
    from toolyard_kernel.offers.prompts import Message, Prompt, PromptArgument, prompt
    from toolyard_kernel.offers.resources import Resource, ResourceTemplate, resource
    from toolyard_kernel.profiles.profile import PermissionProfile
    from toolyard_kernel.tools.define import define_tool
    from toolyard_kernel.tools.functions import tool
    from toolyard_kernel.tools.registry import Registry
    from toolyard_kernel.tools.settings import SettingsPath
    from toolyard_kernel.tools.tool import Tool
    from toolyard_kernel.tools.toolkits import ToolGroup, Toolkit

_HOMES = {
    "Agent": "toolyard_agents.agent",
    "AgentConfig": "toolyard_agents.config.agent_config",
    "AgentError": "toolyard_agents.errors",
    "AgentEvent": "toolyard_agents.events",
    "AgentHandle": "toolyard_agents.agent_runtime.handle",
    "AgentRuntime": "toolyard_agents.agent_runtime.api",
    "AgentSpec": "toolyard_agents.spec.agent_spec",
    "Answer": "toolyard_kernel.approvals.asks",
    "ApprovalGate": "toolyard_agents.hooks.approval_gate",
    "ApprovalInterrupt": "toolyard_agents.errors",
    "Approver": "toolyard_kernel.approvals.asks",
    "Ask": "toolyard_kernel.approvals.asks",
    "Audio": "toolyard_kernel.content",
    "Backend": "toolyard_kernel.backends",
    "Budgets": "toolyard_agents.config.budgets",
    "Caller": "toolyard_kernel.calls.callers",
    "CancellationToken": "toolyard_agents.cancellation",
    "Captured": "toolyard_kernel.backends",
    "Command": "toolyard_kernel.backends",
    "CompactResult": "toolyard_agents.state.compaction",
    "Completed": "toolyard_kernel.backends",
    "ConfigError": "toolyard_kernel.errors",
    "Confinement": "toolyard_kernel.backends",
    "Decision": "toolyard_kernel.calls.decisions",
    "DefinitionError": "toolyard_kernel.errors",
    "Directory": "toolyard_kernel.backends",
    "EmbeddedResource": "toolyard_kernel.content",
    "Entry": "toolyard_kernel.backends",
    "FunctionCallingPolicy": "toolyard_agents.policies.function_calling",
    "Graph": "toolyard_agents.graphs.graph",
    "GraphError": "toolyard_agents.errors",
    "GraphPolicy": "toolyard_agents.policies.graph",
    "Image": "toolyard_kernel.content",
    "InputRequired": "toolyard_kernel.content",
    "InvalidArguments": "toolyard_kernel.errors",
    "ListChanged": "toolyard_kernel.changes",
    "Message": "toolyard_kernel.offers.prompts",
    "ModelError": "toolyard_agents.errors",
    "Outcome": "toolyard_kernel.calls.outcomes",
    "PIIRedactionHook": "toolyard_agents.hooks.pii_redaction",
    "PermissionProfile": "toolyard_kernel.profiles.profile",
    "PlanExecutePolicy": "toolyard_agents.policies.plan_execute",
    "PlanSpec": "toolyard_agents.spec.plan_spec",
    "Policy": "toolyard_agents.policies.policy",
    "PolicyHooks": "toolyard_agents.hooks.policy_hooks",
    "Prompt": "toolyard_kernel.offers.prompts",
    "PromptArgument": "toolyard_kernel.offers.prompts",
    "PromptError": "toolyard_agents.errors",
    "ProviderSpec": "toolyard_agents.spec.providers",
    "ReActPolicy": "toolyard_agents.policies.react",
    "Reference": "toolyard_agents.references.reference",
    "ReferenceSpec": "toolyard_agents.spec.reference_spec",
    "Registry": "toolyard_kernel.tools.registry",
    "Resource": "toolyard_kernel.offers.resources",
    "ResourceLink": "toolyard_kernel.content",
    "ResourceTemplate": "toolyard_kernel.offers.resources",
    "ResourceUpdated": "toolyard_kernel.changes",
    "Run": "toolyard_agents.session.run",
    "RunResult": "toolyard_agents.results",
    "Runtime": "toolyard_agents.runtime.runtime",
    "RuntimeOptions": "toolyard_agents.agent_runtime.options",
    "RuntimeSpec": "toolyard_agents.spec.runtime_spec",
    "Session": "toolyard_agents.session.session",
    "SessionBusy": "toolyard_agents.errors",
    "SessionInfo": "toolyard_agents.store.about",
    "SessionStore": "toolyard_agents.store.store",
    "SettingsPath": "toolyard_kernel.tools.settings",
    "SpecError": "toolyard_agents.errors",
    "State": "toolyard_agents.state.state",
    "Stop": "toolyard_agents.session.stop",
    "StorageError": "toolyard_agents.errors",
    "StorageSpec": "toolyard_agents.storage.descriptor",
    "SupervisorPolicy": "toolyard_agents.policies.supervisor",
    "TenantSpec": "toolyard_agents.spec.tenant",
    "TestingConfig": "toolyard_agents.runtime.testing",
    "Text": "toolyard_kernel.content",
    "Tool": "toolyard_kernel.tools.tool",
    "ToolCall": "toolyard_kernel.calls.outcomes",
    "ToolContext": "toolyard_kernel.calls.context",
    "ToolError": "toolyard_kernel.errors",
    "ToolFilter": "toolyard_agents.hooks.tool_filter",
    "ToolGroup": "toolyard_kernel.tools.toolkits",
    "ToolResult": "toolyard_kernel.content",
    "Toolkit": "toolyard_kernel.tools.toolkits",
    "ToolkitSpec": "toolyard_agents.spec.toolkit_spec",
    "ToolyardError": "toolyard_kernel.errors",
    "TraceError": "toolyard_agents.errors",
    "UnknownName": "toolyard_kernel.errors",
    "agent_tool": "toolyard_agents.delegation",
    "close_runtime": "toolyard_agents.agent_runtime.api",
    "create_runtime": "toolyard_agents.runtime.creating",
    "define_coordinator": "toolyard_agents.spec.agent_spec",
    "define_executor": "toolyard_agents.spec.agent_spec",
    "define_plan": "toolyard_agents.spec.plan_spec",
    "define_planner": "toolyard_agents.spec.agent_spec",
    "define_reference": "toolyard_agents.spec.reference_spec",
    "define_runtime": "toolyard_agents.spec.runtime_spec",
    "define_specialist": "toolyard_agents.spec.agent_spec",
    "define_tenant": "toolyard_agents.spec.tenant",
    "define_tool": "toolyard_kernel.tools.define",
    "define_toolkit": "toolyard_agents.spec.toolkit_spec",
    "dispatch_prompt": "toolyard_agents.agent_runtime.api",
    "enable_delegation": "toolyard_agents.delegation",
    "prompt": "toolyard_kernel.offers.prompts",
    "reconfigure_runtime": "toolyard_agents.agent_runtime.api",
    "resource": "toolyard_kernel.offers.resources",
    "run_prompt": "toolyard_agents.agent_runtime.api",
    "start_runtime": "toolyard_agents.agent_runtime.api",
    "tool": "toolyard_kernel.tools.functions",
}
_MODULES = frozenset({"mcp", "testing"})

__all__ = [
    "Agent",
    "AgentConfig",
    "AgentError",
    "AgentEvent",
    "AgentHandle",
    "AgentRuntime",
    "AgentSpec",
    "Answer",
    "ApprovalGate",
    "ApprovalInterrupt",
    "Approver",
    "Ask",
    "Audio",
    "Backend",
    "Budgets",
    "Caller",
    "CancellationToken",
    "Captured",
    "Command",
    "CompactResult",
    "Completed",
    "ConfigError",
    "Confinement",
    "Decision",
    "DefinitionError",
    "Directory",
    "EmbeddedResource",
    "Entry",
    "FunctionCallingPolicy",
    "Graph",
    "GraphError",
    "GraphPolicy",
    "Image",
    "InputRequired",
    "InvalidArguments",
    "ListChanged",
    "Message",
    "ModelError",
    "Outcome",
    "PIIRedactionHook",
    "PermissionProfile",
    "PlanExecutePolicy",
    "PlanSpec",
    "Policy",
    "PolicyHooks",
    "Prompt",
    "PromptArgument",
    "PromptError",
    "ProviderSpec",
    "ReActPolicy",
    "Reference",
    "ReferenceSpec",
    "Registry",
    "Resource",
    "ResourceLink",
    "ResourceTemplate",
    "ResourceUpdated",
    "Run",
    "RunResult",
    "Runtime",
    "RuntimeOptions",
    "RuntimeSpec",
    "Session",
    "SessionBusy",
    "SessionInfo",
    "SessionStore",
    "SettingsPath",
    "SpecError",
    "State",
    "Stop",
    "StorageError",
    "StorageSpec",
    "SupervisorPolicy",
    "TenantSpec",
    "TestingConfig",
    "Text",
    "Tool",
    "ToolCall",
    "ToolContext",
    "ToolError",
    "ToolFilter",
    "ToolGroup",
    "ToolResult",
    "Toolkit",
    "ToolkitSpec",
    "ToolyardError",
    "TraceError",
    "UnknownName",
    "__version__",
    "agent_tool",
    "close_runtime",
    "create_runtime",
    "define_coordinator",
    "define_executor",
    "define_plan",
    "define_planner",
    "define_reference",
    "define_runtime",
    "define_specialist",
    "define_tenant",
    "define_tool",
    "define_toolkit",
    "dispatch_prompt",
    "enable_delegation",
    "mcp",
    "prompt",
    "reconfigure_runtime",
    "resource",
    "run_prompt",
    "start_runtime",
    "testing",
    "tool",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if home := _HOMES.get(name):
        return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
