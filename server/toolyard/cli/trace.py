"""`toolyard trace`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from toolyard.cli.drawing import one_line
from toolyard.cli.options import json_option
from toolyard.cli.trace_branches import run_branch
from toolyard.cli.trace_drawing import draw
from toolyard.cli.trace_export import Form, exported, written
from toolyard.cli.trace_output import comparison_json, comparison_text, table
from toolyard_agents.traces.comparing import facts_of, first_difference
from toolyard_agents.traces.folder import summary_of, trees_in, whole_id
from toolyard_agents.traces.reading import Trace, read_trace
from toolyard_agents.traces.trees import RunTree, tree_of
from toolyard_agents.traces.writing import FOLDER
from toolyard_kernel.errors import ConfigError

Command = TypeVar("Command", bound=Callable[..., Any])

dir_option = click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    show_default=True,
    help="The folder of the traces.",
)


@click.group("trace")
def command() -> None:
    """Look into what agents did, compare it, play it again, and hand it on.

    A trace is written by `toolyard run --trace`, and by an Agent or a Runtime in Python. ID can be its beginning.
    """


@command.command("list")
@dir_option
@json_option
def show_all(folder: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """List the runs, newest first: when, who, how each ended, how long it took, and what it used."""
    trees, others = _runs(folder)
    summaries = [summary_of(tree) for tree in trees]
    if as_json:
        click.echo(json.dumps([asdict(summary) for summary in summaries], indent=2))
    else:
        for line in table(summaries):
            click.echo(line)
    if not summaries and not as_json:
        click.echo(f"no traces in {folder}", err=True)
    _tell_of(others, folder)


@command.command("show")
@click.argument("id")
@click.option("--full", is_flag=True, help="Whole texts, however long they are.")
@dir_option
@json_option
def show_one(id: str, full: bool, folder: Path, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Show a run as a tree: its steps, the calls in them, the runs that calls delegated to, with times and costs."""
    tree = _run(folder, id)[1]
    if as_json:
        click.echo(json.dumps({**asdict(summary_of(tree)), "run": asdict(tree)}, indent=2))
    else:
        draw(run_branch(tree, full=full))


@command.command("diff")
@click.argument("first")
@click.argument("second")
@dir_option
@json_option
def compare(first: str, second: str, folder: Path, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Name the first difference of two runs: of prompts, answers, calls, results and ends; not of times and ids.

    Exit codes: 0 they are the same, 1 they are not, 2 one cannot be read.
    """
    (one, tree), (other, second_tree) = _run(folder, first), _run(folder, second)
    difference = first_difference(list(facts_of(tree)), list(facts_of(second_tree)))
    summaries = (summary_of(tree), summary_of(second_tree))
    if as_json:
        click.echo(comparison_json(difference, summaries))
    else:
        click.echo(comparison_text(difference, summaries, (one.subject, other.subject)))
    sys.exit(0 if difference is None else 1)


@command.command("replay")
@click.argument("id")
@click.option("--config", type=click.Path(path_type=Path), help="Of this server's config is the agent.")
@click.option("--agent", help="The agent's name, or the path of its YAML file.")
@dir_option
@json_option
def replay(id: str, config: Path | None, agent: str | None, folder: Path, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Play a run again with the agent as it is now: no model is asked, no tool is called, nothing is written.

    Without --config and --agent the agent is the general one of `toolyard run`; of a config it is the one that ran.
    Exit codes: 0 it goes the same way, 1 it does not, 2 the trace or the agent cannot be used.
    """
    # Here, not at the top: it loads the runtime, which looking into a trace does not need.
    from toolyard.cli.trace_replay import replayed_difference  # noqa: PLC0415

    trace, tree = _run(folder, id)
    difference = replayed_difference(trace, tree, folder, config, agent)
    if as_json:
        click.echo(json.dumps({"id": trace.id, "same": difference is None, "difference": difference}, indent=2))
    else:
        click.echo("same" if difference is None else f"different: {one_line(difference)}")
    sys.exit(0 if difference is None else 1)


@command.command("export")
@click.argument("id", required=False)
@click.option("--all", "everything", is_flag=True, help="Every run, as JSON lines.")
@click.option("--format", "form", type=click.Choice(["atif", "text"]), default="atif", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file, instead of stdout.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@dir_option
def export(id: str | None, everything: bool, form: Form, output: Path | None, force: bool, folder: Path) -> None:  # noqa: FBT001 - as above
    """Write a run as a trajectory in ATIF, the format of the Harbor project for training data, or as Markdown."""
    if everything == (id is not None) or (everything and form == "text"):
        raise click.UsageError("give an ID, or --all, which writes ATIF")
    if id is not None:
        trace, tree = _run(folder, id)
        text = exported(trace, tree, form)
    else:
        trees, others = _runs(folder)
        text = "".join(_lines(folder, trees))
        _tell_of(others, folder)
    written(text, output, force=force)


def _lines(folder: Path, trees: Sequence[RunTree]) -> list[str]:
    """One line a run, oldest first."""
    return [exported(read_trace(folder, tree.id), tree, "atif", indent=None) for tree in reversed(trees)]


def _runs(folder: Path) -> tuple[list[RunTree], dict[str, str]]:
    try:
        return trees_in(folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be read: {error.strerror}; run this as its owner") from error


def _run(folder: Path, beginning: str) -> tuple[Trace, RunTree]:
    id = whole_id(folder, beginning)
    try:
        trace = read_trace(folder, id)
    except OSError as error:
        raise ConfigError(f"trace {id!r} cannot be read: {error.strerror}; run this as its owner") from error
    return trace, tree_of(trace)


def _tell_of(others: dict[str, str], folder: Path) -> None:
    if others:
        count = "1 entry that is" if len(others) == 1 else f"{len(others)} entries that are"
        first = next(iter(others.values()))
        click.echo(one_line(f"passed over {count} no trace in {folder}: {first}"), err=True)
