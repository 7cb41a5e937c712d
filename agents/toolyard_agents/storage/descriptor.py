"""What a spec says about where its runtime keeps things."""

from __future__ import annotations

from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMS = "memory, sqlite:/path/to/file.db, postgresql://user@host/database, or {kind: postgresql, url_env: NAME}"
PLACES: dict[str, tuple[set[str], ...]] = {
    "memory": (set(),),
    "sqlite": ({"path"},),
    "postgresql": ({"url"}, {"url_env"}),
}
"""The fields, besides its kind, that say where a storage is: one of these sets."""

SECRETS = frozenset({"password", "sslpassword"})
"""Parameters of an address that PostgreSQL takes for secrets."""


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
        given = set(self.model_dump(exclude_none=True)) - {"kind"}
        if given not in PLACES[self.kind]:
            raise ValueError(f"storage of kind {self.kind!r}: expected {FORMS}")
        if self.url and _holds_password(self.url):
            raise ValueError("storage: the url holds a password; put it into an environment variable and give url_env")
        return self


def _holds_password(url: str) -> bool:
    parts = urlsplit(url)
    return parts.password is not None or not SECRETS.isdisjoint(parse_qs(parts.query, keep_blank_values=True))
