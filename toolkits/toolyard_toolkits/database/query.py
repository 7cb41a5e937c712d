"""What `sql_query` answers: a page of rows, or how many rows were changed."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.errors import ToolError
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_toolkits.database.answers import Answer
from toolyard_toolkits.database.cursors import cursor_after, offset_of
from toolyard_toolkits.database.databases import Database
from toolyard_toolkits.database.fence import Judgement, judge
from toolyard_toolkits.database.pages import Page

LONGEST_PARSED = 100_000
"""Characters of a statement that is looked at before it runs; a longer one is not shown to be harmless."""
LONGEST_ON_THE_LOOP = 10_000
"""Characters that are looked at to tell whether a call must be asked for; a longer statement is taken for a write."""
MOST_SKIPPED = 1_000_000
"""Rows that a cursor may lead past: each page reads those before it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One call of `sql_query`."""

    database: Database
    connection: str
    sql: str
    most: int
    cursor: str | None
    fence: bool
    ctx: ToolContext

    def answer(self) -> Answer:
        """Raises:
        ToolError: the statement is refused, by the fence or by the database.
        DeadlineExceeded: it was ended at the database, because it took too long.
        """
        check_text(self.sql)
        write = writes(self.database, self.sql, self.ctx.caller.profile)
        if self.fence:
            _check(judged(self.database, self.sql), write=write)
        return self._change() if write else self._read()

    def _read(self) -> Answer:
        page = self._page(offset_of(self.cursor, self.connection, self.sql))
        with self.database.session(self.ctx) as session:
            page.fill(session.read(self.sql), session)
        return self._told(page)

    def _change(self) -> Answer:
        if self.cursor is not None:
            raise ToolError("a statement that may change data has no further pages; leave the cursor out")
        page = self._page(0)
        with self.database.session(self.ctx, write=True) as session:
            given = session.change(self.sql)
            page.fill(given, session)
        told = _answer(page)
        if given.changed is not None:
            told["changed"] = given.changed
        if page.more:
            told["note"] = "the statement was carried out, and not all rows that it gave are shown; do not repeat it"
        return told

    def _page(self, offset: int) -> Page:
        return Page(offset=offset, most=self.most, room=self.ctx.caller.profile.limits.output_bytes)

    def _told(self, page: Page) -> Answer:
        told = _answer(page)
        if not page.more:
            return told
        seen = page.offset + len(page.rows)
        limit = self.ctx.caller.profile.limits.output_bytes
        why = f"an answer has at most {limit} bytes" if page.full else f"row_limit is {self.most}"
        if seen > MOST_SKIPPED:
            told["note"] = f"there are more rows ({why}); ask for those after these with WHERE"
            return told
        told["next_cursor"] = cursor_after(seen, self.connection, self.sql)
        told["note"] = f"there are more rows ({why}); make the same call with cursor set to next_cursor for the next"
        return told


def writes(database: Database, sql: str, profile: PermissionProfile) -> bool:
    """Whether the statement runs where it can write: it may, and nothing shows that it only reads."""
    return profile.database == "mutations" and (len(sql) > LONGEST_ON_THE_LOOP or not judged(database, sql).pure)


def judged(database: Database, sql: str) -> Judgement:
    """What the fence says of a statement; one that it cannot look at is refused."""
    if len(sql) > LONGEST_PARSED or not _is_unicode(sql):
        why = f"the SQL has {len(sql)} characters, and at most {LONGEST_PARSED} are looked at; make it shorter"
        return Judgement(unreadable=why, refused=why)
    return judge(sql, database.kind)


def check_text(sql: str) -> None:
    """Raises:
    ToolError: it is nothing that a database can be given.
    """
    if "\0" in sql or not _is_unicode(sql):
        raise ToolError("the SQL holds a NUL character or half of one, which no database takes; write it without")
    if not sql.strip():
        raise ToolError("the SQL is empty; write one statement, such as SELECT 1")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check(judgement: Judgement, *, write: bool) -> None:
    if refused := judgement.refused if write else judgement.unreadable:
        raise ToolError(f"refused before it ran: {refused}")


def _answer(page: Page) -> Answer:
    return Answer(columns=page.columns, rows=page.rows, row_count=len(page.rows))
