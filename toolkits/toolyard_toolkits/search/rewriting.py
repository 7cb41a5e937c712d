"""A caller's pattern, rewritten once for RE2 and once for ripgrep.

RE2 decides what matches. ripgrep only has to find every file in which RE2 may find something, so its pattern is one of
bytes that is the same or looser: what the two engines see differently (Unicode's tables, bytes that are no UTF-8) is
any character there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from toolyard_toolkits.search.class_parsing import UnknownSyntaxError, read_class, read_escape
from toolyard_toolkits.search.classes import ASCII, Characters

LINE_START = "^"
LINE_END = r"(?:\r?$)"
"""Before a CR that ends a line, too."""

_REPETITION = re.compile(r"\{[0-9]{1,6}(?:,[0-9]{0,6})?\}", re.ASCII)
_GROUP = re.compile(r"\(\?(?:P?<\w{1,100}>|([imsU]{0,8}(?:-[imsU]{1,8})?)([:)]))")


class LineError(ValueError):
    """The pattern has a newline, which no line has."""


class UnsupportedError(ValueError):
    """The pattern has something that RE2 has not; the message says what."""


@dataclass(slots=True)
class Rewriting:
    """Goes through `pattern` from left to right; `exact` is for RE2, and `loose` for ripgrep.

    Raises:
        LineError, UnsupportedError: see there.
        UnknownSyntaxError: RE2 has to say what is wrong with it.
    """

    pattern: str
    fold: bool = False
    exact: list[str] = field(default_factory=list[str])
    loose: list[str] = field(default_factory=list[str])
    _position: int = field(default=0, init=False)
    _folds: list[bool] = field(default_factory=list[bool], init=False)

    def __post_init__(self) -> None:
        self._folds.append(self.fold)
        self.exact.append("(?mi)" if self.fold else "(?m)")
        while self._position < len(self.pattern):
            self._step()

    def _step(self) -> None:
        match self.pattern[self._position]:
            case "\\":
                self._escape()
            case "[":
                end, characters = read_class(self.pattern, self._position, fold=self._folds[-1])
                self._copy(end - self._position, self._any(characters))
            case "(":
                self._group()
            case ")":
                self._copy(1, ")")
                self._folds = self._folds[:-1] or self._folds
            case "^":
                self._replace(1, LINE_START, "(?m:^)")
            case "$":
                self._replace(1, LINE_END, r"(?:\r?(?m:$))")
            case ".":
                self._copy(1, self._any(Characters(codes=ASCII, others=True)))
            case "|" | "*" | "+" | "?" as sign:
                self._copy(1, sign)
            case "{" if found := _REPETITION.match(self.pattern, self._position):
                self._copy(len(found.group()), found.group())
            case character:
                self._literal(1, ord(character))

    def _escape(self) -> None:
        match self.pattern[self._position + 1 : self._position + 2]:
            case "A":
                self._replace(2, LINE_START, "(?m:^)")
            case "z" | "Z":
                self._replace(2, LINE_END, r"(?:\r?(?m:$))")
            case "b":
                self._copy(2, r"(?:\b)")
            case "B":
                self._copy(2, "(?:)")  # RE2 finds it between the bytes of one character, too
            case "Q":
                self._quoted()
            case "C":
                raise UnsupportedError(r"\C, a byte of a character, is not supported; use `.`")
            case digit if digit and digit in "123456789" and self._is_reference():
                raise UnsupportedError(f"\\{digit}, a backreference, is not supported; search for a part without it")
            case _:
                found = read_escape(self.pattern, self._position)
                if found.code is not None:
                    self._literal(found.end - self._position, found.code)
                else:
                    self._copy(found.end - self._position, self._any(self._cased(found.characters)))

    def _is_reference(self) -> bool:
        digits = self.pattern[self._position + 1 : self._position + 3]
        return not (len(digits) == 2 and digits[0] in "1234567" and digits[1] in "01234567")  # noqa: PLR2004 - octal

    def _quoted(self) -> None:
        text, _, _ = self.pattern[self._position + 2 :].partition("\\E")
        end = min(self._position + 2 + len(text) + 2, len(self.pattern))
        for character in text:
            self._literal(0, ord(character))
            self.exact.append(rf"\x{{{ord(character):x}}}")
        self._position = end

    def _group(self) -> None:
        found = _GROUP.match(self.pattern, self._position)
        if self.pattern.startswith("(?", self._position) and not found:
            raise UnsupportedError(self._unsupported_group())
        flags, end = (found[1], found[2]) if found else (None, None)
        now = _folds(flags or "", before=self._folds[-1])
        text = found.group() if found else "("
        if end == ")":
            self._folds[-1] = now
            self._replace(len(text), f"(?{_without_m(flags or '')})" if _without_m(flags or "") else "", "")
        else:
            self._folds.append(now)
            self._replace(len(text), f"(?{_without_m(flags or '')}:" if flags is not None else "(", "(?:")

    def _unsupported_group(self) -> str:
        begin = self.pattern[self._position : self._position + 3]
        if begin in ("(?=", "(?!") or self.pattern[self._position : self._position + 4] in ("(?<=", "(?<!"):
            return f"{begin}, a look-around, is not supported; search for a part without it and choose from the lines"
        return f"{begin} begins no group that is supported; use (…), (?:…), (?P<name>…) or (?i)"

    def _literal(self, length: int, code: int) -> None:
        if code == 10:  # noqa: PLR2004 - a newline
            raise LineError
        one = Characters.between(code, code)
        if code > 127 and not self._folds[-1]:  # noqa: PLR2004 - ASCII's last
            self._copy(length, "(?:" + "".join(rf"\x{byte:02x}" for byte in _utf8(code)) + ")")
        else:
            self._copy(length, self._any(self._cased(one)))

    def _cased(self, characters: Characters) -> Characters:
        return characters.folded() if self._folds[-1] else characters

    def _any(self, characters: Characters) -> str:
        return characters.loose(fold=self._folds[-1])

    def _copy(self, length: int, loose: str = "") -> None:
        self._replace(length, self.pattern[self._position : self._position + length], loose)

    def _replace(self, length: int, exact: str, loose: str) -> None:
        self.exact.append(exact)
        self.loose.append(loose)
        self._position += length


def _utf8(code: int) -> bytes:
    try:
        return chr(code).encode()
    except (UnicodeEncodeError, ValueError) as error:
        raise UnknownSyntaxError(hex(code)) from error


def _folds(flags: str, *, before: bool) -> bool:
    on, _, off = flags.partition("-")
    return ("i" in on or before) and "i" not in off


def _without_m(flags: str) -> str:
    """`m` is always on: every line is a text of its own."""
    on, _, off = flags.replace("m", "").partition("-")
    return f"{on}-{off}" if off else on
