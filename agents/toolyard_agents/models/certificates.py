"""Which servers to trust."""

from __future__ import annotations

from functools import cache
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

from httpx2 import create_ssl_context


def certificates_for(url: str) -> SSLContext:
    """The certificates of this machine; for plain `http` none, so that it works also where there are none.

    Raises:
        OSError: they cannot be read.
    """
    return _certificates() if url.lower().startswith("https:") else SSLContext(PROTOCOL_TLS_CLIENT)


@cache
def _certificates() -> SSLContext:
    """Kept, because to read them takes 60 ms, far more than all the rest of a client."""
    return create_ssl_context()
