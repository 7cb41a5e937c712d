"""Finding the profile that a config, a token or a program names."""

from __future__ import annotations

from pathlib import Path

from toolyard_kernel.errors import ConfigError
from toolyard_kernel.folders import config_folder
from toolyard_kernel.profiles.builtin import BUILT_IN
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.settings import resolved
from toolyard_kernel.yaml_files import read_yaml, validated


def choose_profile(choice: str | PermissionProfile, *, base: Path | None = None) -> PermissionProfile:
    """The profile itself, a built-in by name, one of the user's by name, or the one in a YAML file.

    A name with a `/` or a `.yaml` at its end is a path, relative to `base`, with `~` and `$NAME` filled in. The
    user's own profiles are the files `$XDG_CONFIG_HOME/toolyard/profiles/<name>.yaml`; they cannot replace a built-in.

    Raises:
        ConfigError: there is no such profile, or its file cannot be used.
    """
    if isinstance(choice, PermissionProfile):
        return choice
    if choice in BUILT_IN:
        return BUILT_IN[choice]
    path = profile_path(choice, base or Path.cwd())
    if path is None or not (names_a_file(choice) or path.is_file()):
        known = ", ".join(BUILT_IN)
        raise ConfigError(
            f"profile: no profile is named {choice!r}; expected {known}, the path of a YAML file, or {path}"
        )
    return read_profile(path)


def profile_path(choice: str, base: Path) -> Path | None:
    """The file that `choice` names, whether or not it is there; None for a built-in.

    Raises:
        ConfigError: it names a variable that is not set.
    """
    if choice in BUILT_IN:
        return None
    if not names_a_file(choice):
        return config_folder() / "profiles" / f"{choice}.yaml"
    try:
        return resolved(choice, base)
    except ValueError as error:
        raise ConfigError(f"profile: {error}") from error


def names_a_file(choice: str) -> bool:
    """Whether `choice` is a path, and not a name."""
    return "/" in choice or choice.endswith((".yaml", ".yml"))


def read_profile(path: Path) -> PermissionProfile:
    """The profile in a YAML file; it is named after the file when it does not name itself."""
    return validated(PermissionProfile, {"profile": path.stem, **read_yaml(path)}, where=str(path), base=path.parent)
