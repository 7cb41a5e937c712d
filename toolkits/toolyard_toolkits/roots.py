"""The folder that a toolkit's tools see, and the backend that it is on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from toolyard_kernel.backends import Backend, Directory, load_backend
from toolyard_kernel.errors import ConfigError, ToolError
from toolyard_kernel.tools.settings import SettingsPath


class RootSettings(BaseModel):
    """What a config writes below `toolkits: {files: …}`, and for every toolkit that has a root."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: SettingsPath = Field(description="The folder whose files the tools see; nothing outside of it is reached.")
    backend: str = Field(default="local", description="Where the folder is: a backend that is installed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A folder on a backend. It is opened anew for every call, and nothing stays open between calls."""

    folder: Path
    backend: Backend

    @classmethod
    def of(cls, settings: RootSettings, backend: Backend | None = None) -> Self:
        """The root that `settings` name, on `backend` if one is given.

        Raises:
            ConfigError: there is no such backend, or the folder is missing, is none, or may not be read.
        """
        root = cls(folder=settings.root, backend=backend or load_backend(settings.backend))
        try:
            with root.open():
                return root
        except ToolError as error:
            reason = getattr(error.__cause__, "strerror", None) or error
            raise ConfigError(f"root {str(settings.root)!r}: {reason}; expected a folder that can be read") from error

    def open(self) -> AbstractContextManager[Directory]:
        """The folder, for one call.

        Raises:
            ToolError: it is gone.
        """
        return self.backend.open(self.folder)
