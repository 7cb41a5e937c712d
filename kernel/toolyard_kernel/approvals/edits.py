"""Arguments that somebody edited who saw them redacted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from toolyard_kernel.approvals.binding import canonical
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import InvalidArguments
from toolyard_kernel.ledger.redaction import REDACTED


def completed(edited: JsonObject, shown: JsonObject, original: JsonObject, secret: frozenset[str]) -> JsonObject:
    """`edited`, with the caller's own value wherever it still says what was `shown`.

    Raises:
        InvalidArguments: a secret stays redacted, because it is not where the caller gave one.
    """
    whole: JsonObject = _completed(edited, shown, original)
    if left := sorted({name for name, value in _secrets(whole, secret) if value == REDACTED}):
        raise InvalidArguments(f"{', '.join(left)}: the caller gave no secret there that could be put back")
    return whole


def refuse_secrets(edited: JsonObject, secret: frozenset[str]) -> None:
    """An edit is kept in a file.

    Raises:
        InvalidArguments: it holds a secret.
    """
    if told := sorted({name for name, value in _secrets(edited, secret) if value != REDACTED}):
        raise InvalidArguments(
            f"{', '.join(told)}: a secret cannot be given here, since edits are kept in a file; "
            f'leave it "{REDACTED}", and the caller\'s own is used'
        )


def _completed(edited: Any, shown: Any, original: Any) -> Any:
    if canonical(edited) == canonical(shown):
        return original
    if isinstance(edited, dict) and isinstance(shown, dict) and isinstance(original, dict):
        return _completed_fields(cast("JsonObject", edited), cast("JsonObject", shown), cast("JsonObject", original))
    return cast("Any", edited)  # items of a list may have moved: the secret of one must not reach another


def _completed_fields(edited: JsonObject, shown: JsonObject, original: JsonObject) -> JsonObject:
    return {
        name: _completed(value, shown[name], original[name]) if name in shown and name in original else value
        for name, value in edited.items()
    }


def _secrets(value: Any, secret: frozenset[str]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, field in cast("JsonObject", value).items():
            if name in secret:
                yield name, field
            else:
                yield from _secrets(field, secret)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _secrets(item, secret)
