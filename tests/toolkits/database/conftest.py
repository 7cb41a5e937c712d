"""Databases of our own, and doors to them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.toolkits.database.door import Door, door_to, toolkit_of
from tests.toolkits.database.servers import Place, fill_sqlite, mariadb, postgresql

OpenDoor = Callable[..., Door]


@pytest.fixture(scope="package")
def postgresql_place() -> Generator[Place]:
    with postgresql() as place:
        yield place


@pytest.fixture(scope="package")
def mariadb_place() -> Generator[Place]:
    with mariadb() as place:
        yield place


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return fill_sqlite(tmp_path / "shop.db")


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> str:
    """Of a database of each kind, under the role that owns it."""
    if kind == "sqlite":
        return f"sqlite:///{request.getfixturevalue('shop')}"
    place: Place = request.getfixturevalue(f"{kind}_place")
    return place.owner


@pytest.fixture
def open_door(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenDoor:
    """Makes a door; `fence` and the fields of a profile are what it may be given."""
    monkeypatch.setenv("SHOP_URL", url)

    def opened(*, fence: bool = True, root: Path | None = None, **profile: Any) -> Door:
        toolkit = toolkit_of({"shop": {"url_env": "SHOP_URL"}}, fence=fence, root=root)
        return door_to(toolkit, tmp_path, profile=profile)

    return opened


@pytest.fixture
def sqlite_door(shop: Path, tmp_path: Path) -> OpenDoor:
    def opened(*, fence: bool = True, root: Path | None = None, **profile: Any) -> Door:
        toolkit = toolkit_of({"shop": {"url": f"sqlite:///{shop}"}}, fence=fence, root=root)
        return door_to(toolkit, tmp_path, profile=profile)

    return opened


@pytest.fixture
def postgresql_door(postgresql_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenDoor:
    monkeypatch.setenv("SHOP_URL", postgresql_place.owner)

    def opened(*, fence: bool = True, **profile: Any) -> Door:
        toolkit = toolkit_of({"shop": {"url_env": "SHOP_URL"}}, fence=fence)
        return door_to(toolkit, tmp_path, profile=profile)

    return opened
