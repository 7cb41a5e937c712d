"""The filters and tests of prompt files: few, and none makes more of a text than its meter allows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from jinja2.runtime import Undefined

from toolyard_agents.errors import PromptError
from toolyard_agents.prompts.meter import Meter, weight

Filter = Callable[..., Any]

# No template can write these names: they stand for what the syntax itself does.
ROUNDS = "(rounds)"
TAKEN = "(taken)"
JOINED = "(joined)"


def filters(meter: Meter) -> dict[str, Filter]:
    """The filters by name; what goes in and what comes out is taken by `meter`."""

    def metered(plain: Filter) -> Filter:
        @wraps(plain)
        def filter(value: Any, *args: Any, **named: Any) -> Any:
            meter.take(value)
            return meter.take(plain(value, *args, **named))

        return filter

    def rounds(value: Iterable[Any]) -> Iterator[Any]:
        for one in value:
            meter.round()
            yield one

    def join(value: Iterable[Any], separator: str = "") -> str:
        items = [str(item) for item in value]
        meter.expect(sum(map(len, items)) + len(separator) * len(items))
        return separator.join(items)

    def replace(value: Any, old: str, new: str) -> str:
        text = str(value)
        meter.expect(len(text) + text.count(old) * len(new))
        return text.replace(old, new)

    def indent(value: Any, width: int = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002 - as Jinja has it
        lines = str(value).splitlines(keepends=True)
        meter.expect(weight(value) + abs(width) * len(lines))
        margin = " " * width
        return "".join(
            margin + line if (at or first) and (blank or line.strip()) else line for at, line in enumerate(lines)
        )

    bounded: tuple[Filter, ...] = (join, replace, indent)
    plain = {**PLAIN, **{one.__name__: one for one in bounded}}
    made = {name: metered(one) for name, one in plain.items()}
    return {**made, ROUNDS: rounds, TAKEN: meter.take, JOINED: metered(join)}


def _of_text(method: Callable[[str], str]) -> Filter:
    def filter(value: Any) -> str:
        return method(str(value))

    return filter


def _reverse(value: Any) -> Any:
    return value[::-1]


def _tojson(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _unique(value: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(value))


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:  # noqa: FBT001, FBT002 - as Jinja has it
    return default_value if isinstance(value, Undefined) or (boolean and not value) else value


def _first(value: Iterable[Any]) -> Any:
    for one in value:
        return one
    raise PromptError("first: there is nothing in it")


def _last(value: Iterable[Any]) -> Any:
    return _first(reversed(list(value)))


def _sort(value: Iterable[Any], reverse: bool = False) -> list[Any]:  # noqa: FBT001, FBT002 - as Jinja has it
    return sorted(value, key=lambda one: one.lower() if isinstance(one, str) else one, reverse=reverse)


def _int(value: Any, default: int = 0) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def _float(value: Any, default: float = 0.0) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def _trim(value: Any, chars: str | None = None) -> str:
    return str(value).strip(chars)


PLAIN: dict[str, Filter] = {
    "abs": abs,
    "capitalize": _of_text(str.capitalize),
    "count": len,
    "d": _default,
    "default": _default,
    "first": _first,
    "float": _float,
    "int": _int,
    "last": _last,
    "length": len,
    "list": list,
    "lower": _of_text(str.lower),
    "reverse": _reverse,
    "sort": _sort,
    "string": str,
    "title": _of_text(str.title),
    "tojson": _tojson,
    "trim": _trim,
    "unique": _unique,
    "upper": _of_text(str.upper),
}

TESTS: dict[str, Callable[[Any], bool]] = {
    "defined": lambda value: not isinstance(value, Undefined),
    "undefined": lambda value: isinstance(value, Undefined),
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float),
    "even": lambda value: value % 2 == 0,
    "odd": lambda value: value % 2 == 1,
}
