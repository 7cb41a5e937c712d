"""A token that ends runs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Lock

Listener = Callable[[str], None]


class CancellationToken:
    """Cancelled once, for good, from any thread; whoever holds it can look, or be told."""

    def __init__(self) -> None:
        self._reason: str | None = None
        self._listeners: list[Listener] = []
        self._lock = Lock()

    def cancel(self, reason: str = "cancelled") -> None:
        """Cancel; the first reason stays."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(reason)

    def is_cancelled(self) -> bool:
        return self._reason is not None

    @property
    def reason(self) -> str:
        """Why it was cancelled; empty while it is not."""
        return self._reason or ""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with the reason, at once when there is one; what is returned stops that."""
        with self._lock:
            if self._reason is None:
                self._listeners.append(listener)
                return lambda: self._forget(listener)
        listener(self._reason)
        return lambda: None

    def _forget(self, listener: Listener) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)


@contextmanager
def following(token: CancellationToken) -> Generator[CancellationToken]:
    """A token of one's own that is cancelled with another, and not the other way round."""
    own = CancellationToken()
    forget = token.listen(own.cancel)
    try:
        yield own
    finally:
        forget()
