"""What the gate tells the ledger, with every secret taken out first."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from toolyard_kernel.callers import Caller
from toolyard_kernel.decisions import Decision
from toolyard_kernel.errors import LedgerError
from toolyard_kernel.ledger import records
from toolyard_kernel.ledger.ledger import Ledger
from toolyard_kernel.ledger.redaction import field_names_only, redact, scrub
from toolyard_kernel.outcomes import Outcome, ToolCall
from toolyard_kernel.registry import Registered

NO_SECRETS: frozenset[str] = frozenset()

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes the two records of a call, or the one of a refusal."""

    ledger: Ledger

    def started(self, call: ToolCall, caller: Caller, decision: Decision, entry: Registered) -> None:
        """Record a call before its handler runs.

        Raises:
            LedgerError: it could not be recorded, so it must not run.
        """
        self._append(records.started(call, caller, decision, redact(call.arguments, entry.secret)))

    def ended(self, call: ToolCall, caller: Caller, outcome: Outcome, entry: Registered) -> None:
        """Record how it ended. The call has run: a ledger that fails now is reported, and the caller has its answer."""
        message = scrub(outcome.text, call.arguments, entry.secret)
        self._append_last(records.ended(call, caller, outcome, message), outcome)

    def refused(self, call: ToolCall, caller: Caller, outcome: Outcome, entry: Registered | None) -> None:
        """Record a refusal. Arguments that no schema vouches for may hold a secret anywhere: only names are kept."""
        vouched = entry is not None and not entry.input.problems(call.arguments)
        secret = entry.secret if entry else NO_SECRETS
        shown = redact(call.arguments, secret) if vouched else field_names_only(call.arguments)
        message = scrub(outcome.decision.reason, call.arguments, secret)
        self._append_last(records.refused(call, caller, outcome, message, shown), outcome)

    def _append(self, record: records.Record) -> None:
        try:
            self.ledger.append(record)
        except LedgerError:
            raise
        except Exception as error:  # a host's own ledger may raise anything
            raise LedgerError(f"the ledger failed: {type(error).__name__}: {error}") from error

    def _append_last(self, record: records.Record, outcome: Outcome) -> None:
        try:
            self._append(record)
        except LedgerError as error:
            log.error(  # noqa: TRY400 - the message says it all
                "call %s of %r ended %s, unrecorded: %s", record["call_id"], record["tool"], outcome.status, error
            )
