"""Filling in the variables of a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from traceback import extract_tb
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.environment import Template
from jinja2.meta import find_undeclared_variables

from toolyard_agents.errors import PromptError
from toolyard_agents.prompts.meter import Meter
from toolyard_agents.prompts.sandbox import Sandbox
from toolyard_agents.prompts.syntax import NotAllowed

LONGEST = 256 * 1024
"""Characters of a text that has variables."""
FILENAME = "<prompt>"
# What Python itself raises of the values and the nesting a template was given.
FAULTS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError, SyntaxError, MemoryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptText:
    """A text in Jinja2. `where` names it in errors, and it begins on line `line` of its file."""

    text: str
    where: str
    line: int = 1

    def used(self) -> frozenset[str]:
        """The names of the variables in it.

        Raises:
            PromptError: it is no template; the text names the place.
        """
        sandbox = self._sandbox(Meter())
        return frozenset(find_undeclared_variables(self._parsed(sandbox))) - sandbox.globals.keys()

    def rendered(self, values: Mapping[str, Any]) -> str:
        """The text with `values` filled in as they are: none is looked at for variables of its own.

        Raises:
            PromptError: a variable has no value, it does what a prompt may not, or rendering it costs too much.
        """
        meter = Meter()
        sandbox = self._sandbox(meter)
        parsed = self._parsed(sandbox)
        try:
            code = sandbox.compile_checked(parsed, FILENAME)
            template = Template.from_code(sandbox, code, sandbox.globals)
            given = {name: meter.take(value) for name, value in values.items()}
            return "".join(meter.write(piece) for piece in template.generate(given))
        except NotAllowed as error:
            raise self._broken(error, error.line) from error
        except (PromptError, TemplateError, *FAULTS) as error:
            raise self._broken(error, _line(error)) from error

    def _sandbox(self, meter: Meter) -> Sandbox:
        return Sandbox(meter, "\r\n" if "\r\n" in self.text else "\n")

    def _parsed(self, sandbox: Sandbox) -> nodes.Template:
        if len(self.text) > LONGEST:
            raise PromptError(f"{self.where}: it is longer than {LONGEST} characters, too long for one with variables")
        try:
            return sandbox.parse(self.text)
        except TemplateSyntaxError as error:
            raise self._broken(error, error.lineno) from error
        except FAULTS as error:
            raise self._broken(error, None) from error

    def _broken(self, error: Exception, line: int | None) -> PromptError:
        place = self.where if line is None else f"{self.where}: line {self.line + line - 1}"
        return PromptError(f"{place}: {_said(error)}")


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).removesuffix(".") or type(error).__name__


def _line(error: Exception) -> int | None:
    """The line of the template that failed: Jinja2 puts its lines into the traceback."""
    lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == FILENAME]
    return lines[-1] if lines else None
