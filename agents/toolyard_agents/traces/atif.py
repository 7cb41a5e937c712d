"""A run as a trajectory in ATIF, the Agent Trajectory Interchange Format of the Harbor project.

https://www.harborframework.com/docs/trajectory-format says what it is, and what reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from toolyard_agents.traces.trees import Call, Note, Part, RunTree, Step
from toolyard_agents.usage import NOTHING, Usage

SCHEMA_VERSION = "ATIF-v1.7"
"""The first in which a trajectory holds those of the runs that it delegated to."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is the same for all runs of a trace: its id, the model's name, and the version of what made it."""

    trace_id: str
    model: str
    version: str


def trajectory_of(run: RunTree, origin: Origin) -> Json:
    """The trajectory of a run, with those of the runs that it delegated to inside of it."""
    steps = [_numbered(number, step) for number, step in enumerate(_steps(run), start=1)]
    below = [each for part in run.parts for each in _runs_of(part)]
    return _without_none(
        {
            "schema_version": SCHEMA_VERSION,
            "session_id": origin.trace_id,
            "trajectory_id": run.id,
            "agent": {"name": run.agent, "version": origin.version, "model_name": origin.model},
            "steps": steps,
            "final_metrics": _final_metrics(run, len(steps)),
            "extra": _end(run),
            "subagent_trajectories": [trajectory_of(each, origin) for each in below] or None,
        }
    )


def _steps(run: RunTree) -> list[Json]:
    if run.prompt is None:
        first = {"source": "system", "message": "A run that was interrupted goes on."}
    else:
        first = {"source": "user", "message": run.prompt}
    return [{**first, "timestamp": _time(run.began)}, *map(_step, filter(_says, run.parts))]


def _says(part: Part) -> bool:
    """Whether it belongs into a trajectory: a step that a policy only counted does not."""
    return not isinstance(part, Step) or part.answered


def _step(part: Part) -> Json:
    match part:
        case Step():
            return _answer(part)
        case Call():  # a policy made it, and no model
            made = {"source": "agent", "message": "", "llm_call_count": 0, "timestamp": _time(part.began)}
            return {**made, "tool_calls": [_tool_call(part)], "observation": _observation([part])}
        case Note():
            note = {"source": "system", "message": part.content or part.kind, "timestamp": _time(part.time)}
            return {**note, "extra": {"kind": part.kind, **part.about}}
        case RunTree():
            ran = {"source": "system", "message": f"{part.agent} ran", "timestamp": _time(part.began)}
            return {**ran, "observation": {"results": [{"subagent_trajectory_ref": [_reference(part)]}]}}


def _answer(step: Step) -> Json:
    return {
        "source": "agent",
        "timestamp": _time(step.began),
        "message": step.text,
        "reasoning_content": step.reasoning or None,
        "tool_calls": [_tool_call(call) for call in step.calls] or None,
        "observation": _observation(step.calls),
        "metrics": _metrics(step.used) if step.used else None,
        "llm_call_count": 1,
        "extra": None if step.used else {"broken_off": True},
    }


def _tool_call(call: Call) -> Json:
    return {"tool_call_id": call.id, "function_name": call.name, "arguments": call.arguments}


def _observation(calls: list[Call]) -> Json | None:
    results = [_result(call) for call in calls if call.status is not None or call.runs]
    return {"results": results} if results else None


def _result(call: Call) -> Json:
    took = None if call.began is None or call.ended is None else round(call.ended - call.began, 6)
    return _without_none(
        {
            "source_call_id": call.id,
            "content": None if call.status is None else call.result,
            "subagent_trajectory_ref": [_reference(run) for run in call.runs] or None,
            "extra": _without_none({"status": call.status, "seconds": took}) or None,
        }
    )


def _reference(run: RunTree) -> Json:
    return {"trajectory_id": run.id}


def _runs_of(part: Part) -> list[RunTree]:
    match part:
        case Step():
            return [run for call in part.calls for run in call.runs]
        case Call():
            return part.runs
        case RunTree():
            return [part]
        case Note():
            return []


def _metrics(used: Usage) -> Json:
    counts = {"prompt_tokens": used.input_tokens, "completion_tokens": used.output_tokens}
    return _without_none({**counts, "cached_tokens": used.cached_tokens, "cost_usd": used.cost})


def _final_metrics(run: RunTree, steps: int) -> Json:
    """Tokens are the run's own, and the cost is with all that it delegated to, as the format says."""
    own = run.used
    return _without_none(
        {
            "total_prompt_tokens": own.input_tokens,
            "total_completion_tokens": own.output_tokens,
            "total_cached_tokens": own.cached_tokens,
            "total_cost_usd": sum((each.used for each in run.runs()), NOTHING).cost,
            "total_steps": steps,
        }
    )


def _end(run: RunTree) -> Json:
    if run.end is None:
        return {"status": None}
    told = {"status": run.end.status, "stop_reason": run.end.stop_reason}
    return told if run.end.status == "completed" else {**told, "reason": run.end.text}


def _numbered(number: int, step: Json) -> Json:
    return {"step_id": number, **_without_none(step)}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _without_none(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
