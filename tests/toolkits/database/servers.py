"""Databases of our own on the servers that run here: made for the tests, with their roles, and dropped after them."""

# ruff: noqa: S608 - the statements are our own

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from psycopg import sql as written
from sqlalchemy import make_url

SECRET = "canary-that-must-not-sing"
WATCHED = "canary-that-must-stay"

# Read now: every test begins with an environment that has none of them.
POSTGRESQL = (
    [os.environ["TOOLYARD_TEST_POSTGRESQL"]]
    if "TOOLYARD_TEST_POSTGRESQL" in os.environ
    else ["postgresql://postgres@127.0.0.1:5432/postgres", "postgresql://root@127.0.0.1:5432/postgres"]
)
MARIADB = (
    [os.environ["TOOLYARD_TEST_MARIADB"]]
    if "TOOLYARD_TEST_MARIADB" in os.environ
    else ["mysql://root@127.0.0.1:3306/", "mysql://root@localhost/?unix_socket=/run/mysqld/mysqld.sock"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A database. `owner` could write whatever is in it but for `vault`; `reader` could not; `greedy` may too much.

    Each is a URL with its password, as an environment variable would hold it. `admin` is for looking after it.
    """

    kind: str
    name: str
    owner: str
    reader: str
    greedy: str
    admin: Any

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database tells its administrator."""
        with closing(self.admin.cursor()) as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


@contextmanager
def postgresql() -> Generator[Place]:
    """A PostgreSQL database of our own; the test is skipped where no server lets us in."""
    url, admin = _postgresql_admin()
    name, password = f"toolyard_{secrets.token_hex(5)}", secrets.token_urlsafe(12)
    at = f"{url.host or '127.0.0.1'}:{url.port or 5432}/{name}"
    roles = {role: f"{name}_{role}" for role in ("owner", "reader", "greedy")}
    try:
        for role, more in (("owner", ""), ("reader", ""), ("greedy", "IN ROLE pg_read_server_files")):
            _run(admin, f"CREATE ROLE {roles[role]} LOGIN PASSWORD '{password}' {more}")
        _run(admin, f"CREATE DATABASE {name} OWNER {roles['owner']}")
        with _postgresql(f"postgresql://{roles['owner']}:{password}@{at}") as owner:
            for statement in POSTGRESQL_TABLES.format(reader=roles["reader"]).split(";;"):
                _run(owner, statement)
        with _postgresql(str(url.set(database=name).render_as_string(hide_password=False))) as inside:
            _run(inside, f"CREATE TABLE vault (secret text); INSERT INTO vault VALUES ('{SECRET}')")
            yield Place(
                kind="postgresql",
                name=name,
                admin=inside,
                **{role: f"postgresql://{roles[role]}:{password}@{at}" for role in roles},
            )
    finally:
        _run(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        for role in roles.values():
            _run(admin, f"DROP ROLE IF EXISTS {role}")
        admin.close()


def _postgresql(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, connect_timeout=2)


def _postgresql_admin() -> tuple[Any, psycopg.Connection[Any]]:
    said = ""
    for url in POSTGRESQL:
        try:
            return make_url(url), _postgresql(url)
        except psycopg.Error as error:
            said = str(error).strip().splitlines()[0]
    pytest.skip(f"needs a PostgreSQL server (TOOLYARD_TEST_POSTGRESQL names one, .ci/databases starts one): {said}")


def _run(connection: psycopg.Connection[Any], statement: str) -> None:
    connection.execute(written.SQL(statement))  # pyright: ignore[reportArgumentType] - made of our own names


POSTGRESQL_TABLES = f"""
CREATE TABLE canary (id integer PRIMARY KEY, note text NOT NULL) ;;
INSERT INTO canary VALUES (1, '{WATCHED}'), (2, 'second') ;;
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, price numeric(10, 2), made date, about jsonb) ;;
INSERT INTO items VALUES
  (1, 'mug', 4.50, '2024-01-02', '{{{{"tags": ["blue"]}}}}'), (2, 'cup', 3, '2024-02-03', NULL) ;;
CREATE TABLE orders (id integer PRIMARY KEY, item integer NOT NULL REFERENCES items, amount integer DEFAULT 1) ;;
CREATE INDEX orders_by_item ON orders (item) ;;
CREATE VIEW cheap AS SELECT * FROM items WHERE price < 4 ;;
CREATE SEQUENCE numbers ;;
CREATE PROCEDURE wipe() LANGUAGE plpgsql AS
  $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM canary; COMMIT; END $$ ;;
CREATE FUNCTION sneak() RETURNS integer LANGUAGE plpgsql AS
  $$ BEGIN EXECUTE 'SET TRANSACTION READ WRITE'; DELETE FROM canary; RETURN 1; END $$ ;;
CREATE SCHEMA decoy ;;
CREATE TABLE decoy.canary (id integer, note text) ;;
GRANT SELECT ON canary, items, orders, cheap TO {{reader}}
"""


@contextmanager
def mariadb() -> Generator[Place]:
    """A MariaDB database of our own; the test is skipped where no server lets us in."""
    url, admin = _mariadb_admin()
    name, password = f"toolyard_{secrets.token_hex(5)}", secrets.token_urlsafe(12)
    at = f"{'127.0.0.1' if url.query.get('unix_socket') else url.host}:{url.port or 3306}/{name}"
    users = {user: f"{name}_{user}" for user in ("owner", "reader", "greedy")}
    try:
        _do(admin, f"CREATE DATABASE {name}")
        for user in users.values():
            for host in ("%", "localhost"):
                _do(admin, f"CREATE USER '{user}'@'{host}' IDENTIFIED BY '{password}'")
                right = "SELECT" if user == users["reader"] else "ALL"
                _do(admin, f"GRANT {right} ON {name}.* TO '{user}'@'{host}'")
                if user == users["greedy"]:
                    _do(admin, f"GRANT FILE ON *.* TO '{user}'@'{host}'")
        _do(admin, f"USE {name}")
        for statement in MARIADB_TABLES.split(";;"):
            _do(admin, statement)
        yield Place(
            kind="mariadb",
            name=name,
            admin=admin,
            **{user: f"mysql://{users[user]}:{password}@{at}?ssl_disabled=true" for user in users},
        )
    finally:
        _do(admin, f"DROP DATABASE IF EXISTS {name}")
        for user in users.values():
            for host in ("%", "localhost"):
                _do(admin, f"DROP USER IF EXISTS '{user}'@'{host}'")
        admin.close()


def _mariadb_admin() -> tuple[Any, Any]:
    said = ""
    for each in MARIADB:
        url = make_url(each)
        known: dict[str, Any] = {"host": url.host or "127.0.0.1", "port": url.port or 3306}
        known.update(user=url.username or "root", password=str(url.password or ""), **url.query)
        try:
            return url, pymysql.connect(**known, autocommit=True, connect_timeout=2)
        except (pymysql.Error, OSError) as error:
            said = str(error.args[-1])
    pytest.skip(f"needs a MariaDB server (TOOLYARD_TEST_MARIADB names one, .ci/databases starts one): {said}")


def _do(connection: Any, statement: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)


MARIADB_TABLES = f"""
CREATE TABLE canary (id integer PRIMARY KEY, note text NOT NULL) ;;
INSERT INTO canary VALUES (1, '{WATCHED}'), (2, 'second') ;;
CREATE TABLE items (id integer PRIMARY KEY, name varchar(40) NOT NULL, price decimal(10, 2), made date, about json,
  FULLTEXT (name)) ;;
INSERT INTO items VALUES (1, 'mug', 4.50, '2024-01-02', '{{"tags": ["blue"]}}'), (2, 'cup', 3, '2024-02-03', NULL) ;;
CREATE TABLE orders (id integer PRIMARY KEY, item integer NOT NULL, amount integer DEFAULT 1,
  CONSTRAINT of_item FOREIGN KEY (item) REFERENCES items (id)) ;;
CREATE VIEW cheap AS SELECT * FROM items WHERE price < 4 ;;
CREATE SEQUENCE numbers ;;
CREATE PROCEDURE wipe() BEGIN COMMIT; SET SESSION TRANSACTION READ WRITE; DELETE FROM canary; COMMIT; END ;;
CREATE FUNCTION sneak() RETURNS integer MODIFIES SQL DATA BEGIN DELETE FROM canary; RETURN 1; END
"""

SQLITE_TABLES = f"""
CREATE TABLE canary (id integer PRIMARY KEY, note text NOT NULL);
INSERT INTO canary VALUES (1, '{WATCHED}'), (2, 'second');
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, price numeric, made date, about text);
INSERT INTO items VALUES (1, 'mug', 4.50, '2024-01-02', '{{"tags": ["blue"]}}'), (2, 'cup', 3, '2024-02-03', NULL);
CREATE TABLE orders (id integer PRIMARY KEY, item integer NOT NULL REFERENCES items, amount integer DEFAULT 1);
CREATE INDEX orders_by_item ON orders (item);
CREATE VIEW cheap AS SELECT * FROM items WHERE price < 4;
CREATE VIEW trap AS SELECT load_extension('nothing') AS loaded;
CREATE VIRTUAL TABLE words USING fts5 (word);
INSERT INTO words VALUES ('a plain word');
"""


def fill_sqlite(file: Path, statements: str = SQLITE_TABLES) -> Path:
    with closing(sqlite3.connect(file)) as database:
        database.executescript(statements)
    return file
