"""A set of names a profile lists: `off`, `all`, exact names, or prefixes such as `github.*`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

ALL = "*"


class Names:
    """An immutable set of names. A pattern is a name, or a prefix with a trailing `*`, or `*` for every name."""

    __slots__ = ("_prefixes", "patterns")

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        listed = frozenset(patterns)
        self.patterns: frozenset[str] = frozenset({ALL}) if ALL in listed else listed
        self._prefixes = tuple(pattern[:-1] for pattern in self.patterns if pattern.endswith("*"))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self.patterns or name.startswith(self._prefixes))

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __and__(self, other: Names) -> Names:
        narrower = (_both(mine, theirs) for mine in self.patterns for theirs in other.patterns)
        return Names(pattern for pattern in narrower if pattern is not None)

    def __or__(self, other: Names) -> Names:
        return Names(self.patterns | other.patterns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Names) and self.patterns == other.patterns

    def __hash__(self) -> int:
        return hash(self.patterns)

    def __repr__(self) -> str:
        return f"Names({self.to_yaml()!r})"

    def to_yaml(self) -> str | list[str]:
        """As a profile writes it: `off`, `all`, or the list."""
        if ALL in self.patterns:
            return "all"
        return sorted(self.patterns) or "off"

    @classmethod
    def parse(cls, value: Any) -> Names:
        """Read what a profile writes; YAML turns an unquoted `off` into False."""
        if isinstance(value, Names):
            return value
        if value is False or value == "off":
            return cls()
        if value in ("all", "any"):
            return cls((ALL,))
        if isinstance(value, list | tuple) and all(isinstance(item, str) and _is_pattern(item) for item in value):  # pyright: ignore[reportUnknownVariableType]
            return cls(value)  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError("expected off, all, or a list of names (a trailing * matches the rest of a name)")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        listed = core_schema.list_schema(core_schema.str_schema())
        return core_schema.no_info_plain_validator_function(
            cls.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_yaml),
            json_schema_input_schema=core_schema.union_schema(
                [core_schema.literal_schema(["off", "all", "any", False]), listed]
            ),
        )


def _is_pattern(text: str) -> bool:
    return text.strip() == text != "" and "*" not in text[:-1]


def _covers(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _both(mine: str, theirs: str) -> str | None:
    """The pattern of the names that both cover: of two that overlap, one always covers the other."""
    if _covers(mine, theirs.removesuffix("*")) and (mine.endswith("*") or not theirs.endswith("*")):
        return theirs
    if _covers(theirs, mine.removesuffix("*")) and (theirs.endswith("*") or not mine.endswith("*")):
        return mine
    return None
