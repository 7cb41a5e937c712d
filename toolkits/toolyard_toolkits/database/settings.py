"""What a config writes below `toolkits: {database: …}`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from toolyard_kernel.tools.settings import SettingsPath, resolved

SQLITE = "sqlite:///"

ConnectionName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]


class ConnectionSettings(BaseModel):
    """One database: a URL without its password, or the name of the environment variable that holds the whole URL."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(
        default=None,
        repr=False,
        description="Where the database is, without a password: sqlite:///shop.db, postgresql://reader@localhost/shop, "
        "or mysql://reader@localhost/shop (MariaDB too). A SQLite file is relative to the config's folder.",
    )
    url_env: str | None = Field(default=None, description="The environment variable that holds such a URL.")
    password_env: str | None = Field(default=None, description="The environment variable that holds the password.")

    @field_validator("url")
    @classmethod
    def _of_this_folder(cls, url: str | None, info: ValidationInfo) -> str | None:
        context: Mapping[str, Any] = info.context or {}
        return url and below(url, context.get("base", Path.cwd()))

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("expected either url, or url_env with the name of an environment variable that holds it")
        return self


def below(url: str, base: Path) -> str:
    """The URL, with the path of a SQLite file as an absolute one.

    Raises:
        ValueError: a variable in that path is not set.
    """
    if not url.startswith(SQLITE) or url == SQLITE:
        return url
    return f"{SQLITE}{resolved(url.removeprefix(SQLITE), base)}"


class DatabaseSettings(BaseModel):
    """The databases, by the names that tools call them; and, for exports, the folder that they are written below."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connections: dict[ConnectionName, ConnectionSettings] = Field(
        min_length=1, description="The databases, by the names that calls give."
    )
    root: SettingsPath | None = Field(
        default=None, description="The folder that sql_export writes below; without it there is no sql_export."
    )
    backend: str = Field(default="local", description="Where that folder is: a backend that is installed.")
