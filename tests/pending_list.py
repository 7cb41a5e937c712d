"""The list of the acceptance tests that are not expected to pass yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path, PurePosixPath
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError


class BrokenListError(Exception):
    """The list cannot be used; the message names the entries at fault."""


class Entry(BaseModel):
    """`test` is `file.py`, `file.py::test` (every parameter of it) or `file.py::test[parameter]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    test: Annotated[str, StringConstraints(pattern=r"^[^:/\s]+\.py(::\S.*)?$")]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

    @property
    def mark(self) -> str:
        return f"pending: {self.reason}"

    def covers(self, name: str) -> bool:
        return name == self.test or name.startswith((f"{self.test}::", f"{self.test}["))

    def __str__(self) -> str:
        return f"- {{test: {_scalar(self.test)}, reason: {_scalar(self.reason)}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingList:
    name: str
    entries: Sequence[Entry]

    @classmethod
    def load(cls, path: Path) -> Self:
        try:
            entries = TypeAdapter(list[Entry]).validate_python(yaml.safe_load(path.read_text()) or [])
        except (OSError, yaml.YAMLError) as error:
            raise BrokenListError(f"{path.name} cannot be read: {error}") from error
        except ValidationError as error:
            raise _broken(path, [_problem(each["loc"], each["msg"]) for each in error.errors()]) from error
        if overlaps := [
            f"{other.test} is listed twice" if one.test == other.test else f"{other.test} is part of {one.test}"
            for one, other in permutations(entries, 2)
            if one.covers(other.test)
        ]:
            raise _broken(path, overlaps)
        return cls(name=f"{path.parent.name}/{path.name}", entries=entries)

    def entry_of(self, nodeid: str) -> Entry | None:
        name = node_name(nodeid)
        return next((entry for entry in self.entries if entry.covers(name)), None)


def node_name(nodeid: str) -> str:
    """A node id without its file's folder: the form in which entries name tests."""
    path, separator, rest = nodeid.partition("::")
    return PurePosixPath(path).name + separator + rest


def _scalar(text: str) -> str:
    """`text` as a YAML scalar inside a flow mapping."""
    return yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=10_000).strip()[1:-1]


def _broken(path: Path, problems: Sequence[str]) -> BrokenListError:
    return BrokenListError("\n  ".join([f"{path.name} is broken:", *dict.fromkeys(problems)]))


def _problem(location: Sequence[int | str], message: str) -> str:
    match location:
        case [int(index), *keys]:
            return ": ".join([f"entry {index + 1}", *map(str, keys), message])
        case _:
            return "it must be one list of {test: …, reason: …}"
