"""Every attempt runs against real databases, with the fence and without it: what must stay stays, and nothing gets out.

The role of a connection could write, so that what holds is the read-only transaction and not the grants.
"""

# ruff: noqa: S608 - the statements are our own

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bypasses import corpus
from tests.toolkits.database.door import Door, door_to, toolkit_of
from tests.toolkits.database.servers import SECRET, Place, fill_sqlite, mariadb, postgresql

pytestmark = pytest.mark.anyio

PASSWORDS = re.compile(r"root:[x*]:|SCRAM-SHA-256|\*[0-9A-F]{40}")
"""A line of /etc/passwd, and hashes of passwords as PostgreSQL and MariaDB keep them."""
Doors = dict[tuple[str, bool], Door]
MOMENT = 5.0
"""Seconds that a session has to end."""
LIMITS = {"timeout": 3, "output_bytes": 50_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A database to attack. `words` fill the braces of an attempt; `state` is all that must stay as it is."""

    kind: str
    urls: dict[str, str]
    words: dict[str, str]
    state: Callable[[], object]
    probe: str
    made: Path


@pytest.fixture(scope="module")
def _postgresql() -> Generator[Place]:
    with postgresql() as place:
        yield place


@pytest.fixture(scope="module")
def _mariadb() -> Generator[Place]:
    with mariadb() as place:
        yield place


def files_below(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_size) for path in folder.rglob("*") if path.is_file())


@contextmanager
def sqlite_target(folder: Path) -> Generator[Target]:
    """A file with a secret and another database beside it."""
    data = folder / "data"
    data.mkdir()
    file = fill_sqlite(data / "shop.db")
    other = fill_sqlite(data / "other.db", f"CREATE TABLE vault (secret text); INSERT INTO vault VALUES ('{SECRET}');")
    secret = data / "secret.txt"
    secret.write_text(SECRET)
    made = data / "made"
    words = {"secret": str(secret), "other": str(other), "made": str(made), "folder": str(data)}

    def state() -> object:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return list(database.iterdump()), file.read_bytes(), files_below(data)

    yield Target(
        kind="sqlite",
        urls={"owner": f"sqlite:///{file}"},
        words=words,
        state=state,
        probe="SELECT (SELECT count(*) FROM sqlite_temp_master), (SELECT count(*) FROM canary)",
        made=made,
    )


def postgresql_target(place: Place, made: Path) -> Target:
    (pid,) = place.ask("SELECT pg_backend_pid()")[0]

    def state() -> object:
        return [
            place.ask("SELECT * FROM canary ORDER BY id"),
            place.ask(
                "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
            ),
            place.ask("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"),
            place.ask("SELECT last_value, is_called FROM numbers"),
            place.ask("SELECT count(*) FROM pg_largeobject_metadata"),
            place.ask("SELECT extname FROM pg_extension ORDER BY 1"),
            place.ask(f"SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE '{place.name}%' ORDER BY 1"),
            place.ask("SELECT count(*) FROM pg_replication_slots"),
            advisory_locks(place),
            place.ask("SELECT name FROM pg_file_settings WHERE name = 'log_statement'"),
        ]

    return Target(
        kind="postgresql",
        urls={"owner": place.owner, "reader": place.reader},
        words={"made": str(made), "name": place.name, "admin_pid": str(pid)},
        state=state,
        probe="SELECT session_user = current_user, current_setting('search_path'), (SELECT count(*) FROM canary), "
        "current_setting('transaction_read_only'), (SELECT count(*) FROM pg_prepared_statements WHERE from_sql), "
        "(SELECT count(*) FROM pg_cursors WHERE is_holdable)",
        made=made,
    )


def advisory_locks(place: Place) -> object:
    """Those of this database that stay; others of the server are other tests'. A session that was closed keeps its own
    until its process has ended, a moment later."""
    end = time.monotonic() + MOMENT
    while (
        found := place.ask(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        )
    ) != [(0,)] and time.monotonic() < end:
        time.sleep(0.01)
    return found


def mariadb_target(place: Place, made: Path) -> Target:
    ((pid,),) = place.ask("SELECT CONNECTION_ID()")

    def state() -> object:
        return [
            place.ask("SELECT * FROM canary ORDER BY id"),
            place.ask(
                f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{place.name}' ORDER BY 1"
            ),
            place.ask(f"SELECT routine_name FROM information_schema.routines WHERE routine_schema = '{place.name}'"),
            place.ask(f"SELECT event_name FROM information_schema.events WHERE event_schema = '{place.name}'"),
            place.ask("SELECT next_not_cached_value FROM numbers"),
            place.ask(f"SELECT User, Priv FROM mysql.global_priv WHERE User LIKE '{place.name}%' ORDER BY User, Host"),
            place.ask("SELECT count(*) FROM mysql.func"),
            place.ask("SELECT count(*) FROM mysql.servers"),
            place.ask("SELECT @@global.max_connections, IS_USED_LOCK('canary')"),
            place.ask("XA RECOVER"),
        ]

    return Target(
        kind="mariadb",
        urls={"owner": place.owner, "reader": place.reader},
        words={"made": str(made), "name": place.name, "admin_pid": str(pid)},
        state=state,
        probe="SELECT @left_behind, DATABASE(), @@sql_mode, @@tx_read_only, CURRENT_ROLE(), "
        "(SELECT count(*) FROM canary)",
        made=made,
    )


@pytest.fixture
async def sqlite_file(tmp_path: Path) -> AsyncGenerator[Target]:
    with sqlite_target(tmp_path) as target:
        yield target


@pytest.fixture
def postgresql_place(_postgresql: Place, tmp_path: Path) -> Target:
    return postgresql_target(_postgresql, Path(f"/tmp/{_postgresql.name}-{tmp_path.name}"))


@pytest.fixture
def mariadb_place(_mariadb: Place, tmp_path: Path) -> Target:
    return mariadb_target(_mariadb, Path(f"/tmp/{_mariadb.name}-{tmp_path.name}"))


@pytest.fixture(scope="module")
def doors() -> Doors:
    """Doors that serve many tests, as those of a server serve many callers."""
    return {}


def door(target: Target, doors: Doors, monkeypatch: pytest.MonkeyPatch, *, role: str, fence: bool) -> Door:
    key = (target.urls[role], fence)
    if key not in doors:
        monkeypatch.setenv("SHOP_URL", target.urls[role])
        toolkit = toolkit_of({"shop": {"url_env": "SHOP_URL"}}, fence=fence)
        doors[key] = door_to(toolkit, target.made.parent, profile={"limits": LIMITS})
    return doors[key]


def statements_of(attempt: corpus.Attempt, words: dict[str, str]) -> list[str]:
    written: Any = attempt["sql"]
    given: list[str] = [written] if isinstance(written, str) else written
    times: int = attempt.get("nested", 0)
    found = [statement + (f" + {'(' * times}1{')' * times}" if times else "") for statement in given]
    return [re.sub(r"\{(\w+)\}", lambda word: words.get(word[1], word[0]), statement) for statement in found]


async def attempted(target: Target, attempt: corpus.Attempt, found: Door) -> str:
    """Make the attempt, and see that it was for nothing; what was answered."""
    before, fresh = target.state(), await found.query(target.probe)
    answers = [await found.query(statement) for statement in statements_of(attempt, target.words)]
    said = "\n".join(answer.text for answer in answers)
    assert target.state() == before
    assert SECRET not in said
    assert not PASSWORDS.search(said)
    assert not target.made.exists()
    assert (await found.query(target.probe)).structured == fresh.structured
    return said


async def check(
    target: Target, attempt: corpus.Attempt, doors: Doors, monkeypatch: pytest.MonkeyPatch, *, fence: bool
) -> None:
    found = door(target, doors, monkeypatch, role=attempt.get("role", "owner"), fence=fence)
    said = await attempted(target, attempt, found)
    if fence:
        if attempt.get("fence") != "passes":
            assert "refused before it ran" in said.splitlines()[0] or "NUL character" in said, said
    elif attempt["below"] is not None:
        assert re.search(attempt["below"], said), said


@pytest.mark.parametrize("fence", [True, False], ids=["fence", "no fence"])
@pytest.mark.parametrize("attempt", corpus.params("sql_sqlite"))
async def test_sqlite_survives(
    sqlite_file: Target, attempt: corpus.Attempt, doors: Doors, monkeypatch: pytest.MonkeyPatch, *, fence: bool
) -> None:
    await check(sqlite_file, attempt, doors, monkeypatch, fence=fence)


@pytest.mark.parametrize("fence", [True, False], ids=["fence", "no fence"])
@pytest.mark.parametrize("attempt", corpus.params("sql_postgresql"))
async def test_postgresql_survives(
    postgresql_place: Target, attempt: corpus.Attempt, doors: Doors, monkeypatch: pytest.MonkeyPatch, *, fence: bool
) -> None:
    await check(postgresql_place, attempt, doors, monkeypatch, fence=fence)


@pytest.mark.parametrize("fence", [True, False], ids=["fence", "no fence"])
@pytest.mark.parametrize("attempt", corpus.params("sql_mariadb"))
async def test_mariadb_survives(
    mariadb_place: Target, attempt: corpus.Attempt, doors: Doors, monkeypatch: pytest.MonkeyPatch, *, fence: bool
) -> None:
    await check(mariadb_place, attempt, doors, monkeypatch, fence=fence)


def honest_on(kind: str) -> Iterable[Any]:
    return [pytest.param(entry, id=entry["id"]) for entry in corpus.load("honest_sql") if kind in entry["databases"]]


async def check_honest(target: Target, work: corpus.Attempt, doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = await door(target, doors, monkeypatch, role="owner", fence=True).rows(work["sql"])
    assert work["gives"] is None or rows[0] == work["gives"]


@pytest.mark.parametrize("work", honest_on("sqlite"))
async def test_honest_work_in_sqlite_is_done(
    sqlite_file: Target, work: corpus.Attempt, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    await check_honest(sqlite_file, work, doors, monkeypatch)


@pytest.mark.parametrize("work", honest_on("postgresql"))
async def test_honest_work_in_postgresql_is_done(
    postgresql_place: Target, work: corpus.Attempt, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    await check_honest(postgresql_place, work, doors, monkeypatch)


@pytest.mark.parametrize("work", honest_on("mariadb"))
async def test_honest_work_in_mariadb_is_done(
    mariadb_place: Target, work: corpus.Attempt, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    await check_honest(mariadb_place, work, doors, monkeypatch)
