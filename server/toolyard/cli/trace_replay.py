"""Playing a run again from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolyard.cli.agent_choice import AgentChoice, chosen_agent
from toolyard.cli.ending import run
from toolyard_agents.agent import Agent
from toolyard_agents.errors import TraceError
from toolyard_agents.results import RunResult
from toolyard_agents.runtime.runtime import Runtime
from toolyard_agents.traces.comparing import Fact, facts_of, first_difference
from toolyard_agents.traces.reading import Trace
from toolyard_agents.traces.trees import RunTree, grown


def replayed_difference(
    trace: Trace, tree: RunTree, folder: Path, config: Path | None, agent: str | None
) -> str | None:
    """The first thing that is another when the agent as it is now plays the trace again; None when nothing is.

    Raises:
        ConfigError, AgentError, PromptError: the agent cannot be used.
        TraceError: the trace has no beginning that could be played.
    """
    named = agent or (trace.subject.agent if config else None)
    choice = AgentChoice(config=config, agent=named, profile=None, working_dir=None, vars={})
    if tree.prompt is None:
        raise TraceError(f"trace {trace.id!r} has no prompt: it goes on with a run that was interrupted")
    with chosen_agent(choice) as chosen:
        try:
            result = run(_replayed(chosen.agent, trace.id, folder))
        except TraceError as error:
            return f"{error}{'' if named else '; name the agent that ran with --agent, or its --config'}"
    return _difference(tree, result)


async def _replayed(agent: Agent, trace_id: str, folder: Path) -> RunResult:
    async with Runtime(trace_dir=folder) as runtime:
        runtime.register_agent(agent)
        return await runtime.replay(trace_id, agent.name)


def _difference(tree: RunTree, result: RunResult) -> str | None:
    """Of what the run itself did: those that it delegated to are not run again."""
    again = grown(RunTree(id=result.run_id, agent=tree.agent), result.events)
    before, after = _own(tree), _own(again)
    if tree.end is None or tree.end.status != "completed":  # what was cut off is not played again
        known = {fact.where for fact in before}
        after = [fact for fact in after if fact.where in known]
    if found := first_difference(before, after):
        return f"{found.where}: {found.first!r} before, {found.second!r} now"
    ends = None if tree.end is None else (tree.end.status, tree.end.stop_reason)
    if ends not in (None, (result.status, result.stop_reason)):
        return f"end: {ends} before, {(result.status, result.stop_reason)} now"
    return None


def _own(run: RunTree) -> Sequence[Fact]:
    """Without the runs below it and its end."""
    for call in run.calls():
        call.runs.clear()
    run.parts = [part for part in run.parts if not isinstance(part, RunTree)]
    return [fact for fact in facts_of(run) if fact.where != "end"]
