"""What PyMySQL can do on its wire, and offers no way to: its connections are taken as they are."""

# ruff: noqa: SLF001 - see above

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pymysql
from pymysql.constants import COMMAND


def server_version(raw: Any) -> str:
    return str(raw.get_server_info())


def thread_id(raw: Any) -> int:
    return int(raw.thread_id())


def gives_rows(raw: Any, sql: str) -> bool:
    """Whether the server, which parses the statement but does not run it, says that it gives rows.

    Raises:
        pymysql.Error: it is no statement, or one that this transaction does not allow.
    """
    raw._execute_command(COMMAND.COM_STMT_PREPARE, sql)
    head: bytes = raw._read_packet().read(9)
    columns, parameters = int.from_bytes(head[5:7], "little"), int.from_bytes(head[7:9], "little")
    for described in (parameters, columns):
        for _ in range(described + 1 if described else 0):  # a packet for each, and one that ends them
            raw._read_packet()
    return columns > 0


def abandon_rows(raw: Any) -> bool:
    """Forget the rows that were not read, which PyMySQL itself would read to the last; whether there were any."""
    unread = raw._result
    if unread is None or not unread.unbuffered_active:
        return False
    unread.unbuffered_active = False
    raw._result = None
    return True


def shut(raw: Any) -> None:
    """End the line, so that whoever waits for an answer on it wakes up."""
    line: socket.socket | None = raw._sock
    if line is not None:
        with suppress(OSError, pymysql.Error):
            line.shutdown(socket.SHUT_RDWR)
