"""The system prompt of an agent, from what its configuration says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from toolyard_agents.errors import PromptError
from toolyard_agents.prompts.prompt_file import PromptFile, read_prompt_file
from toolyard_agents.prompts.source import prompt_path

DEFAULT = """\
You are a capable assistant that works with tools.
Find out before you answer: use the tools you have instead of guessing, and say what you could not find out.
Do what was asked and no more. When a tool refuses or fails, read its answer and try another way or say why not.
Answer briefly, with the result first."""
MARKS = ("{{", "{%", "{#")


def resolve_system_prompt(prompt: str | None, given: Mapping[str, str], *, base: Path | None = None) -> str:
    """The text of a system prompt: `prompt` is a text, the path of a prompt file below `base`, or None for `DEFAULT`.

    A prompt file is a template always, and a text when there are variables for it; without any, it stays as it is.

    Raises:
        PromptError: the file cannot be used, or it and `given` do not fit; the text names file, line and variable.
    """
    if prompt is None:
        return _filled(DEFAULT, given, where="the default system prompt", line=1)
    path = prompt_path(prompt, base or Path.cwd())
    if path is None:
        return _filled(prompt, given, where="system_prompt", line=1) if given else prompt
    file = read_prompt_file(path)
    if file.variables is None:
        return _filled(file.text, given, where=str(path), line=file.line)
    return _filled(file.text, _values(file, given), where=str(path), line=file.line, declared=file.variables)


def _values(file: PromptFile, given: Mapping[str, str]) -> dict[str, Any]:
    variables = file.variables or {}
    missing = [name for name, variable in variables.items() if variable.must_be_given and name not in given]
    if missing:
        told = ", ".join(f"{name} ({text})" if (text := variables[name].description) else name for name in missing)
        raise PromptError(f"{file.path}: missing {told}; give it a value in vars")
    _expect(given, variables, where=str(file.path))
    defaults = {name: one.default for name, one in variables.items() if one.default is not None}
    return {**defaults, **given}


def _filled(
    text: str, values: Mapping[str, Any], *, where: str, line: int, declared: Iterable[str] | None = None
) -> str:
    if not any(mark in text for mark in MARKS):
        _expect(values, declared or (), where=where)
        return text
    from toolyard_agents.prompts.template import PromptText  # noqa: PLC0415 - Jinja2 is for texts that have variables

    template = PromptText(text=text, where=where, line=line)
    used = template.used()
    if declared is None:
        _expect(values, used, where=where)
    elif unknown := sorted(used - set(declared)):
        raise PromptError(f"{where}: the text has {', '.join(unknown)}; {_known('variables', declared)}")
    return template.rendered(values)


def _expect(given: Iterable[str], known: Iterable[str], *, where: str) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise PromptError(f"{where}: unknown variable {', '.join(unknown)}; {_known('its variables', known)}")


def _known(what: str, names: Iterable[str]) -> str:
    return f"{what}: {', '.join(sorted(names)) or 'none'}"
