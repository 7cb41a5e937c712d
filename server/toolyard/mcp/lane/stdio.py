"""The lane on stdio, between the client and the SDK's server, which is only started when it is needed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import anyio

from toolyard.mcp.callers import Counter, Made
from toolyard.mcp.lane.answers import Answers
from toolyard.mcp.lane.conversation import Conversation
from toolyard.mcp.lane.doors import door_of
from toolyard.mcp.lane.encoding import INTERNAL_ERROR, error_message, result_message
from toolyard.mcp.lane.identity import Identity
from toolyard.mcp.lane.news import news_told
from toolyard.mcp.lane.requests import Id, Request, cancelled_by, correlated, is_in_envelope, message_of
from toolyard.mcp.lines import MAX_MESSAGE, Lines
from toolyard.mcp.room import FULL, Room
from toolyard_agents.telemetry.operation import is_heard
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.content import JsonObject

LAST_CALLS = 1.0
"""Seconds that calls have to end whose client closed stdin behind them, as a pipe does; then they are cancelled."""
GOODBYE = 2.0
"""Seconds that cancelled calls have to end."""

NO_ROOM = -32010
"""The code of an error: a request was not taken since too many are under way."""

log = logging.getLogger("toolyard")


class Left(NamedTuple):
    """A line for the SDK's server; no line is the end.

    `made` is the call that it is about, if that was made already; `has_room` says whether there is room for a request.
    """

    line: bytes
    made: Made | None = None
    has_room: bool = True


class StdioLane:
    """Answers what it knows. To the SDK's server it is the client, with the lines that are left."""

    def __init__(self, lines: Lines, counter: Counter, identity: Identity, *, takes: bool) -> None:
        """Unless it `takes` any, every line is left."""
        self.room = Room(lines.hold, lines.go_on)
        self._lines = lines
        self._counter = counter
        self._answers = Answers(counter, identity)
        self._talk = Conversation(identity)
        self._takes = takes
        self._left: asyncio.Queue[Left] = asyncio.Queue()
        self._first: Left | None = None
        self._calls: dict[asyncio.Task[None], Id] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Read and answer until the block is left; calls that go on then are given a moment, and are cancelled."""
        reading = asyncio.create_task(self._read_on(), name="toolyard-lane")
        try:
            with news_told(self._counter.runtime.changes, self._tell):
                yield
        finally:
            for task in (reading, *self._under_way()):
                task.cancel()
            with anyio.CancelScope(shield=True):
                await self._over(GOODBYE)

    async def needs_sdk(self) -> bool:
        """Wait until a line is left to the SDK's server, or the client has closed stdin."""
        self._first = await self._left.get()
        return bool(self._first.line)

    async def read(self) -> Left:
        """The next line for the SDK's server."""
        first, self._first = self._first, None
        left = first or await self._left.get()
        if left.line:
            self.room.leave()
        return left

    async def write(self, line: bytes) -> None:
        """A line of the SDK's server."""
        if not self._talk.overheard(line):
            await self._lines.write(line)

    def refusal(self, id: Id, method: str, params: JsonObject) -> bytes:
        """The answer to a request that there is no room for; that of a call is recorded."""
        name, given = params.get("name"), params.get("arguments")
        if method != "tools/call" or type(name) is not str:
            return error_message(id, NO_ROOM, FULL)
        request = Request(id, method, {**params, "arguments": given if type(given) is dict else None}, None)
        call = self._answers.call(request)
        outcome = self._counter.gate.refuse(call, self._counter.local, "under_way", FULL)
        modern = is_in_envelope({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        answer = self._answers.to(request, outcome, modern=modern)
        return answer.message if answer else error_message(id, NO_ROOM, FULL)

    def _leave(self, line: bytes, made: Made | None = None) -> None:
        """To the SDK's server, which hears first what it needs to know of the conversation."""
        has_room = made is not None or not self.room.is_full
        for each in (*map(Left, self._talk.retold()), Left(line, made, has_room)):
            self.room.enter()
            self._left.put_nowait(each)

    def _under_way(self) -> list[asyncio.Task[None]]:
        return [*self._tasks, *self._calls]

    async def _over(self, seconds: float) -> None:
        if left := self._under_way():
            await asyncio.wait(left, timeout=seconds)

    async def _read_on(self) -> None:
        try:
            await self._lines.each(self._take)
            await self._over(LAST_CALLS)
        except Exception:
            log.exception("the client's messages cannot be read any more")
        finally:
            for task in self._under_way():
                task.cancel()
            self._left.put_nowait(Left(b""))

    def _take(self, line: bytes) -> None:
        message = message_of(line) if self._takes and len(line) <= MAX_MESSAGE else None
        if message is None:
            self._leave(line)
        elif "id" not in message:
            if not self._is_noted(message):
                self._leave(line)
        elif is_heard() or not self._is_taken(message, line):
            self._leave(line)
            self._talk.left(message)

    def _is_taken(self, message: JsonObject, line: bytes) -> bool:
        """Whether the request is the lane's to answer, which is under way then."""
        if (greeting := self._talk.greeting(message)) is not None:
            self._spawn(self._lines.write(greeting))
            return True
        request = self._talk.request(message)
        return request is not None and self._is_answered(request, line)

    def _is_noted(self, message: JsonObject) -> bool:
        if (id := cancelled_by(message)) is not None:
            self._cancel(id)
            return self._talk.alone  # else the SDK's server may have a call of this id too
        return self._talk.is_initialized_by(message)

    def _cancel(self, id: Id) -> None:
        for task in [task for task, called in self._calls.items() if called == id]:
            task.cancel()
            task.add_done_callback(self._ended)  # it may never have begun

    def _is_answered(self, request: Request, line: bytes) -> bool:
        caller, modern = self._counter.local, self._talk.modern
        if self._answers.takes(request, caller):
            if self.room.is_full:
                self._spawn(self._lines.write(self.refusal(request.id, request.method, request.params)))
                return True
            self.room.enter()
            call = asyncio.get_running_loop().create_task(self._call(request, line, caller, modern=modern))
            self._calls[call] = correlated(request.id)
            return True
        if (result := self._answers.at_once(request, caller, modern=modern)) is None:
            return False
        self._spawn(self._answer(request.id, result))
        return True

    async def _answer(self, id: Id, result: bytes) -> None:
        """In turn, and made no sooner: for a client that asks for a long list on and on and reads none of them, only
        one is held."""
        async with self._turn:
            await self._lines.write(result_message(id, result))

    async def _call(self, request: Request, line: bytes, caller: Caller, *, modern: bool) -> None:
        try:
            answer = await self._answered(request, line, caller, modern=modern)
            if answer is not None:
                await self._lines.write(answer)
        finally:
            self._ended(asyncio.current_task())

    async def _answered(self, request: Request, line: bytes, caller: Caller, *, modern: bool) -> bytes | None:
        """The answer to a call that was made; None when it is left to the SDK's server, with its outcome."""
        call, door = self._answers.call(request), door_of(request.token, self._lines.write)
        try:
            outcome = await self._answers.make(call, caller, door)
            answer = self._answers.to(request, outcome, modern=modern)
        except Exception:
            log.exception("a call of %r failed inside of the server", call.tool)
            return error_message(request.id, INTERNAL_ERROR, "Internal server error")
        if answer is not None:
            return answer.message
        self._leave(line, Made(call=call, outcome=outcome))
        return None

    def _ended(self, call: asyncio.Task[None] | None) -> None:
        if call is not None and self._calls.pop(call, None) is not None:
            self.room.leave()

    def _tell(self, news: bytes) -> None:
        """A client that has shaken hands is told what changed; one that the SDK's server knows hears it from there."""
        if self._talk.alone and self._talk.is_open:
            self._spawn(self._lines.write(news))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.room.enter()
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spoken)

    def _spoken(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.room.leave()
