"""Whether a system prompt is a text or the path of a prompt file."""

from __future__ import annotations

from pathlib import Path

from toolyard_agents.errors import PromptError
from toolyard_kernel.tools.settings import resolved

SUFFIXES = (".md", ".markdown", ".txt", ".jinja", ".jinja2", ".j2", ".prompt")
ANCHORS = ("/", "./", "../", "~/")
LONGEST_PATH = 4096


def prompt_path(prompt: str, base: Path) -> Path | None:
    """The file that `prompt` names, whether or not it is there; None when it is a text.

    A path is one line without blanks that ends like a prompt file (`SUFFIXES`), or begins like a path (`ANCHORS`) and
    has two names at least; and whatever else has a `/` in it and names a file that is there. A name alone is a text,
    also when there is such a file: an agent that may write files must not become its own author.

    Raises:
        PromptError: it is a path with a variable that is not set.
    """
    if not prompt.strip() or len(prompt) > LONGEST_PATH or not prompt.isprintable() or "{{" in prompt or "{%" in prompt:
        return None
    anchored = prompt.startswith(ANCHORS)
    spaced = any(map(str.isspace, prompt))
    if prompt.endswith(SUFFIXES) and (anchored or not spaced):
        return _resolved(prompt, base)
    if not anchored and (spaced or "/" not in prompt):
        return None
    deep = prompt.startswith(("./", "../", "~/")) or prompt.count("/") > 1
    if anchored and deep and not spaced:
        return _resolved(prompt, base)
    return _there(prompt, base)


def _resolved(prompt: str, base: Path) -> Path:
    try:
        return resolved(prompt, base)
    except ValueError as error:
        raise PromptError(f"system_prompt: {error}") from error


def _there(prompt: str, base: Path) -> Path | None:
    try:
        path = resolved(prompt, base)
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None
