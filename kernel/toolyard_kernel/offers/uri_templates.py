"""URI templates of resources: `{name}` for one segment, `{+name}` for a path of several (RFC 6570)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from toolyard_kernel.errors import DefinitionError

VARIABLE = re.compile(r"\{(\+?)([A-Za-z_][A-Za-z0-9_]*)\}")
LONGEST = 8192
"""Characters of the longest URI that is looked at."""


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    path: bool
    until: str
    """The text that follows it in the template."""


@dataclass(frozen=True, slots=True)
class UriTemplate:
    """A template and the variables in it, in their order."""

    text: str
    prefix: str
    variables: tuple[_Variable, ...]

    @classmethod
    def parse(cls, text: str) -> UriTemplate:
        """Read a template.

        Raises:
            DefinitionError: it has a variable of another kind, one twice, or two with nothing between them.
        """
        prefix, *rest = VARIABLE.split(text)
        variables = tuple(
            _Variable(name, path == "+", until)
            for path, name, until in zip(rest[0::3], rest[1::3], rest[2::3], strict=True)
        )
        literals = [prefix, *(variable.until for variable in variables)]
        if any(mark in literal for literal in literals for mark in "{}"):
            raise DefinitionError(f"URI template {text!r}: expected variables such as {{name}} or {{+path}} only")
        if not all(literals[:-1]):
            raise DefinitionError(f"URI template {text!r}: two variables need some text between them")
        template = cls(text, prefix, variables)
        if len(set(template.names)) < len(variables):
            raise DefinitionError(f"URI template {text!r}: a variable stands twice")
        return template

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.variables)

    def match(self, uri: str) -> dict[str, str] | None:
        """The variables' values in `uri`, percent-decoded; None when it is no URI of this template.

        A value that could lead out of a folder (`..`, an absolute path, a hidden slash) is none of this template's.
        """
        if len(uri) > LONGEST or not uri.startswith(self.prefix):
            return None
        found: dict[str, str] = {}
        rest = uri[len(self.prefix) :]
        for variable in self.variables:
            end = self._end(variable, rest)
            value = unquote(rest[:end]) if end > 0 else ""
            if not _is_safe(value, variable.path) or (not variable.path and "/" in rest[:end]):
                return None
            found[variable.name], rest = value, rest[end + len(variable.until) :]
        return found if not rest else None

    def _end(self, variable: _Variable, rest: str) -> int:
        if variable is not self.variables[-1]:
            return rest.find(variable.until, 1)
        return len(rest) - len(variable.until) if rest.endswith(variable.until) else -1


def _is_safe(value: str, path: bool) -> bool:  # noqa: FBT001 - the variable's own flag
    segments = value.split("/")
    return (
        bool(value)
        and "\0" not in value
        and "\\" not in value
        and ".." not in segments
        and "." not in segments
        and (not value.startswith("/") if path else len(segments) == 1)
    )
