"""What `toolyard run` shows of a run."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, BinaryIO, Protocol

import click

from toolyard.cli.terminal import show_preview
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.events import AgentEvent
from toolyard_agents.results import RunResult
from toolyard_kernel.approvals.shown import shown, shown_text
from toolyard_kernel.calls.workers import Job, Workers

WIDEST = 400
"""Characters of a call, or of its answer, in one line."""


class RunOutput(Protocol):
    """Hears the events of a run, and its result."""

    async def hear(self, event: AgentEvent) -> None: ...

    async def end(self, result: RunResult) -> None: ...


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

    async def end(self, result: RunResult) -> None:
        await self._line(
            {
                "type": "result",
                "run_id": result.run_id,
                "status": result.status,
                "stop_reason": result.stop_reason,
                "text": result.text,
                "usage": result.usage,
                "cost": result.cost,
            }
        )

    async def _line(self, record: dict[str, Any]) -> None:
        await self._stdout.write(json.dumps(record, default=str) + "\n")


class TextOutput:
    """The agent's own text on stdout as it comes; calls, asks and what goes wrong on stderr, in colours on a terminal.

    `asks` says that whoever answers asks shows them, too.
    """

    def __init__(self, stdout: Stdout, *, asks: bool) -> None:
        self._stdout = stdout
        self._asks = asks
        self._in_line = False

    async def hear(self, event: AgentEvent) -> None:
        if event.type == "text" and event.parent_run_id is None:
            await self._text(event.content or "")
        elif event.type in ("tool_start", "tool_end", "tool_blocked", "approval_required", "error", "cancelled"):
            await self._break_line()
            self._tell(event)

    async def end(self, result: RunResult) -> None:
        await self._break_line()
        if result.status == "interrupted":
            click.secho("the run waits for an approval that nobody here can give", fg="yellow", err=True)
        cost = "" if result.cost is None else f", ${result.cost:.4f}"
        used = f"{result.usage['input_tokens']} tokens in, {result.usage['output_tokens']} out{cost}"
        if self._stdout.terminal:
            click.secho(used, dim=True, err=True)

    async def _text(self, text: str) -> None:
        if text:
            self._in_line = not text.endswith("\n")
            await self._stdout.write(shown_text(text) if self._stdout.terminal else text)

    async def _break_line(self) -> None:
        if self._in_line:
            self._in_line = False
            await self._stdout.write("\n")

    def _tell(self, event: AgentEvent) -> None:
        who = f"{event.agent}: " if event.parent_run_id else ""
        name, about = event.tool_name or "", event.tool_metadata or {}
        match event.type:
            case "tool_start":
                click.secho(_short(f"{who}-> {name} {shown(event.tool_args or {})}"), fg="cyan", err=True)
            case "tool_end":
                status = str(about.get("status", ""))
                told = _short(f"{who}<- {name}: {status}: {event.tool_result or ''}")
                click.secho(told, fg=None if status == "ok" else "red", dim=status == "ok", err=True)
            case "tool_blocked":
                click.secho(_short(f"{who}<- {name}: refused: {event.content or ''}"), fg="red", err=True)
            case "approval_required" if not self._asks:
                click.secho(_short(f"{who}?? {name} {shown(event.tool_args or {})}"), fg="yellow", err=True)
                click.secho(shown_text(event.content or ""), fg="yellow", err=True)
                show_preview(str(about.get("preview", "")))
            case "error" | "cancelled":
                click.secho(f"toolyard: run: {who}{event.type}: {shown_text(event.content or '')}", fg="red", err=True)
            case _:
                pass


def _short(text: str) -> str:
    line = " ".join(shown_text(text).split())
    return line if len(line) <= WIDEST else f"{line[:WIDEST]}... ({len(line)} characters)"
