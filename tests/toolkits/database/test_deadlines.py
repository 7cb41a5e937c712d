"""Whatever a query does, its call ends in time, the database does nothing more for it, and the next call works."""

from __future__ import annotations

import resource
import time
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tests.toolkits.database.conftest import OpenDoor
from tests.toolkits.database.servers import Place
from toolyard_toolkits.database.databases import AT_ONCE

pytestmark = pytest.mark.anyio

ENDLESS = {
    "sqlite": [
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c",
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c WHERE n < 0",
    ],
    "postgresql": [
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n % 2 FROM c) SELECT count(*) FROM c",
        "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b",
        "SELECT pg_sleep(600)",
    ],
    "mariadb": [
        "SELECT SLEEP(600)",
        "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b",
    ],
}
RUNNING = {
    "postgresql": "SELECT query FROM pg_stat_activity WHERE datname = '{}' AND state = 'active' "
    "AND pid <> pg_backend_pid()",
    "mariadb": "SELECT info FROM information_schema.processlist WHERE user LIKE '{}%' AND command = 'Query'",
}


async def nothing_runs(kind: str, request: pytest.FixtureRequest) -> bool:
    """Whether the server ends it within a moment: it hears of a closed connection a little later than we do."""
    if kind == "sqlite":
        return True
    place: Place = request.getfixturevalue(f"{kind}_place")
    for _ in range(50):
        if not place.ask(RUNNING[kind].format(place.name)):
            return True
        await anyio.sleep(0.02)
    return False


@pytest.mark.parametrize("number", range(3))
async def test_an_endless_query_ends_at_the_database(
    open_door: OpenDoor, kind: str, request: pytest.FixtureRequest, number: int
) -> None:
    if number >= len(ENDLESS[kind]):
        pytest.skip("one less for this kind")
    door = open_door(fence=False, limits={"timeout": 1})
    await door.query("SELECT 1")
    began = time.monotonic()
    outcome = await door.query(ENDLESS[kind][number])
    assert time.monotonic() - began < 2
    assert outcome.status == "timeout" or kind == "mariadb"
    assert "1s" in outcome.text or kind == "mariadb"
    assert await nothing_runs(kind, request)
    assert await door.rows("SELECT 1") == [[1]]


async def test_a_caller_who_leaves_ends_the_query_at_the_database(
    open_door: OpenDoor, kind: str, request: pytest.FixtureRequest
) -> None:
    door = open_door(fence=False, limits={"timeout": 60})
    await door.query("SELECT 1")
    began = time.monotonic()
    with anyio.move_on_after(0.3):
        await door.query(ENDLESS[kind][0])
    assert time.monotonic() - began < 2
    assert await nothing_runs(kind, request)
    assert await door.rows("SELECT 1") == [[1]]


async def test_a_time_limit_that_a_query_takes_away_still_holds(postgresql_door: OpenDoor) -> None:
    door = postgresql_door(fence=False, limits={"timeout": 1})
    began = time.monotonic()
    outcome = await door.query("SELECT set_config('statement_timeout', '0', false), pg_sleep(600)")
    assert outcome.status == "timeout"
    assert time.monotonic() - began < 2


async def test_a_time_limit_that_mariadb_is_told_to_forget_still_holds(
    mariadb_place: Place, open_door: OpenDoor, kind: str
) -> None:
    if kind != "mariadb":
        pytest.skip("SET STATEMENT is MariaDB's")
    door = open_door(fence=False, limits={"timeout": 1})
    began = time.monotonic()
    outcome = await door.query("SET STATEMENT max_statement_time = 0 FOR SELECT SLEEP(600)")
    assert outcome.status in ("ok", "timeout")
    assert time.monotonic() - began < 2


async def test_a_page_of_a_huge_result_leaves_nothing_running_and_memory_flat(
    open_door: OpenDoor, kind: str, request: pytest.FixtureRequest
) -> None:
    huge = {
        "sqlite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n, hex(zeroblob(500)) FROM c",
        "postgresql": "SELECT a.n, repeat('x', 1000) FROM (VALUES (1), (2)) AS b(n), "
        "(SELECT 1 AS n UNION ALL SELECT n FROM items, LATERAL (SELECT 1 AS n) AS l) AS a, "
        "pg_class AS c, pg_class AS d, pg_class AS e",
        "mariadb": "SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000000",
    }[kind]
    door = open_door(limits={"timeout": 20})
    await door.query("SELECT 1")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    assert len(await door.rows(huge, row_limit=5)) == 5
    assert time.monotonic() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000
    assert await nothing_runs(kind, request)


async def test_more_calls_than_connections_wait_for_each_other(open_door: OpenDoor) -> None:
    door, answers = open_door(limits={"timeout": 30}), list[Any]()

    async def ask() -> None:
        answers.append(await door.rows("SELECT 1"))

    async with anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE * 2):
            tasks.start_soon(ask)
    assert answers == [[[1]]] * AT_ONCE * 2


async def test_a_call_that_waits_for_a_connection_in_vain_says_so(sqlite_door: OpenDoor) -> None:
    door, answers = sqlite_door(limits={"timeout": 1.5}), list[Any]()

    async def ask() -> None:
        answers.append(await door.query(ENDLESS["sqlite"][0]))

    async with anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE + 1):
            tasks.start_soon(ask)
    assert [answer.status for answer in answers] == ["timeout"] * (AT_ONCE + 1)
    assert await door.rows("SELECT 1") == [[1]]


async def test_closing_the_toolkit_ends_what_runs(sqlite_door: OpenDoor) -> None:
    door, answers = sqlite_door(limits={"timeout": 60}), list[Any]()
    await door.query("SELECT 1")

    async def ask() -> None:
        answers.append(await door.query(ENDLESS["sqlite"][0]))

    async with anyio.create_task_group() as tasks, door.toolkit.lifespan():
        tasks.start_soon(ask)
        await anyio.lowlevel.checkpoint()  # whether it began before the end or after: it ends
    assert [answer.status for answer in answers] == ["tool_error"]
    assert "its call is over" in answers[0].text
