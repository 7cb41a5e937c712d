"""Writing a config as YAML."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from toolyard_agents.config.backend_names import backend_name
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.config.definition import AgentDefinition
from toolyard_agents.prompts.source import prompt_path
from toolyard_kernel.backends import Backend
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.profiles.choice import names_a_file
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.settings import resolved
from toolyard_kernel.whole_files import replace_file

END = "...\n"
"""What ends a document; PyYAML writes it after a text that ends with empty lines."""


class _Dumper(yaml.SafeDumper):
    """Writes lines as lines, and a value that stands in two places twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if not text.replace("\n", "").isprintable():
        style = '"'  # the only one in which PyYAML reads back every character that it writes
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _text)


def yaml_of(values: dict[str, Any], folder: Path) -> str:
    """The YAML of a config's fields in a file in `folder`: the model, and what differs from the defaults.

    Raises:
        ConfigError: a field has no form in YAML.
    """
    text = ""
    for name, one in AgentDefinition.model_fields.items():
        value = values[name]
        if name == "model" or value != one.default:
            text += _dumped(name, WRITE[name](value, folder) if name in WRITE else value)
    return text


def _dumped(name: str, value: Any) -> str:
    try:
        text = yaml.dump({name: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{name}: YAML has no form for what is in it: {error.args[0]}") from error
    return text[: -len(END)] if text.endswith(f"\n{END}") else text  # more keys follow


def _prompt(prompt: str, folder: Path) -> str:
    return prompt if prompt_path(prompt, Path.cwd()) is None else _path(prompt, folder)


def _profile(profile: str | PermissionProfile, folder: Path) -> Any:
    if isinstance(profile, PermissionProfile):
        return profile.model_dump(mode="json", exclude_defaults=True)
    return _path(profile, folder) if names_a_file(profile) else profile


def _backend(backend: str | Backend, folder: Path) -> str:
    name = backend if isinstance(backend, str) else backend_name(backend)
    if name is None:
        kind = type(backend).__name__
        raise ConfigError(f"backend: {kind} is not what an installed backend's name gives; it cannot be written")
    return name


def _budgets(budgets: Budgets, folder: Path) -> dict[str, Any]:
    return budgets.model_dump(mode="json", exclude_defaults=True)


def _path(text: str, folder: Path) -> str:
    """A path that a file in `folder` means what `text` means here by."""
    if Path(os.path.expandvars(text)).expanduser().is_absolute():
        return text
    path = resolved(text, Path.cwd())
    return f"./{path.relative_to(folder)}" if path.is_relative_to(folder) else str(path)


WRITE: dict[str, Callable[[Any, Path], Any]] = {
    "system_prompt": _prompt,
    "profile": _profile,
    "backend": _backend,
    "working_dir": _path,
    "budgets": _budgets,
}


def write_config(path: Path, text: str) -> None:
    """Make `path` hold `text`, whole or not at all; a symbolic link stays one.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        replace_file(path.resolve(), text, mode=None, sync=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
