"""Runs in other processes, at a model that waits for the test, and terminals around them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process

from tests.agents.models.chat_server import DONE, ChatServer, Connection, Turn, call, chatting, delta, streams
from tests.agents.models.chat_server import usage as usage_chunk
from tests.server.yards import DEADLINE, TOOLYARD, Ran, Yard, until, write_yard

LOOKS = streams(call(id="c1", name="list", arguments="{}"), delta("tool_calls"), usage_chunk(), DONE)
"""A turn that calls `list`."""
SESSIONS = "home/config/toolyard/sessions"


@dataclass(slots=True)
class Scene:
    """A model, and the terminals around a run that it answers in."""

    yard: Yard
    chat: ChatServer
    go_on: anyio.Event = field(default_factory=anyio.Event)

    async def at(self, *arguments: str, stdin: str = "") -> Ran:
        """One command in a terminal of its own."""
        return await anyio.to_thread.run_sync(lambda: self.yard.run(*arguments, stdin=stdin))

    async def listed(self, *options: str) -> list[dict[str, Any]]:
        sessions: list[dict[str, Any]] = (await self.at("ps", "--json", *options)).json
        return sessions

    async def until_status(self, status: str) -> str:
        """Wait until the one session that is listed has this status; its id."""
        while [one["status"] for one in await self.listed()] != [status]:
            pass
        return str((await self.listed())[0]["id"])

    async def until_asked(self, times: int) -> None:
        await until(lambda: len(self.chat.requests) >= times)

    def messages(self, request: int) -> list[dict[str, Any]]:
        """What the model was sent in this request, below the system prompt."""
        messages: list[dict[str, Any]] = self.chat.requests[request].body["messages"]
        assert messages[0]["role"] == "system"
        return messages[1:]

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncGenerator[Process]:
        """A command that goes on; it is gone afterwards."""
        process = await anyio.open_process([*TOOLYARD, *arguments], cwd=self.yard.root, env=self.yard.env)
        async with process:
            try:
                yield process
            finally:
                if process.returncode is None:
                    process.kill()

    @property
    def run(self) -> tuple[str, ...]:
        return ("run", "What is here?", "--agent", "./agent.yaml")


Acting = Callable[["Scene"], Turn]


def waits(turn: Turn) -> Acting:
    """The turn, once the scene goes on."""

    def of(scene: Scene) -> Turn:
        async def later(connection: Connection) -> None:
            await scene.go_on.wait()
            await turn(connection)

        return later

    return of


def at_once(turn: Turn) -> Acting:
    return lambda scene: turn


@asynccontextmanager
async def playing(root: Path, *turns: Acting) -> AsyncGenerator[Scene]:
    """A scene whose model takes these turns."""
    with anyio.fail_after(2 * DEADLINE):
        async with chatting() as chat:
            yard = write_yard(root, config="profile: readonly\n")
            agent = f"model: gpt-5-mini\nname: looker\nbase_url: {chat.url}\nprofile: readonly\nworking_dir: data\n"
            yard.write("agent.yaml", agent)
            yard.write("data/notes.txt", "alpha\n")
            scene = Scene(Yard(root=yard.root, env={**yard.env, "OPENAI_API_KEY": "sk-test"}), chat)
            chat.turns.extend(turn(scene) for turn in turns)
            yield scene


async def ended(process: Process) -> tuple[int, str, str]:
    """How a command ends, and the rest of what it says."""
    said = {"out": "", "err": ""}

    async def read(name: str, stream: Any) -> None:
        said[name] = b"".join([chunk async for chunk in stream]).decode()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read, "out", process.stdout)
        tasks.start_soon(read, "err", process.stderr)
    return await process.wait(), said["out"], said["err"]
