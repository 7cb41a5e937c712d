"""The name under which a backend that somebody holds is installed."""

from __future__ import annotations

from typing import Any, cast

from toolyard_kernel.backends import Backend, load_backend
from toolyard_kernel.errors import ConfigError

DEEPEST = 5


def backend_name(backend: Backend) -> str | None:
    """The name that loads a backend just like this one; None when there is none, or it was made differently."""
    try:
        name = backend.name
        fresh = load_backend(name)
    except (ConfigError, AttributeError):
        return None
    return name if type(fresh) is type(backend) and _alike(fresh, backend) else None


def _alike(one: object, other: object) -> bool:
    """Whether two objects of one class are equal, or hold the same."""
    mine, theirs = _state(one), _state(other)
    return one == other or (
        mine.keys() == theirs.keys() and all(_same(mine[name], theirs[name], DEEPEST) for name in mine)
    )


def _same(one: object, other: object, depth: int) -> bool:
    if one is other or one == other:
        return True
    mine, theirs = _state(one), _state(other)
    # What holds nothing that can be seen, such as a lock or a function, is the same only as itself.
    if type(one) is not type(other) or not depth or not mine or mine.keys() != theirs.keys():
        return False
    return all(_same(mine[name], theirs[name], depth - 1) for name in mine)


def _state(value: object) -> dict[str, object]:
    state: Any = value.__getstate__()
    parts: list[Any] = list(state) if isinstance(state, tuple) else [state]  # pyright: ignore[reportUnknownArgumentType]
    mappings = [cast("dict[str, object]", part) for part in parts if isinstance(part, dict)]
    return {name: held for mapping in mappings for name, held in mapping.items()}
