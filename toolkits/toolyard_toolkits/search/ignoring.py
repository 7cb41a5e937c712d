"""What `.gitignore`, `.ignore` and `.rgignore` leave out of a search, as git and ripgrep read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from toolyard_kernel.backends import Directory
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.search.regexps import RegexpError, RegexpSet, compiled
from toolyard_toolkits.search.wildcards import WildcardError, regexp_of

FILES = (".rgignore", ".ignore", ".gitignore")
"""What the first of them says of a name counts, however deep the others are."""

REPOSITORY, OF_REPOSITORY = ".git", ".gitignore"
"""A folder with the first is a repository, for which the second in a folder above it does not count."""

LARGEST_FILE = 256 * 1024
"""Bytes of an ignore file that are read."""
MOST_RULES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line: a pattern for paths below the file's folder. `keeps` takes back what an earlier line left out."""

    pattern: str
    keeps: bool
    folders_only: bool

    @classmethod
    def of(cls, line: str) -> Self | None:
        """The rule, or None for a line that says nothing."""
        line = _stripped(line)
        if not line or line.startswith("#"):
            return None
        keeps, folders_only = line.startswith("!"), line.endswith("/")
        line = line.removeprefix("!").removesuffix("/")
        try:
            pattern = _path_pattern(line)
            compiled(pattern)
        except (WildcardError, RegexpError):
            return None
        return cls(pattern=pattern, keeps=keeps, folders_only=folders_only) if line.strip("/") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The lines of one file; the last one that matches counts."""

    rules: Sequence[Rule]
    patterns: RegexpSet = field(repr=False)

    @classmethod
    def of(cls, lines: Iterable[str]) -> Self | None:
        rules = [rule for line in lines if (rule := Rule.of(line))][:MOST_RULES]
        try:
            return cls(rules=rules, patterns=RegexpSet(rule.pattern for rule in rules)) if rules else None
        except RegexpError:
            return None

    def keep(self, path: str, *, folder: bool) -> bool | None:
        """Whether the file or folder at `path` is kept; None when no line speaks of it."""
        found = [number for number in self.patterns.matches(path) if folder or not self.rules[number].folders_only]
        return self.rules[max(found)].keeps if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignoring:
    """What is ignored in a folder: what the ignore files say of one above it, `below` which it is, or of itself.

    `parent` is the same for that folder, seen from the next one above it that has a say; None at the top.
    """

    files: tuple[Rules | None, ...]
    repository: bool
    below: str = ""
    parent: Ignoring | None = None

    @classmethod
    def at_top(cls, folder: Directory, names: frozenset[str]) -> Ignoring:
        """For the folder where the search begins, whose entries include `names`."""
        return cls(files=_files(folder, names), repository=REPOSITORY in names)

    def inside(self, name: str, folder: Directory, names: frozenset[str]) -> Ignoring:
        """The same for the folder `name` in this one, whose entries include `names`."""
        here = replace(self, below=f"{self.below}{name}/")
        if names.isdisjoint((*FILES, REPOSITORY)):
            return here
        return Ignoring(files=_files(folder, names), repository=REPOSITORY in names, parent=here)

    def ignores(self, name: str, *, folder: bool) -> bool:
        """Whether the entry `name` of this folder is left out."""
        said: list[bool | None] = [None, None, None]
        here: Ignoring | None = self
        path, below_repository = name, False
        while here is not None:
            path = f"{here.below}{path}"
            for number, rules in enumerate(here.files):
                if rules and said[number] is None and not (below_repository and FILES[number] == OF_REPOSITORY):
                    said[number] = rules.keep(path, folder=folder)
            below_repository = below_repository or here.repository
            here = here.parent
        return next((not keep for keep in said if keep is not None), False)


def _files(folder: Directory, names: frozenset[str]) -> tuple[Rules | None, ...]:
    return tuple(_read(folder, file) if file in names else None for file in FILES)


def _read(folder: Directory, name: str) -> Rules | None:
    try:
        with folder.file(name) as file:
            text = b""
            while len(text) < LARGEST_FILE and (chunk := file.read(LARGEST_FILE - len(text))):
                text += chunk
    except ToolError:
        return None
    lines = text.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").split("\n")
    return Rules.of(lines)


def _stripped(line: str) -> str:
    """Without spaces at the end, except one behind a backslash."""
    kept = line.rstrip(" \t")
    behind = len(kept) - len(kept.rstrip("\\"))
    return line[: len(kept) + 1] if behind % 2 and len(kept) < len(line) else kept


def _path_pattern(line: str) -> str:
    """A line without its `!` and its last `/`, as a pattern of RE2 for the whole path."""
    parts = line.removeprefix("/").split("/")
    if "/" not in line and parts[0] != "**":
        parts = ["**", *parts]
    *folders, last = parts
    pattern = "".join("(?:.*/)?" if part == "**" else f"{regexp_of(part)}/" for part in folders)
    return f"(?s){pattern}{'.+' if last == '**' else regexp_of(last)}"
