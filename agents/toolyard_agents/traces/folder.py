"""The traces of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolyard_agents.errors import TraceError
from toolyard_agents.state.entries import EndStatus
from toolyard_agents.traces.reading import ID, read_trace
from toolyard_agents.traces.trees import RunTree, tree_of
from toolyard_agents.usage import NOTHING, Usage
from toolyard_kernel.errors import UnknownName

NAMED = 5
"""Ids that a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One run at a glance. Times are in seconds; counts are of the run and of all that it delegated to.

    Without a `status` it is running, or broke off. `cost` is in US dollars; None says that a price is not known.
    """

    id: str
    agent: str
    began: float | None
    duration: float
    status: EndStatus | None
    stop_reason: str | None
    turns: int
    calls: int
    tokens: int
    cost: float | None
    prompt: str | None


def summary_of(tree: RunTree) -> Summary:
    runs = list(tree.runs())
    used: Usage = sum((run.used for run in runs), NOTHING)
    tokens = tree.told_usage.total_tokens if tree.told_usage else used.total_tokens  # summaries are in what was told
    return Summary(
        id=tree.id,
        agent=tree.agent,
        began=tree.began,
        duration=tree.duration,
        status=tree.end.status if tree.end else None,
        stop_reason=tree.end.stop_reason if tree.end else None,
        turns=sum(len(run.steps()) for run in runs),
        calls=sum(1 for run in runs for _ in run.calls()),
        tokens=tokens,
        cost=used.cost,
        prompt=tree.prompt,
    )


def trees_in(folder: Path) -> tuple[list[RunTree], dict[str, str]]:
    """The runs of a folder, newest first, and, by their names, why other files in it are no traces."""
    trees: list[RunTree] = []
    others: dict[str, str] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            trees.append(tree_of(read_trace(folder, path.stem)) if path.suffix == ".jsonl" else _refuse(path))
        except (UnknownName, TraceError, OSError) as error:
            others[path.name] = str(error)
    return sorted(trees, key=lambda tree: tree.began or 0.0, reverse=True), others


def whole_id(folder: Path, beginning: str) -> str:
    """The id of the only trace in the folder whose id begins so.

    Raises:
        UnknownName: there is none, or there are several; the text names some.
    """
    ids = _ids(folder)
    found = [id for id in ids if id.startswith(beginning)] if beginning else []
    if beginning in found or len(found) == 1:
        return beginning if beginning in found else found[0]
    if found:
        raise UnknownName(f"the ids of {len(found)} traces begin with {beginning!r}: {_named(found)}; give more of it")
    known = f"the newest are {_named(ids)}" if ids else "it has none"
    raise UnknownName(f"there is no trace whose id begins with {beginning!r} in {folder}; {known}")


def _ids(folder: Path) -> list[str]:
    """Newest first."""
    paths = [path for path in folder.glob("*.jsonl") if ID.fullmatch(path.stem) and path.is_file()]
    return [path.stem for path in sorted(paths, key=_changed, reverse=True)]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it went away
        return 0.0


def _named(ids: list[str]) -> str:
    return ", ".join(ids[:NAMED]) + (" and others" if len(ids) > NAMED else "")


def _refuse(path: Path) -> RunTree:
    raise TraceError(f"{path} is no trace")
