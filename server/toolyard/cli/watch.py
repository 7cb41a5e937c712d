"""`toolyard watch`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field

import click

from toolyard.cli.drawing import Look, one_line
from toolyard.cli.ending import INTERRUPTED
from toolyard.cli.options import json_option
from toolyard.cli.plain_drawing import STYLES
from toolyard.cli.sessions import prefix_argument
from toolyard_agents.control.following import follow
from toolyard_agents.control.naming import find
from toolyard_agents.control.records import Stands
from toolyard_agents.messages import ToolRequest
from toolyard_agents.state.entries import (
    AssistantAdded,
    Compacted,
    Entry,
    Parked,
    ResultAdded,
    UserAdded,
)
from toolyard_agents.state.lines import to_line
from toolyard_agents.store.folders import sessions_folder
from toolyard_kernel.approvals.shown import shown_text

DEAD = "dead"


@click.command("watch")
@prefix_argument
@json_option
def command(prefix: str, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Show what the session whose id begins with PREFIX does, as it happens, until its run ends.

    Of a run that has ended already, all is shown at once. Ctrl-C leaves, and the run goes on. --json prints the lines
    of its trace. Exits with 1 when the run's process died.
    """
    root = sessions_folder()
    session_id = find(root, prefix)
    try:
        status = follow(root, session_id, _as_json if as_json else Watcher().hear)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    click.echo(f"session {session_id}: {_told(status)}", err=True)
    sys.exit(1 if status == DEAD else 0)


@dataclass(slots=True)
class Watcher:
    """Draws what happens in a run. `names` are the tools of the calls that were asked for, by their ids."""

    names: dict[str, str] = field(default_factory=dict[str, str])

    def hear(self, what: Entry | Stands) -> None:
        if isinstance(what, Stands):
            _line(f"[{what.standing}]", "waiting")
            return
        match what.change:
            case UserAdded(content):
                _line(shown_text(f"> {content}"), "aside")
            case AssistantAdded(content, calls):
                self._answered(content, calls)
            case ResultAdded(call_id, content):
                _line(one_line(f"<- {self.names.get(call_id, '?')}: {content}"), "aside")
            case Parked(call_id):
                _line(one_line(f"<- {self.names.get(call_id, '?')}: waits for an approval"), "waiting")
            case Compacted(tokens_before=before, tokens_after=after):
                _line(f"[summarised: {before} tokens are {after} now]", "aside")
            case _:
                pass

    def _answered(self, content: str, calls: tuple[ToolRequest, ...]) -> None:
        if content:
            click.echo(shown_text(content))
        for call in calls:
            self.names[call.id] = call.name
            _line(one_line(f"-> {call.name} {call.arguments}"), "call")


def _as_json(what: Entry | Stands) -> None:
    record = {"type": "stands", **asdict(what)} if isinstance(what, Stands) else json.loads(to_line(what))
    click.echo(json.dumps(record))


def _line(text: str, look: Look) -> None:
    click.secho(text, **STYLES[look])


def _told(status: str) -> str:
    told = {DEAD: "its process died in the middle of its run (dead)", "idle": "it was never run"}
    return told.get(status, f"its run has ended: {status}")
