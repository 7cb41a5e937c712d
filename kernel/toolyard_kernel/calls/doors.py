"""What a door offers to the calls that come in through it."""

from __future__ import annotations

from typing import Any, Protocol

from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.content import JsonObject


class Door(Protocol):
    """The way back to whoever made the call, for as long as the call is under way."""

    @property
    def wire(self) -> Any:
        """The door's own view of the request, handed to the handler as `ctx.wire`; None where there is none."""
        ...

    @property
    def resumed(self) -> str | None:
        """The state that an earlier round of this call left by `InputRequired`."""
        ...

    async def report(self, value: float, total: float | None, message: str | None) -> None:
        """Deliver a progress report to the caller, if it listens."""
        ...

    async def emit(self, kind: str, data: JsonObject) -> None:
        """Tell those who watch the call what happened in it, if anybody does."""
        ...

    async def elicit(self, ask: Ask) -> Answer | None:
        """Put the ask to the person at the caller's end; None when nobody can be asked there."""
        ...

    async def started(self) -> None:
        """Hear that the call was decided and recorded, and that its handler runs now."""
        ...


class NoDoor:
    """For calls whose caller neither listens nor can be asked."""

    @property
    def wire(self) -> None:
        return None

    @property
    def resumed(self) -> None:
        return None

    async def report(self, value: float, total: float | None, message: str | None) -> None:
        """Nobody listens."""

    async def emit(self, kind: str, data: JsonObject) -> None:
        """Nobody watches."""

    async def elicit(self, ask: Ask) -> None:
        """Nobody can be asked."""

    async def started(self) -> None:
        """Nobody listens."""


NO_DOOR = NoDoor()
