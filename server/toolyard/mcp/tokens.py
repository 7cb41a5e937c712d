"""Bearer tokens: each one its own caller."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import ConfigError

SCHEME = "bearer"

Tokens = Mapping[str, Caller] | Callable[[], Mapping[str, Caller]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHolder:
    """A caller and the SHA-256 of its token; the token itself is not kept."""

    caller: Caller
    digest: bytes


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def holder_of(authorization: str, holders: Sequence[TokenHolder]) -> Caller | None:
    """Whose token an `Authorization` header shows. It takes as long for every token, right or wrong."""
    scheme, _, token = authorization.partition(" ")
    shown = _digest(token.strip())
    found = [holder.caller for holder in holders if hmac.compare_digest(holder.digest, shown)]
    return found[0] if found and scheme.lower() == SCHEME else None


def holders_now(tokens: Tokens) -> Callable[[], tuple[TokenHolder, ...]]:
    """What tells who holds a token now; a mapping is digested once, when it is first seen."""
    if not callable(tokens):
        fixed = token_holders(tokens)
        return lambda: fixed
    seen: list[tuple[Mapping[str, Caller], tuple[TokenHolder, ...]]] = []

    def now() -> tuple[TokenHolder, ...]:
        current = tokens()
        if not seen or seen[0][0] is not current:
            seen[:] = [(current, token_holders(current))]
        return seen[0][1]

    return now


def token_holders(tokens: Mapping[str, Caller]) -> tuple[TokenHolder, ...]:
    """Who holds which of `tokens`.

    Raises:
        ConfigError: a token is empty, or holds what no header can carry.
    """
    for token, caller in tokens.items():
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigError(f"the token of {caller.id!r} must be printable ASCII without spaces, and not empty")
    return tuple(TokenHolder(caller=caller, digest=_digest(token)) for token, caller in tokens.items())
