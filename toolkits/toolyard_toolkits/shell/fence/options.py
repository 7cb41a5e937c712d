"""Which options a listed command may be given: only those that are listed, each by its full name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolyard_toolkits.shell.fence.refusing import Refused
from toolyard_toolkits.shell.fence.words import Word


def names(text: str) -> frozenset[str]:
    """Names that are written one after the other."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Short ones as letters, long ones as names; the `valued` of each kind take a value.

    `operands` is how many words besides options there may be at most. `digits` allows a number as an option, `-20`.
    """

    flags: str = ""
    valued: str = ""
    long_flags: frozenset[str] = frozenset()
    long_valued: frozenset[str] = frozenset()
    operands: int | None = None
    digits: bool = False

    def check(self, name: str, words: Sequence[Word]) -> Parsed:
        """Raise `Refused` for the first word that is not allowed."""
        parsed = Parsed.of(name, words, self)
        if self.operands is not None and len(parsed.operands) > self.operands:
            last = parsed.operands[self.operands].text
            raise Refused(f"`{name}` is used with at most {self.operands} operand here, and {last!r} is one more")
        return parsed


@dataclass(frozen=True, slots=True)
class Parsed:
    """The options of one command, each with its value where it takes one, and its operands."""

    options: list[tuple[str, Word | None]]
    operands: list[Word]

    @classmethod
    def of(cls, name: str, words: Sequence[Word], allowed: Options) -> Parsed:
        parsed = cls([], [])
        left = iter(words)
        for word in left:
            if word.exact and word.text == "--":
                parsed.operands.extend(left)
            elif not word.may_be_option or word == Word("-"):
                parsed.operands.append(word)
            elif not word.text:
                raise unknown_word(name)
            elif word.text.startswith("--"):
                parsed.options.append(_long(name, word, left, allowed))
            else:
                parsed.options.extend(_short(name, word, left, allowed))
        return parsed

    def values(self, *names: str) -> list[Word]:
        return [value for name, value in self.options if name in names and value is not None]


def unknown_word(name: str) -> Refused:
    return Refused(
        f"a word of `{name}` begins with a pattern, a variable or a command, and could become an option; write it out, "
        "or begin it with `./`, as in `./*.txt`"
    )


def _long(name: str, word: Word, left: Iterator[Word], allowed: Options) -> tuple[str, Word | None]:
    option, equals, value = word.text[2:].partition("=")
    if option in allowed.long_flags and word.exact and not equals:
        return option, None
    if option in allowed.long_valued and (equals or word.exact):
        return option, Word(value, exact=word.exact) if equals else next(left, None)
    raise _not_listed(name, f"--{option}", allowed)


def _short(name: str, word: Word, left: Iterator[Word], allowed: Options) -> Iterator[tuple[str, Word | None]]:
    letters = word.text[1:]
    if allowed.digits and letters.isdecimal() and word.exact:
        return
    for position, letter in enumerate(letters, 1):
        if letter in allowed.valued:
            rest = Word(letters[position:], exact=word.exact)
            yield letter, rest if rest.text or not rest.exact else next(left, None)
            return
        if letter not in allowed.flags:
            raise _not_listed(name, f"-{letter}", allowed)
        yield letter, None
    if not word.exact:
        raise unknown_word(name)


def _not_listed(name: str, option: str, allowed: Options) -> Refused:
    short = [f"-{letter}" for letter in allowed.flags + allowed.valued]
    listed = " ".join([*short, *(f"--{option}" for option in sorted(allowed.long_flags | allowed.long_valued))])
    return Refused(f"`{name} {option}`: this option is not used here; `{name}` is used with {listed or 'no options'}")
