"""Records and verdicts as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from toolyard_kernel.ledger.findings import Verdict

COLUMNS = (
    "time",
    "event",
    "call_id",
    "tool",
    "caller",
    "tenant",
    "profile",
    "thread_id",
    "run_id",
    "decision",
    "rule",
    "reason",
    "status",
    "duration_ms",
    "error",
    "arguments",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run: names and reasons can come from a caller."""


def text_line(record: dict[str, Any]) -> str:
    """One record for a person."""
    what = record.get("status") or "started"
    took = f" in {record['duration_ms']} ms" if record.get("event") == "end" else ""
    why = f": {record['error']}" if record.get("error") else ""
    who = f"{record.get('caller')} ({record.get('profile')})"
    return f"{record.get('time')}  {record.get('call_id')}  {who}  {record.get('tool')}  {what}{took}{why}"


def json_lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    return (json.dumps(record) + "\n" for record in records)


def csv_lines(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A header, then a row for each record."""
    yield _row(COLUMNS)
    for record in records:
        yield _row(_cell(record.get(column)) for column in COLUMNS)


def shown_verdict(verdict: Verdict, folder: Path) -> str:
    """What was found, for a person: problems first, the sum last."""
    lines = [f"✗ {problem}" for problem in verdict.problems] + [f"note: {note}" for note in verdict.notes]
    sums = f"{_count(verdict.records, 'record')} in {_count(verdict.files, 'file')}, {_count(verdict.calls, 'call')}"
    unknown = f", {len(verdict.unknown)} with an unknown outcome" if verdict.unknown else ""
    found = "fine" if verdict.ok else f"{_count(len(verdict.problems), 'problem')}"
    return "\n".join([*lines, f"{folder}: {sums}{unknown}: {found}"])


def verdict_json(verdict: Verdict) -> str:
    return json.dumps({"ok": verdict.ok, **asdict(verdict)}, indent=2)


def _row(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return "" if value is None else json.dumps(value)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
