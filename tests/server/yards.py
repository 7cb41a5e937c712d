"""A folder with a config and a module of tools, and the command that serves it, as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, cast

import anyio
from anyio.abc import ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp import StdioServerParameters
from mcp_types import CallToolResult, TextContent

from toolyard_kernel.ledger.reading import read_records

TOOLYARD = (sys.executable, "-m", "toolyard")
LEGACY, MODERN = "legacy", "2026-07-28"
ERAS = (LEGACY, MODERN)
DEADLINE = 30
"""Seconds after which a test is stuck."""
ENDS_WITHIN = 5
"""Seconds a process may live on after its client (R3)."""
LONGEST_LINE = 8 * 1024 * 1024
LOG = "stderr.log"


@dataclass(frozen=True, kw_only=True)
class Yard:
    """A folder to serve, and the environment its processes get."""

    root: Path
    env: Mapping[str, str]
    config: str = "toolyard.yaml"

    def run(self, *arguments: str, stdin: str | bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
        """One `toolyard` command, run to its end."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        command, whole = [*TOOLYARD, *arguments], {**self.env, **(env or {})}
        done = subprocess.run(
            command, cwd=self.root, env=whole, input=given, capture_output=True, check=False, timeout=DEADLINE
        )
        return Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    def stdio(self) -> StdioServerParameters:
        """What the SDK's client starts."""
        arguments = [*TOOLYARD[1:], "serve", self.config]
        return StdioServerParameters(command=TOOLYARD[0], args=arguments, cwd=str(self.root), env=dict(self.env))

    def records(self) -> list[dict[str, Any]]:
        """The ledger, oldest record first."""
        return list(read_records(Path(self.env["XDG_STATE_HOME"]) / "toolyard"))

    def ends(self, tool: str) -> list[str]:
        """How the calls of `tool` ended, oldest first."""
        return [str(record["status"]) for record in self.records() if record["tool"] == tool and "status" in record]

    def started(self, tool: str) -> list[dict[str, Any]]:
        """The records of calls of `tool` that ran."""
        return [record for record in self.records() if record["tool"] == tool and record["event"] == "start"]

    def log(self) -> str:
        """What the last process that was talked to wrote to stderr."""
        return (self.root / LOG).read_text()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def write_yard(root: Path, tools: str = "", config: str = "profile: readonly\npython: [my_tools]\n") -> Yard:
    """Fill `root` with a config and, in `my_tools.py`, the tools it serves."""
    env = {**os.environ, "HOME": str(root / "home")}
    env |= {f"XDG_{name}_HOME": str(root / "home" / name.lower()) for name in ("STATE", "CONFIG", "DATA", "CACHE")}
    yard = Yard(root=root, env=env)
    yard.write("toolyard.yaml", config)
    if tools:
        yard.write("my_tools.py", tools)
    return yard


@dataclass(kw_only=True)
class Server:
    """A server over HTTP in a process of its own."""

    url: str
    process: subprocess.Popen[bytes]
    reader: Thread
    lines: list[str] = field(default_factory=list[str])

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2].partition("/")[0])

    @property
    def log(self) -> str:
        """What it wrote to stderr so far."""
        return "".join(self.lines)

    def stop(self) -> int:
        """End it as an operator does, and say how it ended."""
        self.process.terminate()
        try:
            code = self.process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.reader.join(DEADLINE)
        return code


@contextmanager
def serving(yard: Yard, *options: str, env: Mapping[str, str] | None = None) -> Generator[Server]:
    """`toolyard serve --transport streamable-http` on a free port."""
    command = [*TOOLYARD, "serve", yard.config, "--transport", "streamable-http", "--port", "0", *options]
    whole, null, pipe = {**yard.env, **(env or {})}, subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(command, cwd=yard.root, env=whole, stdout=null, stderr=pipe) as process:
        ready: Queue[str] = Queue()
        lines: list[str] = []

        def read() -> None:
            assert process.stderr
            for line in process.stderr:
                lines.append(line.decode())
                if lines[-1].startswith("toolyard serves "):
                    ready.put(lines[-1].split()[-1])
            ready.put("")

        reader = Thread(target=read, daemon=True)
        reader.start()
        url = ready.get(timeout=DEADLINE)
        assert url, "".join(lines)
        server = Server(url=url, process=process, reader=reader, lines=lines)
        try:
            yield server
        finally:
            if process.poll() is None:
                server.stop()


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A conversation with `toolyard serve` over stdio, byte by byte."""

    process: Process
    out: BufferedByteReceiveStream

    async def send(self, *messages: bytes | dict[str, Any]) -> None:
        for message in messages:
            line = message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode()
            await self._stdin.send(line + b"\n")

    async def line(self) -> dict[str, Any]:
        """The next line of stdout, which must be a JSON-RPC message."""
        message = json.loads(await self.out.receive_until(b"\n", LONGEST_LINE))
        assert message["jsonrpc"] == "2.0"
        return cast("dict[str, Any]", message)

    async def answer(self, id: int | str | None) -> dict[str, Any]:
        while "method" in (message := await self.line()) or message["id"] != id:
            pass
        return message

    async def open(self) -> None:
        """The handshake of the eras before 2026-07-28."""
        about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        await self.send({"id": "hello", "method": "initialize", "params": about})
        await self.answer("hello")
        await self.send({"method": "notifications/initialized"})

    async def call(self, id: int, tool: str, arguments: dict[str, Any] | None = None, **meta: Any) -> None:
        params = {"name": tool, "arguments": arguments or {}, **({"_meta": meta} if meta else {})}
        await self.send({"id": id, "method": "tools/call", "params": params})

    async def end(self) -> tuple[int, bytes]:
        """Close stdin; how the process ends, and what else it wrote to stdout."""
        await self._stdin.aclose()
        with anyio.fail_after(ENDS_WITHIN):
            rest = b"".join([chunk async for chunk in self.out])
            return await self.process.wait(), rest

    @property
    def _stdin(self) -> ByteSendStream:
        assert self.process.stdin
        return self.process.stdin


@asynccontextmanager
async def talking(yard: Yard) -> AsyncGenerator[Talk]:
    """`toolyard serve` over stdio, spoken to without a client's help."""
    with anyio.fail_after(DEADLINE):
        command = [*TOOLYARD, "serve", yard.config]
        with (yard.root / LOG).open("wb") as log:
            process = await anyio.open_process(command, cwd=yard.root, env=yard.env, stderr=log)
        async with process:
            assert process.stdout
            try:
                yield Talk(process=process, out=BufferedByteReceiveStream(process.stdout))
            finally:
                if process.returncode is None:
                    process.kill()


async def until(happened: Callable[[], bool]) -> None:
    """Wait for what another process does to its files: nothing tells of it."""
    with anyio.fail_after(DEADLINE):
        while not happened():  # noqa: ASYNC110 - see above
            await anyio.sleep(0.01)


def text_of(result: CallToolResult) -> str:
    return "".join(block.text for block in result.content if isinstance(block, TextContent))
