"""Checking the numbers that a policy is given."""

from __future__ import annotations

from toolyard_agents.errors import AgentError


def check_bound(name: str, value: object, *, optional: bool = True) -> None:
    """That it is a whole number above 0, or None where it is optional.

    Raises:
        AgentError: it is not.
    """
    if value is None and optional:
        return
    if type(value) is not int or value < 1:
        raise AgentError(f"{name}={value!r}; expected a whole number above 0{', or None' if optional else ''}")
