"""What an approval is bound to."""

from __future__ import annotations

import hashlib
import json

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.tool import Tool


def canonical(arguments: JsonObject) -> str:
    """One text for equal arguments, whatever the order of their keys."""
    return json.dumps(arguments, sort_keys=True, separators=(",", ":"))


def policy_version(tool: Tool, caller: Caller) -> str:
    """Changes with the caller's profile and with what the tool says of itself, so that old approvals end with both."""
    profile = caller.profile.model_dump(mode="json")
    profile["approval"]["required_effects"].sort()  # a set, and each process has an order of its own for it
    told = [tool.name, tool.description, canonical(tool.input_schema), sorted(tool.effects), tool.approval]
    return _digest([canonical(profile), told])


def binding_of(tool: Tool, arguments: JsonObject, caller: Caller) -> str:
    """The SHA-256, in hex, of caller, tenant, tool, arguments and policy version."""
    return _digest([caller.id, caller.tenant, tool.name, canonical(arguments), policy_version(tool, caller)])


def bound_to(binding: str, preview: str | None) -> str:
    """The binding of an approval that was given to what a person was shown."""
    return binding if preview is None else _digest([binding, preview])


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
