"""Toolkits: named groups of tools that live and end together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from toolyard_kernel.tools.tool import Tool


@runtime_checkable
class Toolkit(Protocol):
    """A named group of tools."""

    @property
    def name(self) -> str: ...

    def tools(self) -> Sequence[Tool]:
        """The tools, known before anything is opened."""
        ...

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        """Entered before the first call and left after the last: connections, processes, temporary folders."""
        ...


class ToolkitFactory(Protocol):
    """What the entry point group `toolyard.toolkits` names: usually the toolkit's class.

    `Settings` is the pydantic model of what a config writes below `toolkits: {name: …}`. Paths in it are resolved
    against the config's folder by the types of `toolyard_kernel.tools.settings`.
    """

    @property
    def Settings(self) -> type[BaseModel]: ...  # noqa: N802 - a class attribute that holds a class

    def __call__(self, settings: Any, /) -> Toolkit: ...


@dataclass(frozen=True, slots=True)
class ToolGroup:
    """A toolkit of tools that need nothing opened."""

    name: str
    members: Sequence[Tool]

    def tools(self) -> Sequence[Tool]:
        return self.members

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()
