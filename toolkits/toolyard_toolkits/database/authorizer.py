"""What a statement may do in SQLite, decided by SQLite as it compiles the statement."""

from __future__ import annotations

import sqlite3

from toolyard_toolkits.database.denied import ASKING_PRAGMAS, PRAGMAS, SECRET_TABLES

_NAMES = """
    -> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling changes char coalesce concat concat_ws cos
    cosh count cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value
    floor format glob group_concat hex highlight if ifnull iif instr julianday lag last_insert_rowid last_value lead
    length like likelihood likely ln log log10 log2 lower ltrim match matchinfo max median min mod nth_value ntile
    nullif octet_length offsets percent_rank percentile percentile_cont percentile_disc pi pow power printf quote
    radians random randomblob rank replace round row_number rtrim sign sin sinh snippet soundex
    sqlite_compileoption_get sqlite_compileoption_used sqlite_offset sqlite_source_id sqlite_version sqrt strftime
    string_agg substr substring subtype sum tan tanh time timediff total total_changes trim trunc typeof unhex unicode
    unistr unistr_quote unixepoch unlikely upper zeroblob
"""
FUNCTIONS = frozenset(_NAMES.split())
"""Functions that work on values alone. All that begin with `json` do, too."""

MODULES = frozenset({"fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly"})

_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE})
_WRITING = frozenset(
    {
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_UPDATE,
        sqlite3.SQLITE_DELETE,
        sqlite3.SQLITE_ALTER_TABLE,
        sqlite3.SQLITE_ANALYZE,
        sqlite3.SQLITE_REINDEX,
        sqlite3.SQLITE_CREATE_INDEX,
        sqlite3.SQLITE_CREATE_TABLE,
        sqlite3.SQLITE_CREATE_TRIGGER,
        sqlite3.SQLITE_CREATE_VIEW,
        sqlite3.SQLITE_DROP_INDEX,
        sqlite3.SQLITE_DROP_TABLE,
        sqlite3.SQLITE_DROP_TRIGGER,
        sqlite3.SQLITE_DROP_VIEW,
        sqlite3.SQLITE_DROP_VTABLE,
    }
)


def reading(action: int, first: str | None, second: str | None, database: str | None, within: str | None) -> int:
    """The authorizer of a connection that only reads: what is not known to be harmless is refused."""
    return sqlite3.SQLITE_OK if _reads(action, first, second) else sqlite3.SQLITE_DENY


def writing(action: int, first: str | None, second: str | None, database: str | None, within: str | None) -> int:
    """The authorizer of a connection that changes its own file, and nothing else."""
    if action in _WRITING or _reads(action, first, second):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_CREATE_VTABLE and (second or "").lower() in MODULES:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _reads(action: int, first: str | None, second: str | None) -> bool:
    if action == sqlite3.SQLITE_READ:
        return not SECRET_TABLES["sqlite"].fullmatch((first or "").lower())
    if action == sqlite3.SQLITE_UPDATE:
        # A virtual table that is looked at asks for it; SQLite lets no statement do it to this table.
        return (first or "").lower() == "sqlite_master"
    if action == sqlite3.SQLITE_FUNCTION:
        function = (second or "").lower()
        return function in FUNCTIONS or function.startswith("json")
    if action == sqlite3.SQLITE_PRAGMA:
        pragma = (first or "").lower()
        return pragma in PRAGMAS and (not second or pragma in ASKING_PRAGMAS)
    return action in _READING
