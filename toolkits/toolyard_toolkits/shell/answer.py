"""What a call of `bash` answers with."""

from __future__ import annotations

import re
from typing import Any

from toolyard_kernel.backends import Captured, Completed
from toolyard_kernel.content import Text, ToolResult

NOTES = 600
"""Bytes that are kept for what is said about a command beside its output."""

OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "exit_code": {"type": "integer", "description": "0 for success; negative for the signal that ended it."},
        "duration_seconds": {"type": "number"},
        "timed_out": {"type": "boolean"},
        "output_bytes": {"type": "integer", "description": "How much it wrote."},
        "left_out_bytes": {"type": "integer", "description": "How much of that is not in the text."},
    },
    "required": ["exit_code", "duration_seconds", "timed_out", "output_bytes", "left_out_bytes"],
    "additionalProperties": False,
}

_FOR_TERMINALS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")


def captured_bytes(limit: int) -> int:
    """How much of a command's output fits into an answer of `limit` bytes."""
    return max(limit - NOTES, limit // 2)


def answer(completed: Completed, *, timeout: float, advice: str, lowered: str | None) -> ToolResult:
    """The output, and how it ended. `advice` says how to see what is left out; `lowered`, why it had less time."""
    notes = [note for note in (_ending(completed, timeout), lowered) if note]
    text = "\n".join([_output(completed.output, advice), *(f"[{note}]" for note in notes)])
    return ToolResult(
        content=(Text(text),),
        structured={
            "exit_code": completed.exit_code,
            "duration_seconds": round(completed.duration, 3),
            "timed_out": completed.stopped == "timeout",
            "output_bytes": completed.output.total,
            "left_out_bytes": completed.output.left_out,
        },
        is_error=completed.exit_code != 0 or completed.stopped is not None,
    )


def _output(captured: Captured, advice: str) -> str:
    head, tail = _text(captured.head), _text(captured.tail)
    if not captured.left_out:
        return (head + tail).removesuffix("\n") or "(no output)"
    left_out = f"[… {captured.left_out} of {captured.total} bytes left out: {advice} …]"
    return f"{head}\n{left_out}\n{tail}".removesuffix("\n")


def _text(output: bytes) -> str:
    """As text, without what only terminals understand; `?` stands for what is none, and takes no more room than it."""
    return _NO_TEXT.sub("?", _FOR_TERMINALS.sub("", output.decode(errors="replace")))


def _ending(completed: Completed, timeout: float) -> str | None:
    match completed.stopped:
        case "timeout":
            return (
                f"stopped after {timeout:g}s, its timeout, with all that it had started; this is what it wrote until "
                "then. Give a longer `timeout`, or do less in one command"
            )
        case "output":
            return "stopped: it wrote too much (64 MiB); let it write less, or send the output through `head`"
        case "processes":
            return "stopped: it started too many processes (256); let fewer run at the same time"
        case None:
            return f"exit code {completed.exit_code}" if completed.exit_code else None
