"""The run's side: it does what its control file asks for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.control.control_file import Channel, ControlFile
from toolyard_agents.control.pause import nothing
from toolyard_agents.control.records import Command, Heard, Standing, Stands
from toolyard_agents.control.run_control import RunControl
from toolyard_agents.events import AgentEvent
from toolyard_agents.session.emitting import Emitter, OnEvent
from toolyard_kernel.errors import ToolyardError

LOOK = 0.1
"""Seconds between two looks while a model or a tool works."""
REASON = "the run was cancelled from another terminal"

log = logging.getLogger("toolyard")


@asynccontextmanager
async def controlled(
    channel: Channel | None, control: RunControl, emitter: Emitter, token: CancellationToken
) -> AsyncGenerator[None]:
    """A run that its channel steers, if it has one; its file is open before the run can be seen from outside."""
    file = _opened(channel, emitter.run_id) if channel else None
    if file is None:
        yield
        return
    listener = Listener(file=file, run_id=emitter.run_id, control=control, token=token)
    control.pause.look = listener.look
    emitter.on_event = _noticing(control, emitter.on_event)
    looking = asyncio.create_task(listener.keep_looking())
    try:
        yield
    finally:
        looking.cancel()
        control.pause.look = nothing
        file.close()
        if control.said:
            log.warning("run %s ended before its model could be told what was said to it", emitter.run_id)


@dataclass(slots=True, kw_only=True)
class Listener:
    """Looks into the file for commands to this run, does each of them once, and answers it."""

    file: ControlFile
    run_id: str
    control: RunControl
    token: CancellationToken
    _heard: set[str] = field(default_factory=set[str])
    _told: Standing = "running"

    async def keep_looking(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK)

    def look(self) -> None:
        """Do what was asked since the last look; a file that fails is no reason to end the run."""
        try:
            for record in self.file.new():
                if isinstance(record, Command) and record.run_id == self.run_id and record.id not in self._heard:
                    self._heard.add(record.id)
                    self.file.append(self._done(record))
            self._tell()
        except OSError as error:
            log.warning("the control file of run %s cannot be used: %s", self.run_id, error)

    def _tell(self) -> None:
        standing = self.control.standing
        if standing != self._told:
            self._told = standing
            self.file.append(Stands(run_id=self.run_id, standing=standing))

    def _done(self, command: Command) -> Heard:
        done, text = self._do(command)
        return Heard(id=command.id, done=done, text=text)

    def _do(self, command: Command) -> tuple[bool, str]:
        control = self.control
        match command.verb:
            case "pause":
                control.pause.order()
                return True, "is paused" if control.standing == "paused" else "pauses before its next step"
            case "resume":
                paused = control.pause.ordered
                control.pause.end()
                return paused, "goes on" if paused else "is not paused"
            case "cancel":
                self.token.cancel(command.text or REASON)
                return True, "is cancelled"
            case "say":
                if refusal := control.say(command.text):
                    return False, refusal
                return True, "tells its model " + (
                    "when it is resumed" if control.pause.ordered else "at its next step"
                )


def _opened(channel: Channel, run_id: str) -> ControlFile | None:
    try:
        return channel.open()
    except (ToolyardError, OSError) as error:
        log.warning("run %s cannot be steered from another terminal: %s", run_id, error)
        return None


def _noticing(control: RunControl, on_event: OnEvent | None) -> OnEvent:
    def hear(event: AgentEvent) -> Awaitable[None] | None:
        control.notice(event)
        return on_event(event) if on_event else None

    return hear
