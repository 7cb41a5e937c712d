"""What `toolyard run` shows of a run."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, BinaryIO, Protocol

from toolyard.cli.drawing import Drawing, Question, one_line, question_of
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.control.naming import SHORTEST
from toolyard_agents.events import TERMINAL, AgentEvent
from toolyard_agents.results import RunResult
from toolyard_kernel.approvals.shown import shown, shown_text
from toolyard_kernel.calls.workers import Job, Workers

TOLD = frozenset({"tool_start", "tool_end", "tool_blocked", "approval_required", "error", "cancelled"})
"""The events that are worth a line."""


class RunOutput(Protocol):
    """Hears the events of a run, and its result, with the id of its session if that is kept."""

    async def hear(self, event: AgentEvent) -> None: ...

    async def end(self, result: RunResult, session_id: str | None) -> None: ...


class Stdout:
    """Writes in a thread, so that a reader who waits holds nothing up; one who is gone ends the run."""

    def __init__(self, stream: BinaryIO, token: CancellationToken) -> None:
        self.terminal = stream.isatty()
        self._stream = stream
        self._token = token
        self._workers = Workers(1)
        self._gone = False

    async def write(self, text: str) -> None:
        if self._gone:
            return
        try:
            await self._workers.run(Job(partial(self._write, text.encode(errors="replace"))))
        except OSError as error:
            self._gone = True
            self._token.cancel(f"stdout cannot be written: {error.strerror}")

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._stream.write(rest) :]


class JsonOutput:
    """Every event as a line of JSON, and one of type `result` at the end."""

    def __init__(self, stdout: Stdout) -> None:
        self._stdout = stdout

    async def hear(self, event: AgentEvent) -> None:
        await self._line(event.to_dict())

    async def end(self, result: RunResult, session_id: str | None) -> None:
        kept = {"session_id": session_id} if session_id else {}
        await self._line({"type": "result", **result.to_dict(), **kept})

    async def _line(self, record: dict[str, Any]) -> None:
        await self._stdout.write(json.dumps(record, default=str) + "\n")


class TextOutput:
    """The agent's own text on stdout as it comes; calls, asks and what goes wrong are drawn, on stderr.

    `asks` says that whoever answers asks shows them, too.
    """

    def __init__(self, stdout: Stdout, drawing: Drawing, *, asks: bool) -> None:
        self._stdout = stdout
        self._drawing = drawing
        self._asks = asks
        self._in_line = False
        self._running: dict[tuple[str, str | None], str] = {}

    async def hear(self, event: AgentEvent) -> None:
        if event.type == "text" and event.parent_run_id is None:
            await self._text(event.content or "")
            return
        if event.type in TOLD:
            await self._break_line()
            self._tell(event)
        self._go_on(event)

    async def end(self, result: RunResult, session_id: str | None) -> None:
        self._drawing.doing(None)
        await self._break_line()
        if result.status == "interrupted":
            self._drawing.line("the run waits for an approval that nobody here can give", "waiting")
        cost = "" if result.cost is None else f", ${result.cost:.4f}"
        used = f"{result.usage['input_tokens']} tokens in, {result.usage['output_tokens']} out{cost}"
        if self._stdout.terminal:
            kept = f"; session {session_id[:SHORTEST]}" if session_id else ""
            self._drawing.line(used + kept, "aside")

    async def _text(self, text: str) -> None:
        if text:
            self._drawing.doing(None)
            self._in_line = not text.endswith("\n")
            await self._stdout.write(shown_text(text) if self._stdout.terminal else text)

    async def _break_line(self) -> None:
        if self._in_line:
            self._in_line = False
            await self._stdout.write("\n")

    def _go_on(self, event: AgentEvent) -> None:
        """Show what goes on after this event, unless that would stand in the middle of the agent's text."""
        call = (event.run_id, event.tool_call_id)
        if event.type == "tool_start":
            self._running[call] = one_line(event.tool_name or "")
        elif event.type in ("tool_end", "tool_blocked"):
            self._running.pop(call, None)
        if event.type in TERMINAL and event.parent_run_id is None:
            self._drawing.doing(None)
        elif not self._in_line:
            self._drawing.doing(", ".join(self._running.values()) or "thinking…")

    def _tell(self, event: AgentEvent) -> None:
        draw = self._drawing
        who = f"{event.agent}: " if event.parent_run_id else ""
        name, about = event.tool_name or "", event.tool_metadata or {}
        match event.type:
            case "tool_start":
                draw.line(one_line(f"{who}-> {name} {shown(event.tool_args or {})}"), "call")
            case "tool_end":
                status = str(about.get("status", ""))
                told = one_line(f"{who}<- {name}: {status}: {event.tool_result or ''}")
                draw.line(told, "aside" if status == "ok" else "wrong")
            case "tool_blocked":
                draw.line(one_line(f"{who}<- {name}: refused: {event.content or ''}"), "wrong")
            case "approval_required" if not self._asks:
                with draw.asking(_question(event, who)):
                    pass  # nobody here can answer
            case "error" | "cancelled":
                draw.line(shown_text(f"toolyard: run: {who}{event.type}: {event.content or ''}"), "wrong")
            case _:
                pass


def _question(event: AgentEvent, who: str) -> Question:
    return question_of(
        tool=event.tool_name or "",
        arguments=event.tool_args or {},
        reason=event.content or "",
        preview=str((event.tool_metadata or {}).get("preview", "")),
        answered=False,
        whose=who,
    )
