"""What the gate tells the ledger, with every secret taken out first."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.decisions import Decision
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import LedgerError
from toolyard_kernel.ledger import records
from toolyard_kernel.ledger.ledger import Ledger
from toolyard_kernel.ledger.redaction import Redaction, field_names_only, redact, scrub
from toolyard_kernel.tools.registry import Registered

NO_SECRETS: frozenset[str] = frozenset()
FROM_OUTSIDE = ("tool", "caller", "thread_id", "reason")
"""What a record says besides arguments and errors that is not the kernel's own."""

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes the two records of a call, or the one of a refusal; a `redaction` takes more out of them than secrets."""

    ledger: Ledger
    redaction: Redaction | None = None

    def started(self, call: ToolCall, caller: Caller, decision: Decision, entry: Registered) -> Awaitable[None] | None:
        """Record a call before its handler runs. What it returns, if anything, is to be awaited before: it is done when
        the record is on the disk, and raises the same.

        Raises:
            LedgerError: it could not be recorded, so it must not run.
        """
        arguments = redact(call.arguments if self.redaction is None else self._redacted(call), entry.secret)
        return self._append(records.started(call, caller, decision, arguments))

    def ended(self, call: ToolCall, caller: Caller, outcome: Outcome, entry: Registered) -> Awaitable[None] | None:
        """Record how it ended. The call has run: a ledger that fails now is reported, and the caller has its answer.

        What it returns, if anything, is for `settled`, before a caller that is still there is answered.
        """
        message = "" if outcome.ok else self._told(scrub(outcome.text, call.arguments, entry.secret))
        return self._append_last(records.ended(call, caller, outcome, message), outcome)

    async def synced(self, record: Awaitable[None]) -> None:
        """Wait until the first record of a call is on the disk.

        Raises:
            LedgerError: it may not be there, so the call must not run.
        """
        try:
            await record
        except LedgerError:
            raise
        except Exception as error:
            raise _failed(error) from error

    async def settled(self, synced: Awaitable[None]) -> None:
        """Wait until the last record of a call is on the disk. The call has run: its caller has its answer anyway."""
        try:
            await synced
        except LedgerError:
            return  # the ledger itself reports it
        except Exception as error:  # noqa: BLE001 - a host's own ledger may raise anything
            log.error("%s", _failed(error))  # noqa: TRY400 - the message says it all

    def refused(self, call: ToolCall, caller: Caller, outcome: Outcome, entry: Registered | None) -> None:
        """Record a refusal. Arguments that no schema vouches for may hold a secret anywhere: only names are kept."""
        vouched = entry is not None and not entry.input.problems(call.arguments)
        secret = entry.secret if entry else NO_SECRETS
        arguments = call.arguments if self.redaction is None else self._redacted(call)
        shown = redact(arguments, secret) if vouched else field_names_only(arguments)
        message = self._told(scrub(outcome.decision.reason, call.arguments, secret))
        self._append_last(records.refused(call, caller, outcome, message, shown), outcome)

    def _redacted(self, call: ToolCall) -> JsonObject:
        """Before long texts are cut: half of a find would not be found."""
        arguments: JsonObject = self.redaction.value(call.arguments) if self.redaction else call.arguments
        return arguments

    def _told(self, message: str) -> str:
        return message if self.redaction is None else self.redaction.text(message)

    def _append(self, record: records.Record) -> Awaitable[None] | None:
        try:
            if self.redaction is not None:
                record = {**record, **{name: self.redaction.value(record[name]) for name in FROM_OUTSIDE}}
            return self.ledger.append(record)
        except LedgerError:
            raise
        except Exception as error:  # a host's own ledger may raise anything
            raise _failed(error) from error

    def _append_last(self, record: records.Record, outcome: Outcome) -> Awaitable[None] | None:
        try:
            return self._append(record)
        except LedgerError as error:
            log.error(  # noqa: TRY400 - the message says it all
                "call %s of %r ended %s, unrecorded: %s", record["call_id"], record["tool"], outcome.status, error
            )
            return None


def _failed(error: Exception) -> LedgerError:
    return LedgerError(f"the ledger failed: {type(error).__name__}: {error}")
