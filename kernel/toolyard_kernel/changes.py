"""News of a runtime: a list changed, or a resource did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ListChanged:
    """What a client that lists them again would see has changed."""

    of: Literal["tools", "resources", "prompts"]


@dataclass(frozen=True, slots=True)
class ResourceUpdated:
    """The resource at `uri` reads differently now."""

    uri: str


Change = ListChanged | ResourceUpdated
Listener = Callable[[Change], None]
"""Called in whichever thread the change is told in; it must neither block nor raise."""


class Changes:
    """Passes news on to whoever listens. Safe to use from any thread."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def tell(self, change: Change) -> None:
        for listener in tuple(self._listeners.values()):
            listener(change)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every change from now on; what is returned stops that."""
        key = object()
        self._listeners[key] = listener

        def stop() -> None:
            self._listeners.pop(key, None)

        return stop
