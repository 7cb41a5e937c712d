"""Toolyard: an MCP server and tool-hosting gateway.

Everything here is loaded when it is first used, so that `import toolyard` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from toolyard.version import VERSION as __version__  # noqa: N811 - the name tools look for

if TYPE_CHECKING:
    from toolyard import mcp, testing
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
    "Answer": "toolyard_kernel.approvals.asks",
    "Approver": "toolyard_kernel.approvals.asks",
    "Ask": "toolyard_kernel.approvals.asks",
    "Audio": "toolyard_kernel.content",
    "Backend": "toolyard_kernel.backends",
    "Caller": "toolyard_kernel.calls.callers",
    "Captured": "toolyard_kernel.backends",
    "Command": "toolyard_kernel.backends",
    "Completed": "toolyard_kernel.backends",
    "ConfigError": "toolyard_kernel.errors",
    "Confinement": "toolyard_kernel.backends",
    "Decision": "toolyard_kernel.calls.decisions",
    "DefinitionError": "toolyard_kernel.errors",
    "Directory": "toolyard_kernel.backends",
    "EmbeddedResource": "toolyard_kernel.content",
    "Entry": "toolyard_kernel.backends",
    "Image": "toolyard_kernel.content",
    "InputRequired": "toolyard_kernel.content",
    "InvalidArguments": "toolyard_kernel.errors",
    "ListChanged": "toolyard_kernel.changes",
    "Message": "toolyard_kernel.offers.prompts",
    "Outcome": "toolyard_kernel.calls.outcomes",
    "PermissionProfile": "toolyard_kernel.profiles.profile",
    "Prompt": "toolyard_kernel.offers.prompts",
    "PromptArgument": "toolyard_kernel.offers.prompts",
    "Registry": "toolyard_kernel.tools.registry",
    "Resource": "toolyard_kernel.offers.resources",
    "ResourceLink": "toolyard_kernel.content",
    "ResourceTemplate": "toolyard_kernel.offers.resources",
    "ResourceUpdated": "toolyard_kernel.changes",
    "SettingsPath": "toolyard_kernel.tools.settings",
    "Text": "toolyard_kernel.content",
    "Tool": "toolyard_kernel.tools.tool",
    "ToolCall": "toolyard_kernel.calls.outcomes",
    "ToolContext": "toolyard_kernel.calls.context",
    "ToolError": "toolyard_kernel.errors",
    "ToolGroup": "toolyard_kernel.tools.toolkits",
    "ToolResult": "toolyard_kernel.content",
    "Toolkit": "toolyard_kernel.tools.toolkits",
    "ToolyardError": "toolyard_kernel.errors",
    "UnknownName": "toolyard_kernel.errors",
    "define_tool": "toolyard_kernel.tools.define",
    "prompt": "toolyard_kernel.offers.prompts",
    "resource": "toolyard_kernel.offers.resources",
    "tool": "toolyard_kernel.tools.functions",
}
_MODULES = frozenset({"mcp", "testing"})

__all__ = [
    "Answer",
    "Approver",
    "Ask",
    "Audio",
    "Backend",
    "Caller",
    "Captured",
    "Command",
    "Completed",
    "ConfigError",
    "Confinement",
    "Decision",
    "DefinitionError",
    "Directory",
    "EmbeddedResource",
    "Entry",
    "Image",
    "InputRequired",
    "InvalidArguments",
    "ListChanged",
    "Message",
    "Outcome",
    "PermissionProfile",
    "Prompt",
    "PromptArgument",
    "Registry",
    "Resource",
    "ResourceLink",
    "ResourceTemplate",
    "ResourceUpdated",
    "SettingsPath",
    "Text",
    "Tool",
    "ToolCall",
    "ToolContext",
    "ToolError",
    "ToolGroup",
    "ToolResult",
    "Toolkit",
    "ToolyardError",
    "UnknownName",
    "__version__",
    "define_tool",
    "mcp",
    "prompt",
    "resource",
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
