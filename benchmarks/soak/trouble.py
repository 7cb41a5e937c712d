"""What clients do that is no plain call: ask for what is not there, send what is no message, leave midway."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from benchmarks.soak.yard import Yard
from benchmarks.wire.connections import HttpConnection, StdioConnection, opened_session
from benchmarks.wire.messages import LEGACY, META, MODERN, read, written
from benchmarks.wire.processes import BenchmarkError
from benchmarks.wire.servers.catalogue import NAME

INVALID_PARAMS = -32602
PARSE_ERROR = -32700


@dataclass(slots=True)
class Troublemaker:
    """`make` does each of it once, and gives what was not answered as it must be."""

    yard: Yard
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def make(self) -> Iterator[str]:
        for where, ask in {"http": self.over_http, "stdio": self.over_stdio}.items():
            yield from self._wrong(where, "an unknown tool", ask("no_such_tool", {}), INVALID_PARAMS)
            refused = ask(NAME, {"text": 5})
            if not refused.get("result", {}).get("isError"):
                yield f"{where}: wrong arguments were answered with {refused}"
        yield from self._wrong("http", "what is no JSON", self._nonsense(), PARSE_ERROR)
        self._leave_over_http()
        self._cancel_over_stdio()
        self._come_and_go()

    def over_http(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a call of 2026-07-28."""
        connection = HttpConnection(self.yard.http.port)
        try:
            return read(connection.post(*self._modern(tool, arguments)))
        finally:
            connection.close()

    def over_stdio(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        connection = self._pipe
        connection.write(written({"id": number, **_call(tool, arguments)}))
        while True:
            for line in connection.lines():
                message = json.loads(line)
                if message.get("id") == number:
                    return dict(message)

    def _modern(self, tool: str, arguments: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        body = written({"id": next(self._ids), **_call(tool, arguments, _meta=META)})
        return body, {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool}

    def _nonsense(self) -> dict[str, Any]:
        connection = HttpConnection(self.yard.http.port)
        try:
            return read(connection.post(b"{", {"mcp-protocol-version": MODERN}))
        finally:
            connection.close()

    def _leave_over_http(self) -> None:
        connection = HttpConnection(self.yard.http.port)
        connection.start(*self._modern("wait", {}))
        connection.close()

    def _cancel_over_stdio(self) -> None:
        number = next(self._ids)
        self._pipe.write(written({"id": number, **_call("wait", {})}))
        self._pipe.write(written({"method": "notifications/cancelled", "params": {"requestId": number}}))

    def _come_and_go(self) -> None:
        """A client of the handshake era, from hello to goodbye."""
        session = opened_session(self.yard.http.port)
        connection = HttpConnection(self.yard.http.port)
        connection.post(b"", {"mcp-protocol-version": LEGACY, "mcp-session-id": session}, method="DELETE")
        connection.close()

    @property
    def _pipe(self) -> StdioConnection:
        if self.yard.stdio.stdio is None:
            raise BenchmarkError("the yard over stdio has no pipes")
        return self.yard.stdio.stdio

    @staticmethod
    def _wrong(where: str, what: str, answer: Mapping[str, Any], code: int) -> Iterator[str]:
        if answer.get("error", {}).get("code") != code:
            yield f"{where}: {what} was answered with {answer} and not with {code}"


def _call(tool: str, arguments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"method": "tools/call", "params": {"name": tool, "arguments": arguments, **more}}
