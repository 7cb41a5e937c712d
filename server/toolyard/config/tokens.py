"""The callers of a config's bearer tokens."""

from __future__ import annotations

import logging
import os

from toolyard.config.runtime import LoadedConfig
from toolyard.runtime import ToolRuntime
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import ConfigError

SHORT = 16
"""Characters below which a token is worth a warning."""

log = logging.getLogger("toolyard")


def callers_by_token(loaded: LoadedConfig, runtime: ToolRuntime) -> dict[str, Caller]:
    """Token → its caller.

    Raises:
        ConfigError: a variable is not set, or two entries share an id or a token.
    """
    found: dict[str, Caller] = {}
    for number, token in enumerate(loaded.config.auth.tokens):
        where = f"{loaded.path}: auth.tokens.{number}"
        value = os.environ.get(token.env)
        if not value:
            raise ConfigError(f"{where}: the environment variable {token.env} is not set; it must hold the token")
        if len(value) < SHORT:
            log.warning(
                "%s: the token in %s is short enough to be guessed; try: openssl rand -hex 32", where, token.env
            )
        caller = runtime.caller(f"token:{token.id}", loaded.profile(token.profile) if token.profile else None)
        if value in found or caller.id in {other.id for other in found.values()}:
            raise ConfigError(f"{where}: another token has the same id or the same value; each caller needs its own")
        found[value] = caller
    return found
