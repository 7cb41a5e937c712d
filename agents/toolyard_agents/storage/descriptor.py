"""What a spec says about where its runtime keeps things."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMS = "memory, sqlite:/path/to/file.db, postgresql://user@host/database, or {kind: postgresql, url_env: NAME}"


PLACES = {
    "memory": ((False, False, False),),
    "sqlite": ((True, False, False),),
    "postgresql": ((False, True, False), (False, False, True)),
}
"""Which of path, url and url_env each kind has."""


class StorageSpec(BaseModel):
    """In the process's memory, in an SQLite file, or in a PostgreSQL database.

    A database with a password is named by an environment variable, `url_env`, so that no spec holds a secret.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["memory", "sqlite", "postgresql"] = "memory"
    path: str | None = Field(default=None, min_length=1, description="The SQLite file.")
    url: str | None = Field(default=None, min_length=1, description="The PostgreSQL database, without a password.")
    url_env: str | None = Field(default=None, min_length=1, description="The variable that holds its address.")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value == "memory":
            return {}
        if value.startswith("sqlite:"):
            return {"kind": "sqlite", "path": value.removeprefix("sqlite:").removeprefix("//")}
        if value.startswith(("postgresql:", "postgres:")):
            return {"kind": "postgresql", "url": value}
        raise ValueError(f"storage {value!r}: expected {FORMS}")

    @model_validator(mode="after")
    def _has_its_place(self) -> Self:
        given = (self.path is not None, self.url is not None, self.url_env is not None)
        if given not in PLACES[self.kind]:
            raise ValueError(f"storage of kind {self.kind!r}: expected {FORMS}")
        if self.url and "@" in self.url and ":" in self.url.split("@")[0].split("//")[-1]:
            raise ValueError("storage: the url holds a password; put it into an environment variable and give url_env")
        return self
