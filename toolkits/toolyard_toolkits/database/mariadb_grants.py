"""What a user of MariaDB or MySQL may do, and what it may not for a tool to use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pymysql

from toolyard_toolkits.database.drivers import UnsafeRoleError
from toolyard_toolkits.database.mariadb_wire import server_version

HARMLESS_EVERYWHERE = frozenset(
    {
        "USAGE",
        "SHOW DATABASES",
        "SHOW VIEW",
        "SHOW CREATE ROUTINE",
        "PROCESS",
        "REPLICATION CLIENT",
        "BINLOG MONITOR",
        "SLAVE MONITOR",
        "REPLICA MONITOR",
        "CREATE TEMPORARY TABLES",
        "LOCK TABLES",
        "EXECUTE",
    }
)
"""Rights on *.* that reach neither files nor users nor the database `mysql`, which holds the passwords of all."""

NOT_GRANTED = 1959

_GRANT = re.compile(
    r"GRANT (?P<rights>.+?) ON (?:TABLE |PROCEDURE |FUNCTION |PACKAGE |PACKAGE BODY )?(?P<on>\S+) TO .+", re.DOTALL
)
_OF_ROLE = re.compile(r"GRANT [`'\"][^ ]+ TO .+")

FITTING = """\
CREATE USER 'toolyard_reader'@'%' IDENTIFIED BY '…';
GRANT SELECT, SHOW VIEW ON `{database}`.* TO 'toolyard_reader'@'%';"""


def check_grants(raw: pymysql.Connection[Any], connection: str) -> None:
    """Refuse a user that may do more than use databases other than `mysql`, by itself or in a role it may take.

    Raises:
        UnsafeRoleError: naming what is too much, with the statements that make a user that fits.
    """
    with raw.cursor() as cursor:
        cursor.execute("SELECT CURRENT_USER(), DATABASE()")
        who, database = cursor.fetchone() or ("?", None)
        found = sorted({why for grant in _grants(cursor, server_version(raw)) for why in too_much(grant)})
    if found:
        raise UnsafeRoleError(
            f"connections.{connection}: the user {who!r} may do more than a tool should: {'; '.join(found)}. "
            f"Use a user such as\n{FITTING.format(database=database or 'shop')}"
        )


def _grants(cursor: Any, version: str) -> Iterator[str]:
    yield from _shown(cursor, "SHOW GRANTS")
    cursor.execute("SELECT DISTINCT ROLE_NAME FROM information_schema.APPLICABLE_ROLES")
    roles = ["`{}`".format(str(name).replace("`", "``")) for (name,) in cursor.fetchall()]
    if "MariaDB" not in version:
        for role in roles:
            yield from _shown(cursor, f"SHOW GRANTS FOR CURRENT_USER() USING {role}")
        return
    cursor.execute("SELECT CURRENT_ROLE()")
    usual = (cursor.fetchone() or (None,))[0]
    for role in roles:
        try:
            cursor.execute(f"SET ROLE {role}")
        except pymysql.Error as error:
            if error.args[0] != NOT_GRANTED:
                raise
            continue  # a role of a role: it is shown with the one that it was granted to
        yield from _shown(cursor, "SHOW GRANTS")
    cursor.execute("SET ROLE NONE" if usual is None else "SET ROLE `{}`".format(str(usual).replace("`", "``")))


def _shown(cursor: Any, statement: str) -> list[str]:
    cursor.execute(statement)
    return [str(grant) for (grant,) in cursor.fetchall()]


def too_much(grant: str) -> Iterator[str]:
    """What is too much in one line of SHOW GRANTS; a line that is not understood is."""
    if grant.upper().startswith("GRANT PROXY "):
        yield "it may act as another user (PROXY)"
        return
    if _OF_ROLE.fullmatch(grant) or grant.upper().startswith("SET DEFAULT ROLE"):
        return
    understood = _GRANT.fullmatch(grant)
    if understood is None:
        yield "it has a grant that is not understood"
        return
    if "GRANT OPTION" in grant.upper():
        yield f"it may hand on its rights on {understood['on']} (GRANT OPTION)"
    schema = understood["on"].partition(".")[0].strip("`'\"*").lower()
    rights = {right.strip().upper() for right in re.sub(r"\([^)]*\)", "", understood["rights"]).split(",")}
    if schema == "mysql" or _covers_mysql(schema):
        yield f"it has rights on {understood['on']}, and with them on the passwords of all users"
    if not schema and (beyond := rights - HARMLESS_EVERYWHERE):
        yield f"it has {', '.join(sorted(beyond))} on *.*"


def _covers_mysql(pattern: str) -> bool:
    """Whether the name of a database, in which % and _ stand for anything, stands for `mysql` too."""
    if not pattern or not re.search(r"[%_]", pattern):
        return False
    parts = re.split(r"(\\[%_]|[%_])", pattern)
    made = "".join({"%": ".*", "_": "."}.get(part, re.escape(part.removeprefix("\\"))) for part in parts)
    return bool(re.fullmatch(made, "mysql"))
