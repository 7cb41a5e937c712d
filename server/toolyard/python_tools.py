"""What a config names in Python modules: tools, toolkits, resources, prompts, and functions."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeGuard, cast

from toolyard_kernel.errors import ConfigError
from toolyard_kernel.offers.prompts import Prompt
from toolyard_kernel.offers.resources import Resource, ResourceTemplate
from toolyard_kernel.tools.tool import Tool
from toolyard_kernel.tools.toolkits import Toolkit


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleTools:
    """What a module holds at its top level."""

    tools: tuple[Tool, ...]
    toolkits: tuple[Toolkit, ...]
    resources: tuple[Resource | ResourceTemplate, ...]
    prompts: tuple[Prompt, ...]


def load_module(name: str, *, where: str, base: Path, again: bool = False) -> ModuleTools:
    """Import `name`, looking in `base` first; `again` imports it anew, and keeps the old one if that fails.

    Raises:
        ConfigError: there is no such module, importing it fails, or it holds nothing to serve.
    """
    module = _imported(name, where, base, again=again)
    values = list({id(value): value for value in vars(module).values()}.values())
    found = ModuleTools(
        tools=tuple(value for value in values if isinstance(value, Tool)),
        toolkits=tuple(value for value in values if _is_toolkit(value)),
        resources=tuple(value for value in values if isinstance(value, Resource | ResourceTemplate)),
        prompts=tuple(value for value in values if isinstance(value, Prompt)),
    )
    if not (found.tools or found.toolkits or found.resources or found.prompts):
        raise ConfigError(f"{where}: module {name!r} holds no tool; make one with @tool or define_tool")
    return found


def source_of(name: str) -> Path | None:
    """The file of an imported module, if it has one."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file) if file else None


def _imported_anew(name: str) -> ModuleType:
    old = {each: sys.modules.pop(each) for each in list(sys.modules) if each == name or each.startswith(f"{name}.")}
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except BaseException:
        sys.modules.update(old)
        raise


def load_function(name: str, *, where: str, base: Path) -> Callable[..., Any]:
    """The function that `module:function` names; the module is looked for in `base` first.

    Raises:
        ConfigError: there is no such module or function, or importing it fails.
    """
    module, _, function = name.partition(":")
    found = vars(_imported(module, where, base)).get(function)
    if not callable(found):
        raise ConfigError(f"{where}: module {module!r} has no function {function!r}")
    return cast("Callable[..., Any]", found)


def _imported(name: str, where: str, base: Path, *, again: bool = False) -> ModuleType:
    if str(base) not in sys.path:
        sys.path.insert(0, str(base))
    try:
        return _imported_anew(name) if again else importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise ConfigError(f"{where}: importing {name!r} failed: {_last_line(error)}") from error
        raise ConfigError(f"{where}: no module is named {name!r}; it is looked for in {base} first") from error
    except (Exception, SystemExit) as error:  # whatever a user's module raises when it is imported
        raise ConfigError(f"{where}: importing {name!r} failed: {_last_line(error)}") from error


def _is_toolkit(value: object) -> TypeGuard[Toolkit]:
    try:
        return isinstance(value, Toolkit) and not isinstance(value, type)
    except Exception:  # noqa: BLE001 - a lazy object of a foreign library, which is not to be looked at yet
        return False


def _last_line(error: BaseException) -> str:
    """The error and the line of the user's code it came from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    place = f" ({Path(frames[-1].filename).name} line {frames[-1].lineno})" if len(frames) > 1 else ""
    return f"{type(error).__name__}: {error}{place}"
