"""Where a database is, and the secrets on the way there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from toolyard_kernel.errors import ConfigError
from toolyard_toolkits.database.settings import SQLITE, ConnectionSettings, below

Kind = Literal["sqlite", "postgresql", "mariadb"]

REDACTED = "[redacted]"
KINDS: dict[str, Kind] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mariadb",
    "mariadb": "mariadb",
}
SECRET_OPTIONS = frozenset({"password", "passwd", "passfile", "sslpassword", "ssl_key_password", "oauth_client_secret"})
OTHER_FILES = frozenset({":memory:", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A database and how to get in. `url` has no password; nothing that shows an address shows it either."""

    connection: str
    kind: Kind
    url: str = field(repr=False)
    password: str | None = field(repr=False)

    @property
    def file(self) -> str:
        """The path of a SQLite file."""
        return self.url.removeprefix(SQLITE)

    def scrub(self, text: str) -> str:
        """`text` without the password, the URL, or the path of the file, in whatever way a driver quotes them."""
        secret = self.password or ""
        known = {secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1], self.url}
        if self.kind == "sqlite":
            known.add(self.file)
        for each in sorted(known - {""}, key=len, reverse=True):
            text = text.replace(each, REDACTED)
        return text


def address_of(name: str, settings: ConnectionSettings, environment: Mapping[str, str] | None = None) -> Address:
    """The address that `settings` mean, with what they name in the environment.

    Raises:
        ConfigError: a variable is not set, or the URL cannot be used; no message quotes a URL.
    """
    variables = os.environ if environment is None else environment
    where = f"connections.{name}"
    url = settings.url
    if settings.url_env is not None:
        url = below(_variable(settings.url_env, f"{where}.url_env", variables), Path.cwd())
    assert url is not None  # noqa: S101 - one of both is given
    kind = _kind(url, where)
    if kind == "sqlite":
        return _file(name, url, settings, where)
    bare, password = _without_password(url, where, allowed=settings.url_env is not None)
    if settings.password_env is not None:
        password = _variable(settings.password_env, f"{where}.password_env", variables)
    return Address(connection=name, kind=kind, url=bare, password=password)


def _variable(name: str, where: str, variables: Mapping[str, str]) -> str:
    if not variables.get(name):
        raise ConfigError(f"{where}: the environment variable {name!r} is not set; set it before the server starts")
    return variables[name]


def _kind(url: str, where: str) -> Kind:
    scheme = url.partition("://")[0].partition("+")[0]
    if "://" not in url or scheme not in KINDS:
        raise ConfigError(
            f"{where}.url: expected sqlite:///file, postgresql://user@host/database or mysql://user@host/database"
        )
    return KINDS[scheme]


def _file(name: str, url: str, settings: ConnectionSettings, where: str) -> Address:
    file = url.removeprefix(SQLITE)
    if not url.startswith(SQLITE) or Path(file).name in OTHER_FILES or "?" in file:
        raise ConfigError(f"{where}.url: expected the path of a file, as in sqlite:///shop.db, and no options")
    if settings.password_env is not None:
        raise ConfigError(f"{where}.password_env: a SQLite file has no password; leave it out")
    return Address(connection=name, kind="sqlite", url=url, password=None)


def _without_password(url: str, where: str, *, allowed: bool) -> tuple[str, str | None]:
    try:
        parts = urlsplit(url)
        secret = {option for option, _ in parse_qsl(parts.query, keep_blank_values=True)} & SECRET_OPTIONS
        password = parts.password
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        raise ConfigError(
            f"{where}.url: this is no URL; expected one such as postgresql://user@host/database"
        ) from None
    if secret or (password is not None and not allowed):
        raise ConfigError(
            f"{where}.url: a config holds no password; take it out, and name with password_env or url_env the "
            f"environment variable that holds it"
        )
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}@{host}" if user else host
    return parts._replace(netloc=netloc).geturl(), None if password is None else unquote(password)
