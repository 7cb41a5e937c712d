"""The environment prompt files are rendered in: values, a few of their methods, and nothing else of Python."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, Mapping, ValuesView
from types import BuiltinMethodType, MethodType
from typing import Any, Literal

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from toolyard_agents.prompts.filters import TESTS, filters
from toolyard_agents.prompts.meter import Meter, weight
from toolyard_agents.prompts.syntax import Metered, check

MOST_BITS = 1024
"""Of a whole number that is a product or a power."""

LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"})
METHODS: Mapping[type[Any], frozenset[str]] = {
    str: frozenset(
        """upper lower title capitalize casefold strip lstrip rstrip split rsplit splitlines partition rpartition
        startswith endswith find rfind index count removeprefix removesuffix
        isalnum isalpha isdigit isspace isupper islower""".split()  # noqa: SIM905 - easier to read
    ),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    LoopContext: frozenset({"cycle"}),
}
VIEWS: Any = (KeysView, ValuesView, ItemsView)
VALUES: Any = (str, int, float, list, tuple, dict, range, type(None), Undefined)


class Sandbox(ImmutableSandboxedEnvironment):
    """Made for one rendering, whose cost `meter` holds."""

    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def __init__(self, meter: Meter, newline: Literal["\n", "\r\n"]) -> None:
        super().__init__(
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            newline_sequence=newline,
            optimized=False,
            finalize=self._written,
        )
        self._meter = meter
        self.globals = {"range": self._range}
        self.filters = filters(meter)
        self.tests = dict(TESTS)

    def compile_checked(self, template: nodes.Template, filename: str) -> Any:
        """Code for `Template.from_code`.

        Raises:
            NotAllowed: there is more in it than a prompt may write.
        """
        check(template)
        Metered().visit(template)
        return self.compile(template, filename=filename)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr in _methods(obj) or (isinstance(obj, LoopContext) and attr in LOOP)

    def wrap_str_format(self, value: Any) -> None:
        """`format` is none of the methods, so that nothing need stand in for it."""

    def call(self, context: Context, obj: Any, /, *args: Any, **named: Any) -> Any:
        for hidden in ("_loop_vars", "_block_vars"):
            named.pop(hidden, None)
        if obj != self._range:
            self._meter.take(_owner(obj))
        made: Any = obj(*args, **named)
        return self._meter.take(list(made) if isinstance(made, VIEWS) else made)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise SecurityError("% formats no texts in a prompt; join them with ~")
        if operator == "*":
            self._expect_product(left, right)
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            self._expect_bits(left.bit_length() * max(right, 0))
        return self._meter.take(super().call_binop(context, operator, left, right))

    def _written(self, value: object) -> object:
        if not isinstance(value, VALUES):
            raise SecurityError(f"{type(value).__name__!r} is no value that can be written")
        return self._meter.take(value)

    def _expect_product(self, left: Any, right: Any) -> None:
        if isinstance(left, int) and isinstance(right, int):
            self._expect_bits(left.bit_length() + right.bit_length())
        elif isinstance(right, int):
            self._meter.expect((weight(left) - 1) * right)
        elif isinstance(left, int):
            self._meter.expect((weight(right) - 1) * left)

    def _expect_bits(self, bits: int) -> None:
        if bits > MOST_BITS:
            raise SecurityError(f"a number in it has more than {MOST_BITS} bits")

    def _range(self, *args: int) -> range:
        return self._meter.take(range(*args))


def _methods(value: object) -> frozenset[str]:
    return METHODS.get(type(value), frozenset())


def _owner(method: Any) -> Any:
    """The value that `method` is of, if it is one of `METHODS`."""
    if isinstance(method, BuiltinMethodType | MethodType):
        owner: Any = method.__self__
        if method.__name__ in _methods(owner):
            return owner
    raise SecurityError(f"{getattr(method, '__name__', type(method).__name__)!r} cannot be called in a prompt")
