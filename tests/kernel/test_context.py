"""What a handler is given besides its arguments."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
import rich.pretty

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext, checked_services
from toolyard_kernel.errors import DefinitionError
from toolyard_kernel.profiles.builtin import READONLY

pytestmark = pytest.mark.anyio


def context(**services: Any) -> ToolContext:
    caller = Caller(id="x", profile=READONLY)
    return ToolContext(caller=caller, call_id="1", tool="act", services=checked_services(services))


def test_a_service_is_reached_by_attribute_by_key_and_among_the_services() -> None:
    clock = object()
    ctx = context(clock=clock)
    assert [ctx.clock, ctx["clock"], ctx.services["clock"]] == [clock, clock, clock]


def test_a_missing_service_says_which_there_are() -> None:
    with pytest.raises(AttributeError, match="no service 'clok' was given to this runtime; services: clock, db"):
        _ = context(db=1, clock=2).clok
    with pytest.raises(AttributeError, match="services: none"):
        _ = context().clock
    with pytest.raises(KeyError):
        _ = context()["clock"]


@pytest.mark.parametrize("name", ["", "my clock", "7up", "a-b"])
def test_a_service_has_a_name_that_python_can_say(name: str) -> None:
    with pytest.raises(DefinitionError, match="must be a non-empty Python identifier"):
        checked_services({name: 1})


@pytest.mark.parametrize("name", ["caller", "progress", "services", "state", "tool_use_id", "references", "_private"])
def test_a_service_cannot_hide_what_every_call_has(name: str) -> None:
    with pytest.raises(DefinitionError, match=f"service name '{name}' is reserved; choose another than call_id, "):
        checked_services({name: 1})


def test_services_cannot_be_changed_by_a_handler_or_by_the_host_afterwards() -> None:
    given = {"clock": 1}
    services = checked_services(given)
    given["more"] = 2
    assert dict(services) == {"clock": 1}
    assert isinstance(services, MappingProxyType)
    assert checked_services(None) == {}


def test_a_call_says_whose_it_is_and_no_service_shows_up_in_logs() -> None:
    ctx = context(token="s3cret")
    for shown in (repr(ctx), rich.pretty.pretty_repr(ctx)):
        assert "call_id='1'" in shown
        assert "s3cret" not in shown


async def test_progress_that_nobody_listens_to_is_no_error() -> None:
    ctx = context()
    assert not ctx.cancelled
    for value in (1, 1, 2):
        await ctx.progress(value)
    ctx.state.cancelled = True
    await ctx.progress(3)
    assert ctx.state.progress == 2
