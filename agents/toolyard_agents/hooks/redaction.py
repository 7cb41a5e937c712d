"""Redacting what is written down: texts, values of any depth, and JSON within texts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from toolyard_agents.hooks.pii_redaction import PIIRedactionHook

Redact = Callable[[str], str]
"""A text without what must not be written down."""

DEEPEST = 64
"""Levels of a value that are looked through; what is deeper is left out."""
SHORTEST_NUMBER = 9
"""Digits of a number that could be one of a card or an account."""
SAMPLE = "x"
"""Any value, to ask whether the name of a field says that it is a secret."""
FAILED = "[redacted: the text could not be looked through]"

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True)
class Redaction:
    """What all these hooks take out, one after the other."""

    hooks: tuple[PIIRedactionHook, ...]

    @property
    def for_models(self) -> Redaction | None:
        """The part of it that models are not shown either."""
        hooks = tuple(hook for hook in self.hooks if hook.redact_model_input)
        return Redaction(hooks) if hooks else None

    def and_then(self, other: Redaction) -> Redaction:
        """Both."""
        return Redaction((*self.hooks, *(hook for hook in other.hooks if hook not in self.hooks)))

    def text(self, text: str) -> str:
        """The text; nothing of it where a hook fails."""
        for hook in self.hooks:
            try:
                redacted = cast("object", hook.redact(text))
            except Exception as error:  # noqa: BLE001 - its message may quote the text
                log.error("a redaction failed: %s", type(error).__name__)  # noqa: TRY400 - so may its traceback
                return FAILED
            if not isinstance(redacted, str):
                return FAILED
            text = redacted
        return text

    def json(self, text: str) -> str:
        """A text that may be JSON: its fields are then looked at by their names, too."""
        try:
            value: Any = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text)
        redacted = self.value(value)
        return self.text(text if redacted == value else json.dumps(redacted, ensure_ascii=False))

    def value(self, value: Any) -> Any:
        """A copy of a value as JSON can hold it, names of fields included."""
        return self._value(value, DEEPEST)

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(value)
        if depth == 0:
            return "…"
        if isinstance(value, Mapping):
            return self._fields(cast("dict[Any, Any]", value), depth)
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item, depth - 1) for item in cast("list[Any]", value)]
        return self.text(str(value))  # it would be written so

    def _number(self, number: float) -> Any:
        written = str(number)
        if len(written) < SHORTEST_NUMBER:
            return number
        redacted = self.text(written)
        return number if redacted == written else redacted

    def _fields(self, fields: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
        told: dict[Any, Any] = {}
        for name, field in fields.items():
            shown = self.text(name) if isinstance(name, str) else name
            while shown in told:  # two names that are the same without what was in them
                shown = f"{shown}'"
            told[shown] = self._under(name, field, depth - 1)
        return told

    def _under(self, name: Any, field: Any, depth: int) -> Any:
        """The value of a field; where its name says that it is a secret, so is all that it holds."""
        if isinstance(field, list | tuple) and depth:
            return [self._under(name, item, depth - 1) for item in cast("list[Any]", field)]
        if isinstance(field, Mapping) and depth and self._named(name, SAMPLE):
            fields = cast("dict[Any, Any]", field)
            return self._fields({key: self._under(name, one, depth - 1) for key, one in fields.items()}, depth - 1)
        return self._named(name, field) or self._value(field, depth)

    def _named(self, name: Any, field: Any) -> str | None:
        if not isinstance(name, str) or field in ("", None) or not isinstance(field, str | int | float):
            return None
        found = (hook.named(name) for hook in self.hooks)
        return None if isinstance(field, bool) else next((said for said in found if said), None)
