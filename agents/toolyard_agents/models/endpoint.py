"""Where a provider is asked, and with which key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from toolyard_agents.errors import Unauthorized
from toolyard_kernel.errors import ConfigError

NO_KEY = "no-key"
"""Sent to a server that is not the provider's own and for which there is no key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`url` is where to ask; `host`, with its port, is what may be shown of it."""

    url: str
    host: str

    @classmethod
    def of(cls, given: str | None, *, variable: str, default: str) -> Endpoint:
        """The base URL that is given, or is in the environment variable, or is the provider's own.

        Raises:
            ConfigError: it is no URL of a server.
        """
        url = (given or os.environ.get(variable) or default).strip()
        try:
            parts = urlsplit(url)
            host, port = parts.hostname if parts.scheme in {"http", "https"} else None, parts.port
        except ValueError:
            host, port = None, None
        if not host:
            named, shown = "base_url" if given else variable, url.rpartition("@")[2]
            raise ConfigError(f"{named}: {shown!r} is no URL of a server; expected one like {default}")
        host = f"[{host}]" if ":" in host else host
        return cls(url=url, host=host if port is None else f"{host}:{port}")


def checked_key(given: str | None, *, variable: str, where: str, needed: bool) -> str:
    """The key that is given, or is in the environment variable; `NO_KEY` if there is none and none is `needed`.

    Raises:
        Unauthorized: it is missing, or cannot be one. The text begins with `where` and does not hold the key.
    """
    key = (given or os.environ.get(variable) or "").strip()
    if not key and needed:
        raise Unauthorized(f"{where}: there is no key; set {variable}, or the base URL of another server")
    if not key.isascii() or not key.isprintable():
        raise Unauthorized(f"{where}: the key holds characters that no key has; check {variable}")
    return key or NO_KEY
