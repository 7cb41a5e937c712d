"""Runs as they are handed on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal

import click

from toolyard.version import VERSION
from toolyard_agents.traces.atif import Origin, trajectory_of
from toolyard_agents.traces.reading import Trace
from toolyard_agents.traces.transcript import transcript_of
from toolyard_agents.traces.trees import RunTree
from toolyard_kernel.approvals.shown import shown_text

Form = Literal["atif", "text"]


def exported(trace: Trace, tree: RunTree, form: Form, indent: int | None = 2) -> str:
    """A run in a form, with the end of its last line."""
    if form == "text":
        return transcript_of(tree)
    origin = Origin(trace_id=trace.id, model=trace.subject.model, version=VERSION)
    return json.dumps(trajectory_of(tree, origin), indent=indent, allow_nan=False) + "\n"


def written(text: str, output: Path | None, *, force: bool) -> None:
    """Write it to a file, or to stdout, where a terminal is not steered by it.

    Raises:
        click.ClickException: it cannot be written.
    """
    if output is None:
        click.echo((shown_text(text) if sys.stdout.isatty() else text).encode(errors="replace"), nl=False)
        return
    try:
        with output.open("wb" if force else "xb") as file:
            file.write(text.encode(errors="replace"))
    except FileExistsError as error:
        raise click.UsageError(f"{output} is there already; --force writes over it") from error
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}") from error
