"""What the files of an approval say. They are data from outside: another version, a full disk or a hand wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, FiniteFloat

from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import LedgerError


class _File(BaseModel):
    # Built when the first file is read: many a server never has one.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Asked(_File):
    """`<id>.ask.json`. `secret` are the names of the fields that are redacted in `arguments`."""

    binding: str
    tool: str
    caller: str
    profile: str
    reason: str
    arguments: dict[str, Any]
    secret: list[str]
    preview: str | None = None
    asked: FiniteFloat
    expires: FiniteFloat
    deadline: FiniteFloat


class Decided(_File):
    """`<id>.decision.json`."""

    approved: bool
    arguments: dict[str, Any] | None
    decided: FiniteFloat


class Damaged(Exception):  # noqa: N818 - it never leaves this package
    """A file is there, and does not say what it should."""


File = TypeVar("File", bound=_File)


def read(path: Path, kind: type[File]) -> File | None:
    """What the file says; None when it is not there.

    Raises:
        Damaged: it says something else, or only half of it.
        LedgerError: it cannot be read.
    """
    try:
        return kind.model_validate(_json(path.read_bytes()))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{path} is damaged") from error


def _json(text: bytes) -> JsonObject:
    found: JsonObject = json.loads(text)
    return found
