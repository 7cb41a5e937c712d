"""Finding what must not be told, in time that grows with the text and with nothing else.

RE2 searches without going back, whatever the text is; it is given bytes, so that a place in a text costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import re2  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

from toolyard_agents.errors import AgentError
from toolyard_agents.hooks.rules import Rule

_module = cast("Any", re2)

Span = tuple[int, int, str]
"""Where it begins and ends, in bytes, and its kind."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """Replaces whatever one of the `rules` finds; the rules of `patterns` are somebody's own, by their kinds.

    `replacement` is what is written instead, with `{kind}` for the kind.
    """

    rules: Sequence[Rule]
    patterns: Sequence[Rule]
    replacement: str
    _compiled: list[tuple[Rule, Any]] = field(init=False, repr=False)
    _any: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        own = [(rule, _compiled(rule.pattern, of=rule.kind)) for rule in self.patterns]
        built_in = [(rule, _compiled(rule.pattern, latin=True)) for rule in self.rules]
        object.__setattr__(self, "_compiled", [*built_in, *own])
        together = "|".join(f"(?:{rule.pattern})" for rule in self.rules)
        object.__setattr__(self, "_any", _compiled(together, latin=True) if self.rules else None)

    def redacted(self, text: str) -> str:
        """The text with each find replaced; finds that overlap are one."""
        raw = text.encode(errors="surrogatepass")
        spans = sorted(self._spans(raw)) if self._may_find(raw) else []
        if not spans:
            return text
        pieces, done = list[bytes](), 0
        for start, end, kind in _merged(spans):
            pieces += [raw[done:start], self.replacement.replace("{kind}", kind).encode()]
            done = end
        whole = b"".join((*pieces, raw[done:]))
        try:
            return whole.decode(errors="surrogatepass")
        except UnicodeDecodeError:  # a find that ended within a letter
            return whole.decode(errors="replace")

    def _may_find(self, raw: bytes) -> bool:
        """One search for all: most texts have nothing to find."""
        return bool(self.patterns) or (self._any is not None and self._any.search(raw) is not None)

    def _spans(self, raw: bytes) -> Iterator[Span]:
        for rule, compiled in self._compiled:
            yield from _found(rule, compiled, raw)


def _found(rule: Rule, compiled: Any, raw: bytes) -> Iterator[Span]:
    at = 0
    while (match := compiled.search(raw, at)) is not None:
        start, end = match.span(1 if compiled.groups else 0)
        found = end if rule.check is None else rule.check(raw, start, end)
        if found > start:
            yield start, found, rule.kind
        # What stands between two finds may be the edge of both.
        at = max(found or (end if rule.skips else start + 1), at + 1)
        if at > len(raw):
            return


def _merged(spans: Sequence[Span]) -> Iterator[Span]:
    start, end, kind = spans[0]
    for other_start, other_end, other in spans[1:]:
        if other_start < end:
            end = max(end, other_end)
        else:
            yield start, end, kind
            start, end, kind = other_start, other_end, other
    yield start, end, kind


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _compiled(pattern: str, *, latin: bool = False, of: str = "") -> Any:
    options = _module.Options()
    options.log_errors = False
    options.max_mem = 64 << 20
    if latin:  # a byte is a letter: also half of a surrogate pair is then no place to hide behind
        options.encoding = _module.Options.Encoding.LATIN1
    try:
        compiled = _module.compile(pattern.encode(), options)
    except _module.error as error:
        raise AgentError(f"patterns[{of!r}]={pattern!r}: expected an RE2 regular expression: {_said(error)}") from error
    if compiled.search(b"") is not None:
        raise AgentError(f"patterns[{of!r}]={pattern!r}: it matches an empty text, so it would be found everywhere")
    return compiled
