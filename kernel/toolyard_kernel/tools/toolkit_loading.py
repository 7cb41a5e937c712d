"""Toolkits by name, built-ins and users' alike: from the entry point group `toolyard.toolkits`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, cast

from toolyard_kernel.backends import Backend
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.tools.toolkits import Toolkit, ToolkitFactory
from toolyard_kernel.yaml_files import validated

GROUP = "toolyard.toolkits"


def load_toolkit(
    name: str, settings: Mapping[str, Any], *, where: str, base: Path, backend: Backend | None = None
) -> Toolkit:
    """The toolkit `name` with `settings`; relative paths in them are below `base`.

    `backend` is for a toolkit that runs on one, as the built-in ones do: it takes the place of the one in the settings.

    Raises:
        ConfigError: no such toolkit is installed, it cannot be loaded, or it refuses the settings.
    """
    factory = factory_of(name, where=where)
    checked = validated(factory.Settings, settings, where=f"{where}.{name}", base=base)
    try:
        return factory(checked) if backend is None else cast("Any", factory)(checked, backend=backend)
    except ConfigError as error:
        raise ConfigError(f"{where}.{name}: {error}") from error
    except Exception as error:  # whatever a foreign package raises when it is made
        raise ConfigError(f"{where}.{name}: {type(error).__name__}: {error}") from error


def factory_of(name: str, *, where: str) -> ToolkitFactory:
    """What makes the toolkit `name`.

    Raises:
        ConfigError: no such toolkit is installed, or it cannot be loaded.
    """
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        raise ConfigError(f"{where}: no toolkit is named {name!r}; installed: {', '.join(sorted(found)) or 'none'}")
    return _load(found[name], where)


def _load(entry: EntryPoint, where: str) -> ToolkitFactory:
    try:
        factory: ToolkitFactory = entry.load()
    except Exception as error:  # whatever a foreign package raises when it is imported
        raise ConfigError(
            f"{where}: toolkit {entry.name!r} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    return factory
