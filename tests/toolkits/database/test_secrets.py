"""Passwords come from the environment and appear nowhere."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from tests.toolkits.database.door import door_to, toolkit_of
from tests.toolkits.database.servers import Place
from toolyard_kernel.errors import ConfigError

pytestmark = pytest.mark.anyio

PASSWORD = "p@ss:w0rd/with?signs&%41"
ENCODED = quote(PASSWORD, safe="")
HIDDEN = (PASSWORD, ENCODED)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": f"postgresql://me:{ENCODED}@localhost/shop"}, "a config holds no password"),
        ({"url": f"mysql://me@localhost/shop?password={ENCODED}"}, "a config holds no password"),
        ({"url": "postgresql://me@localhost/shop", "password_env": "NOT_SET"}, "'NOT_SET' is not set"),
        ({"url_env": "NOT_SET"}, "'NOT_SET' is not set"),
        ({"url": f"oracle://me:{ENCODED}@localhost/shop"}, "expected sqlite:///file, postgresql://"),
        ({"url": f"postgresql://me:{ENCODED}@localhost:port/shop"}, "this is no URL"),
        ({"url": "sqlite:///"}, "expected the path of a file"),
        ({"url": "sqlite://"}, "expected the path of a file"),
        ({"url": "sqlite:///:memory:"}, "expected the path of a file"),
        ({"url": "sqlite:///shop.db?mode=rwc"}, "expected the path of a file"),
        ({"url": "sqlite:///shop.db", "password_env": "HOME"}, "a SQLite file has no password"),
    ],
)
def test_a_connection_that_cannot_be_used_is_refused_without_quoting_a_url(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        toolkit_of({"shop": given})
    assert said in str(refused.value)
    assert "connections.shop" in str(refused.value)
    assert not any(hidden in str(refused.value) for hidden in HIDDEN)


@pytest.mark.parametrize(
    "given",
    [{}, {"url": "sqlite:///a", "url_env": "B"}, {"url": "sqlite:///a", "more": 1}, {"url": "sqlite:///$NOT_SET/a"}],
)
def test_settings_that_say_too_little_or_too_much_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        toolkit_of({"shop": given})


def test_a_relative_file_is_below_the_folder_of_the_config(tmp_path: Path) -> None:
    from toolyard_toolkits.database.settings import DatabaseSettings  # noqa: PLC0415 - beside what is asked of it

    written = {"connections": {"shop": {"url": "sqlite:///data/shop.db"}}}
    settings = DatabaseSettings.model_validate(written, context={"base": tmp_path})
    assert settings.connections["shop"].url == f"sqlite:///{tmp_path}/data/shop.db"


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
async def test_a_wrong_password_is_in_no_answer_and_no_log(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    place: Place = request.getfixturevalue(f"{kind}_place")
    monkeypatch.setenv("SECRET_PASSWORD", PASSWORD)
    user, _, rest = place.owner.partition("://")[2].partition("@")
    bare = f"{place.owner.partition('://')[0]}://no_{user.partition(':')[0]}@{rest}"
    toolkit = toolkit_of({"shop": {"url": bare, "password_env": "SECRET_PASSWORD"}})
    door = door_to(toolkit, tmp_path)
    with caplog.at_level(logging.DEBUG):
        async with toolkit.lifespan():
            refused = await door.query("SELECT 1")
    assert refused.status == "tool_error"
    assert "cannot be used now" in refused.text
    assert "127.0.0.1" not in refused.text
    shown = refused.text + caplog.text + repr(toolkit) + repr(vars(toolkit)) + repr(place.owner and refused)
    assert not any(hidden in shown for hidden in HIDDEN)
    assert "cannot be reached" in caplog.text


async def test_a_password_in_the_variable_of_a_url_is_used_and_never_shown(
    postgresql_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SHOP_URL", postgresql_place.owner)
    password = postgresql_place.owner.partition("@")[0].rpartition(":")[2]
    door = door_to(toolkit_of({"shop": {"url_env": "SHOP_URL"}}), tmp_path)
    with caplog.at_level(logging.DEBUG):
        assert await door.rows("SELECT 1") == [[1]]
        failed = await door.query("SELECT nothing")
    assert password not in caplog.text + failed.text + "".join(tool.description for tool in door.toolkit.tools())
