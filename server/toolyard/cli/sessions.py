"""What the commands share that steer runs from another terminal."""

from __future__ import annotations

import click

from toolyard_agents.control.naming import find
from toolyard_agents.control.records import Verb
from toolyard_agents.control.remote import Remote
from toolyard_agents.store.folders import sessions_folder
from toolyard_kernel.approvals.shown import shown_text

prefix_argument = click.argument("prefix")


def tell(prefix: str, verb: Verb, text: str = "") -> None:
    """Tell the run of the session that PREFIX means what to do, and print what it answers.

    Raises:
        UnknownName: PREFIX means no session, or several.
        ControlError: no run of it goes on, or it cannot do this.
    """
    root = sessions_folder()
    session_id = find(root, prefix)
    answer = Remote(root=root, session_id=session_id).tell(verb, text)
    click.echo(f"{session_id} {shown_text(answer)}")
