"""What a config means, however it is written: this is what two of them are compared by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolyard_agents.config.backend_names import backend_name
from toolyard_agents.prompts.source import prompt_path
from toolyard_kernel.profiles.choice import names_a_file
from toolyard_kernel.tools.settings import resolved


def meaning(values: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config, its paths absolute and its backend by name if it is one that is installed."""
    return {**values, **{name: read(values[name]) for name, read in READ.items()}}


def _prompt(prompt: str | None) -> object:
    return prompt and (prompt_path(prompt, Path.cwd()) or prompt)


def _profile(profile: object) -> object:
    return resolved(profile, Path.cwd()) if isinstance(profile, str) and names_a_file(profile) else profile


def _folder(folder: str | None) -> object:
    return folder and resolved(folder, Path.cwd())


def _backend(backend: Any) -> object:
    return backend if isinstance(backend, str) else backend_name(backend) or backend


READ: dict[str, Callable[[Any], object]] = {
    "system_prompt": _prompt,
    "profile": _profile,
    "working_dir": _folder,
    "backend": _backend,
}
