"""A toolkit that finds its settings unusable as it opens ends the start; one that merely fails does not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from toolyard import ConfigError, tool
from toolyard.mcp import create_mcp_runtime
from toolyard.testing import NoLedger
from toolyard_kernel.tools.tool import Tool

pytestmark = pytest.mark.anyio


@tool
def echo(text: str) -> str:
    """Say it again."""
    return text


class Opening:
    """A toolkit that raises `error` as it opens, and remembers whether it is open."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.open = False
        self._error = error

    def tools(self) -> Sequence[Tool]:
        return ()

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return self._lifespan()

    @asynccontextmanager
    async def _lifespan(self) -> AsyncGenerator[None]:
        if self._error is not None:
            raise self._error
        self.open = True
        try:
            yield
        finally:
            self.open = False


async def test_unusable_settings_end_the_start_and_close_what_was_open() -> None:
    fine, refusing = Opening("fine"), Opening("refusing", ConfigError("root: expected another folder"))
    runtime = create_mcp_runtime(tools=[echo], toolkits=[fine, refusing], ledger=NoLedger())
    with pytest.raises(ConfigError, match="toolkit 'refusing': root: expected another folder"):
        async with runtime.lifespan():
            pytest.fail("it started")
    assert not fine.open


async def test_a_toolkit_that_fails_in_another_way_ends_no_start() -> None:
    fine, failing = Opening("fine"), Opening("failing", RuntimeError("broken"))
    runtime = create_mcp_runtime(tools=[echo], toolkits=[fine, failing], ledger=NoLedger())
    async with runtime.lifespan():
        assert fine.open
    assert not fine.open
