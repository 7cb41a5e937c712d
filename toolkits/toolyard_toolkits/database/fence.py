"""The second fence: what a statement is, as far as reading it tells.

It is there for early refusals with helpful words, and decides what must be asked for. What it lets pass still runs
where the database itself refuses to write, unless the call has the right to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from toolyard_toolkits.database.addresses import Kind
from toolyard_toolkits.database.denied import ASKING_PRAGMAS, CHANGING, PRAGMAS, SECRET_TABLES, beyond
from toolyard_toolkits.database.first_words import first_words

GRAMMARS: dict[Kind, str] = {"sqlite": "sqlite", "postgresql": "postgres", "mariadb": "mysql"}

READING = (exp.Query, exp.Values, exp.Describe, exp.Show, exp.Pragma)
"""Statements that only read, as far as what is in them does."""
WRITING = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable)
ONLY_AT_THE_TOP = (
    exp.DDL,
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Drop,
    exp.Alter,
    exp.TruncateTable,
    exp.Command,
    exp.Set,
    exp.Copy,
)

SHOWN = re.compile(
    r"(FULL )?TABLES|COLUMNS|FIELDS|INDEX|INDEXES|KEYS|CREATE (TABLE|VIEW|PROCEDURE|FUNCTION|TRIGGER|DATABASE|EVENT)"
    r"|DATABASES|SCHEMAS|VARIABLES|(TABLE |PROCEDURE |FUNCTION )?STATUS|WARNINGS|ERRORS|COUNT|ENGINES|COLLATION"
    r"|CHARACTER SET|TRIGGERS|EVENTS|PRIVILEGES"
)
_SETTING = re.compile(r"[\w.]+( [\w.]+){0,3}")
_VALUE = r"(?:'[^']*'|\"[^\"]*\"|-?\w+)"
_PRAGMA = re.compile(rf"pragma\s+(?:[\w\"]+\.)?(\w+)\s*(\(\s*{_VALUE}\s*\)|=\s*{_VALUE})?\s*;?\s*", re.IGNORECASE)
_EXPLAIN = {
    "sqlite": re.compile(r"\s*(query\s+plan\s)?", re.IGNORECASE),
    "postgresql": re.compile(r"\s*(\([\w\s,]*\)|(analyze\s+)?(verbose\s)?)", re.IGNORECASE),
    "mariadb": re.compile(r"\s*"),
}
_ANALYZE = re.compile(r"\s*analyze\s+(format\s*=\s*json\s+)?(?=select\b|with\b|\()", re.IGNORECASE)
_VERSION_COMMENT = re.compile(r"M?!")
_UNPARSED_WRITES = re.compile(
    r"\s*(insert|replace|update|delete|create|alter|drop|comment|analyze|reindex|refresh|vacuum)\b", re.IGNORECASE
)
_REACHES_OUT = re.compile(  # of the first words
    r"alter (system|role|user) |drop (role|user|server) |vacuum (\S+ )?into "
    r"|create (or replace )?(definer = \S+ (@ \S+ )?)?(aggregate )?(role|user|server|extension|language|foreign"
    r"|publication|subscription|tablespace|function|procedure|event) ",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`pure`: it certainly only reads. `unreadable`: why it is refused where only reading is allowed.

    `refused`: why it is refused wherever it is.
    """

    pure: bool = False
    unreadable: str | None = None
    refused: str | None = None


def judge(sql: str, kind: Kind) -> Judgement:
    """What can be said of `sql` without running it."""
    try:
        return _judged(sql, kind)
    except SqlglotError as error:
        return _unparsed(sql, _where(error))
    except (RecursionError, ValueError, TypeError, AttributeError, LookupError, AssertionError):
        # What a parser of somebody else's does with what it does not expect is unknown; not knowing means no.
        return _unparsed(sql, "it is nested too deeply, or written in a way that is not understood")


def _judged(sql: str, kind: Kind) -> Judgement:
    if kind == "mariadb" and (explained := _ANALYZE.match(sql)):
        sql = sql[explained.end() :]
    if kind == "mariadb" and (why := _version_comment(sql)):
        return Judgement(unreadable=why, refused=why)
    parsed = [each for each in sqlglot.parse(sql, read=GRAMMARS[kind]) if each and not isinstance(each, exp.Semicolon)]
    if len(parsed) != 1:
        why = f"expected exactly one statement, found {len(parsed)}; make one call for each"
        if _unparsed_write(sql):  # the body of a trigger has statements of its own
            return Judgement(unreadable=why)
        return Judgement(unreadable=why, refused=why)
    return _of(parsed[0], sql, kind)


def _of(statement: exp.Expr, sql: str, kind: Kind) -> Judgement:
    if isinstance(statement, exp.Command) and statement.name.upper() == "EXPLAIN":
        inner = str(statement.expression.name if statement.expression else "")
        return _judged(inner[_EXPLAIN[kind].match(inner).end() :], kind)  # type: ignore[union-attr]  # it matches nothing, too
    if why := _beyond(statement, kind):
        return Judgement(unreadable=why, refused=why)
    if why := _no_reading(statement, sql, kind):
        return Judgement(unreadable=why, refused=_no_writing(statement, sql))
    if why := _changing(statement, kind):
        return Judgement(unreadable=why)
    return Judgement(pure=not any(_unknown(statement)))


def _unparsed(sql: str, why: str) -> Judgement:
    advice = "write it as one plain statement"
    said = f"this SQL is not understood, so that it cannot be shown to be harmless: {why}; {advice}"
    return Judgement(unreadable=said, refused=None if _unparsed_write(sql) else said)


def _unparsed_write(sql: str) -> bool:
    return bool(_UNPARSED_WRITES.match(first_words(sql, nested=False))) and not _reaches_out(sql)


def _reaches_out(sql: str) -> bool:
    """Whether any database could read it as a statement about more than data: some let a comment hold others."""
    return any(_REACHES_OUT.match(first_words(sql, nested=nested)) for nested in (True, False))


def _where(error: SqlglotError) -> str:
    problems = error.errors if isinstance(error, ParseError) else []
    if not problems or not problems[0].get("description"):
        return "it cannot be taken apart"
    return f"line {problems[0].get('line')}, column {problems[0].get('col')}: {problems[0]['description']}"


def _version_comment(sql: str) -> str | None:
    tokens = sqlglot.tokenize(sql, read=GRAMMARS["mariadb"])
    if any(_VERSION_COMMENT.match(comment) for token in tokens for comment in token.comments):
        return "a comment that begins with /*! or /*M! is run as SQL by the server; write it without the comment signs"
    return None


def _beyond(statement: exp.Expr, kind: Kind) -> str | None:
    for node in statement.walk():
        if isinstance(node, exp.Func):
            for name in _names(node):
                if does := beyond(kind, name):
                    return f"the function {name} is not available here: it {does}"
        elif isinstance(node, exp.Table):
            path = ".".join(part.name for part in node.parts).lower()
            if SECRET_TABLES[kind].fullmatch(path):
                return f"the table {path} is not available here: it holds secrets or settings of the server"
    return None


def _no_reading(statement: exp.Expr, sql: str, kind: Kind) -> str | None:
    """Why this is no statement that only reads."""
    if isinstance(statement, exp.Command) and statement.name.upper() == "SHOW" and kind == "postgresql":
        said = str(statement.expression.name if statement.expression else "").strip(" ;")
        return None if _SETTING.fullmatch(said) else "SHOW takes the name of a setting, as in SHOW server_version"
    if isinstance(statement, exp.Anonymous) and statement.name.upper() == "VALUES":
        return None
    if not isinstance(statement, READING):
        return f"{_name(statement, sql)} is no reading statement, and this call may only read; write a SELECT"
    if isinstance(statement, exp.Show) and not SHOWN.fullmatch(statement.name.upper()):
        return f"SHOW {statement.name} is not available here; query information_schema, or use sql_describe"
    if isinstance(statement, exp.Pragma):
        return _pragma(sql)
    for node in statement.walk():
        if isinstance(node, ONLY_AT_THE_TOP) and not isinstance(node, exp.Query):
            return f"{_name(node, '')} inside of a query changes data, and this call may only read; leave it out"
        if isinstance(node, exp.Into) or (isinstance(node, exp.Select) and node.args.get("into")):
            return "SELECT … INTO writes a table, a file or a variable, and this call may only read; leave INTO out"
        if isinstance(node, exp.Lock):
            return "FOR UPDATE and FOR SHARE lock rows, and this call may only read; leave it out"
    return None


def _pragma(sql: str) -> str | None:
    bare = "".join(part for part in re.split(r"--[^\n]*|/\*.*?\*/", sql, flags=re.DOTALL)).strip()
    found = _PRAGMA.fullmatch(bare)
    name = found[1].lower() if found else ""
    if name not in PRAGMAS:
        return f"this PRAGMA is not available here; those that tell something are: {', '.join(sorted(PRAGMAS))}"
    if found and found[2] and name not in ASKING_PRAGMAS:
        return f"PRAGMA {name} with a value would set it, and this call may only read; leave the value out"
    return None


def _no_writing(statement: exp.Expr, sql: str) -> str | None:
    """Why this is no statement that changes data, either."""
    if _reaches_out(sql):
        return f"{_name(statement, sql)} of this kind reaches beyond the data; ask the operator to do it"
    if isinstance(statement, (*WRITING, exp.Query, exp.Comment, exp.Analyze)) or _unparsed_write(sql):
        return None
    return (
        f"{_name(statement, sql)} is not available here; expected one statement that reads, or INSERT, UPDATE, DELETE, "
        f"MERGE, CREATE, ALTER, DROP or TRUNCATE"
    )


def _changing(statement: exp.Expr, kind: Kind) -> str | None:
    for node in statement.walk():
        if isinstance(node, exp.NextValueFor) or (isinstance(node, exp.Func) and _matches(node, CHANGING[kind])):
            return f"{node.sql()[:80]} changes data, and this call may only read; leave it out"
    return None


def _matches(node: exp.Func, names: re.Pattern[str]) -> bool:
    return any(names.fullmatch(name) for name in _names(node))


def _names(node: exp.Func) -> Iterator[str]:
    if isinstance(node, exp.Anonymous):
        yield node.name.lower()
    else:
        yield from (name.lower() for name in type(node).sql_names())


def _unknown(statement: exp.Expr) -> Iterator[exp.Expr]:
    """Functions that the parser does not know: what they do is for the database to say."""
    return (node for node in statement.walk() if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc))


def _name(statement: exp.Expr, sql: str) -> str:
    word = re.match(r"\s*([A-Za-z]+)", sql)
    return (word[1] if word else type(statement).__name__).upper()
