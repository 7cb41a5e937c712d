"""The fence refuses with words that help, in bounded time, and knows what it does not know."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolyard_toolkits.database.addresses import Kind
from toolyard_toolkits.database.fence import judge

KINDS: tuple[Kind, ...] = ("sqlite", "postgresql", "mariadb")


@pytest.mark.parametrize(
    ("kind", "sql", "said"),
    [
        ("sqlite", "SELECT 1; SELECT 2", "expected exactly one statement, found 2; make one call for each"),
        ("sqlite", "DELETE FROM a", "DELETE is no reading statement, and this call may only read; write a SELECT"),
        ("sqlite", "SELECT FROM WHERE", "line 1, column"),
        ("sqlite", "PRAGMA query_only = 0", "PRAGMA is not available here; those that tell something are: "),
        ("sqlite", "PRAGMA user_version = 3", "with a value would set it"),
        ("sqlite", "SELECT load_extension('x')", "the function load_extension is not available here: it loads code"),
        ("postgresql", "SELECT * FROM a FOR UPDATE", "FOR UPDATE and FOR SHARE lock rows"),
        ("postgresql", "SELECT 1 INTO a", "SELECT … INTO writes"),
        (
            "postgresql",
            "SELECT query_to_xml('x', true, true, '')",
            "SQL that is hidden in a text; write that SQL itself",
        ),
        ("postgresql", "SELECT * FROM pg_shadow", "the table pg_shadow is not available here"),
        ("postgresql", "SHOW a; b", "expected exactly one statement"),
        ("mariadb", "SELECT /*! 1 */", "a comment that begins with /*! or /*M! is run as SQL by the server"),
        ("mariadb", "SELECT SLEEP(1)", "it only waits"),
        ("mariadb", "SHOW GRANTS", "SHOW GRANTS is not available here"),
        ("mariadb", "SELECT * FROM mysql.user", "the table mysql.user is not available here"),
    ],
)
def test_a_refusal_names_what_and_says_what_to_do(kind: Kind, sql: str, said: str) -> None:
    assert said in (judge(sql, kind).unreadable or "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "a(" * 3000 + ")" * 3000,
        "SELECT " + "CASE WHEN 1 THEN " * 2000 + "1" + " END" * 2000,
        "SELECT " + "(SELECT " * 2000 + "1" + ")" * 2000,
        "SELECT " + "NOT " * 10_000 + "1",
        "SELECT " + "1 + " * 10_000 + "1",
        "SELECT " + "[" * 5000,
        "SELECT " + "CAST(" * 3000 + "1",
        "((((((((((((((((((((((SELECT 1) UNION SELECT 2",
        "SELECT 1 FROM " + "(" * 30 + "a" + ")" * 30 + " JOIN b",
        "WITH " + ", ".join(f"a{n} AS (SELECT 1)" for n in range(3000)) + " SELECT 1",
    ],
    ids=lambda sql: sql[:20],
)
def test_no_nesting_keeps_it_busy(kind: Kind, sql: str) -> None:
    began = time.process_time()
    judge(sql, kind)
    assert time.process_time() - began < 10


WORDS = (
    "SELECT FROM WHERE WITH AS UNION INSERT INTO DELETE UPDATE SET DROP TABLE EXPLAIN SHOW PRAGMA VALUES ( ) , ; * = "
    "'a' \"b\" `c` -- /* */ /*! $$ 1 x items canary COPY TO CALL BEGIN END FOR NULL"
)


@pytest.mark.parametrize("kind", KINDS)
@given(words=st.lists(st.sampled_from(WORDS.split()), max_size=15))
@settings(deadline=None, max_examples=120)
def test_whatever_it_is_given_it_answers_and_what_is_refused_is_never_pure(kind: Kind, words: list[str]) -> None:
    judgement = judge(" ".join(words), kind)
    assert not (judgement.pure and (judgement.unreadable or judgement.refused))
    assert not (judgement.refused and not judgement.unreadable)


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        ("sqlite", "VACUUM/**/INTO '/tmp/x'"),
        ("sqlite", "VACUUM\"main\"INTO '/tmp/x'"),
        ("sqlite", "-- a\nVACUUM main INTO '/tmp/x'"),
        ("postgresql", "CREATE/**/EXTENSION dblink"),
        ("postgresql", "ALTER/**/SYSTEM SET a='b'"),
        ("postgresql", "ALTER/**/ROLE me SUPERUSER"),
        ("postgresql", "/*a*/CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'"),
        ("postgresql", "/* a /* b */ c */ CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'select 1'"),
        ("postgresql", "CREATE -- a\n ROLE r"),
        ("mariadb", "CREATE/**/EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1"),
        ("mariadb", "CREATE OR REPLACE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1"),
        ("mariadb", "CREATE DEFINER=root@localhost PROCEDURE p() SELECT 1"),
        ("mariadb", "CREATE DEFINER=`root`@`localhost` FUNCTION f() RETURNS INT RETURN 1"),
        ("mariadb", "# a\nDROP USER joe"),
    ],
)
def test_what_reaches_beyond_the_data_is_refused_however_it_is_written(kind: Kind, sql: str) -> None:
    assert judge(sql, kind).refused
