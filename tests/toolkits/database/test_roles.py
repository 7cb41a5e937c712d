"""A connection whose role may do too much is refused, at the start and at each call, with what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.toolkits.database.door import Door, door_to, toolkit_of
from tests.toolkits.database.servers import Place
from toolyard_kernel.errors import ConfigError
from toolyard_toolkits.database.mariadb_grants import too_much

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["postgresql", "mariadb"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


def door_as(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setenv("SHOP_URL", url)
    return door_to(toolkit_of({"shop": {"url_env": "SHOP_URL"}}), tmp_path)


async def test_a_greedy_role_ends_the_start_and_is_told_how_to_make_one_that_fits(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = door_as(place.greedy, tmp_path, monkeypatch)
    with pytest.raises(ConfigError) as refused:
        async with door.toolkit.lifespan():
            pass
    said = str(refused.value)
    assert "connections.shop" in said
    assert ("pg_read_server_files" if place.kind == "postgresql" else "FILE on *.*") in said
    assert "GRANT SELECT" in said
    assert place.name in said


async def test_a_greedy_role_answers_no_call_either(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    door = door_as(place.greedy, tmp_path, monkeypatch)
    for tool, arguments in (("sql_query", {"sql": "SELECT 1"}), ("sql_tables", {}), ("sql_describe", {"table": "x"})):
        refused = await door.call(tool, **arguments)
        assert refused.status == "tool_error"
        assert "may do more than a tool should" in refused.text
        assert "GRANT" not in refused.text
    assert "GRANT SELECT" in caplog.text


async def test_a_role_that_becomes_greedy_later_is_refused_from_then_on(
    postgresql_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, role = door_as(postgresql_place.reader, tmp_path, monkeypatch), f"{postgresql_place.name}_reader"
    async with door.toolkit.lifespan():
        assert (await door.query("SELECT 1")).ok
        for more, less in (
            ("ALTER ROLE {} SUPERUSER", "ALTER ROLE {} NOSUPERUSER"),
            ("ALTER ROLE {} CREATEROLE", "ALTER ROLE {} NOCREATEROLE"),
            ("ALTER ROLE {} REPLICATION", "ALTER ROLE {} NOREPLICATION"),
            ("GRANT pg_execute_server_program TO {}", "REVOKE pg_execute_server_program FROM {}"),
            ("GRANT pg_write_server_files TO {}", "REVOKE pg_write_server_files FROM {}"),
            ("GRANT pg_signal_backend TO {}", "REVOKE pg_signal_backend FROM {}"),
        ):
            postgresql_place.ask(more.format(role))
            try:
                assert "may do more" in (await door.query("SELECT 1")).text
            finally:
                postgresql_place.ask(less.format(role))
        assert (await door.query("SELECT 1")).ok


async def test_rights_by_way_of_another_role_count_too(
    postgresql_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role that does not inherit may still take the other one with SET ROLE."""
    door, name = door_as(postgresql_place.reader, tmp_path, monkeypatch), postgresql_place.name
    postgresql_place.ask(f"CREATE ROLE {name}_between IN ROLE pg_read_server_files")
    try:
        postgresql_place.ask(f"ALTER ROLE {name}_reader NOINHERIT")
        postgresql_place.ask(f"GRANT {name}_between TO {name}_reader")
        assert "may do more" in (await door.query("SELECT 1")).text
    finally:
        postgresql_place.ask(f"DROP ROLE {name}_between")
        postgresql_place.ask(f"ALTER ROLE {name}_reader INHERIT")
    assert (await door.query("SELECT 1")).ok


async def test_rights_of_a_mariadb_role_that_may_be_taken_count_too(
    mariadb_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, name = door_as(mariadb_place.reader, tmp_path, monkeypatch), mariadb_place.name
    mariadb_place.ask(f"CREATE ROLE {name}_between")
    try:
        mariadb_place.ask(f"GRANT FILE ON *.* TO {name}_between")
        for host in ("%", "localhost"):
            mariadb_place.ask(f"GRANT {name}_between TO '{name}_reader'@'{host}'")
        assert "may do more" in (await door.query("SELECT 1")).text
    finally:
        mariadb_place.ask(f"DROP ROLE {name}_between")
    assert (await door.query("SELECT 1")).ok


async def test_a_fitting_role_reads_and_could_not_write(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = door_as(place.reader, tmp_path, monkeypatch)
    async with door.toolkit.lifespan():
        assert await door.rows("SELECT name FROM items ORDER BY id") == [["mug"], ["cup"]]


async def test_a_server_that_is_down_takes_nothing_down_and_answers_clearly(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        toolkit = toolkit_of(
            {"pg": {"url": f"postgresql://me@127.0.0.1:{port}/x"}, "my": {"url": f"mysql://me@127.0.0.1:{port}/x"}}
        )
        door = door_to(toolkit, tmp_path)
        async with toolkit.lifespan():
            for connection in ("pg", "my"):
                refused = await door.call("sql_query", connection=connection, sql="SELECT 1")
                assert refused.status == "tool_error"
                assert "does not answer" in refused.text
                assert str(port) not in refused.text


@pytest.mark.parametrize(
    ("grant", "refused"),
    [
        ("GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*AB'", False),
        ("GRANT SELECT, SHOW VIEW ON `shop`.* TO `a`@`%`", False),
        ("GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`", False),
        ("GRANT SELECT (`id`, `name`), INSERT ON `shop`.`items` TO `a`@`%`", False),
        ("GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `a`@`%`", False),
        ("GRANT `reader` TO `a`@`%`", False),
        ("GRANT PROCESS, SHOW DATABASES ON *.* TO `a`@`%`", False),
        ("SET DEFAULT ROLE `reader` FOR `a`@`%`", False),
        ("GRANT SELECT ON `my\\_shop`.* TO `a`@`%`", False),
        ("GRANT FILE ON *.* TO `a`@`%`", True),
        ("GRANT SELECT, SUPER ON *.* TO `a`@`%`", True),
        ("GRANT SELECT ON *.* TO `a`@`%`", True),
        ("GRANT ALL PRIVILEGES ON *.* TO `a`@`%` WITH GRANT OPTION", True),
        ("GRANT SELECT ON `shop`.* TO `a`@`%` WITH GRANT OPTION", True),
        ("GRANT SELECT ON `mysql`.* TO `a`@`%`", True),
        ("GRANT SELECT ON `mysql`.`global_priv` TO `a`@`%`", True),
        ("GRANT SELECT ON `my%`.* TO `a`@`%`", True),
        ("GRANT SELECT ON `m_sql`.* TO `a`@`%`", True),
        ("GRANT SELECT ON `%`.* TO `a`@`%`", True),
        ("GRANT PROXY ON ''@'%' TO 'a'@'%'", True),
        ("GRANT SOMETHING_NEW_ADMIN ON *.* TO `a`@`%`", True),
        ("REVOKE something", True),
        ("", True),
    ],
)
def test_a_line_of_grants_is_too_much_or_not(grant: str, *, refused: bool) -> None:
    assert bool(list(too_much(grant))) is refused
