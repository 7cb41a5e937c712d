"""Opening a provider's client."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

from toolyard_agents.errors import ModelRefused

Client = TypeVar("Client")


async def in_a_thread(connect: Callable[[], Client], where: str) -> Client:
    """The client that `connect` makes. To load it and the certificates can take a second, for which the loop must not
    stand still.

    Raises:
        ModelRefused: the certificates of this machine cannot be read; the text begins with `where`.
    """
    try:
        return await anyio.to_thread.run_sync(connect, abandon_on_cancel=True)
    except OSError as error:
        said = f"the certificates of this machine cannot be read ({error.strerror}); check SSL_CERT_FILE"
        raise ModelRefused(f"{where}: {said}") from error
