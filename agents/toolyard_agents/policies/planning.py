"""The plan that a model writes: what it is asked for, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, Field, ValidationError

from toolyard_agents.models.model import OfferedTool
from toolyard_agents.state.state import State
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.model_schemas import sentence_of
from toolyard_kernel.tools.tool import Tool

REVISE = "revise_plan"
REVISED = "The plan is revised: these steps come after the one you are at."
PLANNING = """First make a plan for the task that the user gives, and do nothing else yet.

Answer with one JSON object and nothing around it: {{"steps": ["…", "…"]}}, with 1 to {most} steps. Each step is one
piece of work, said so that it can be done with what the steps before it found. The steps can use these tools:
{tools}"""
NO_PLAN = 'That is no plan: {problem}. Answer with one JSON object, {{"steps": ["…"]}}, and nothing around it.'
STEP = """Step {number} of {count}: {step}

Do this step now, and say what came of it. If it shows that the rest of the plan is wrong, call `{revise}`."""
STUCK = "Step {number} took more turns than a step may. Make a new plan for what is left of the task."
FINAL = "All steps are done. Answer the task now, from what they found:\n\n{prompt}"


class PlanText(BaseModel):
    """What a model must write."""

    steps: list[str] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The steps, how many of them were begun, and how many are done; no steps is no plan yet."""

    steps: tuple[str, ...] = ()
    begun: int = 0
    done: int = 0
    plans: int = 0

    @classmethod
    def of(cls, state: State) -> Self:
        """As far as the notes of a conversation say."""
        steps: tuple[str, ...] = ()
        begun = done = plans = 0
        for note in map(json.loads, state.notes):
            match note:
                case {"plan": [*planned]}:
                    steps, plans = (*steps[:done], *planned), plans + 1
                    begun = done
                case {"revision": [*revised]}:
                    steps = (*steps[: done + 1], *revised)
                case {"begun": int(number)}:
                    begun = number
                case {"done": int(number)}:
                    done = number
                case _:
                    pass
        return cls(steps=steps, begun=begun, done=done, plans=plans)


def planning(tools: Iterable[OfferedTool], most: int) -> str:
    """What a model is told that has to plan."""
    lines = [f"- {tool.name}: {tool.description.partition(chr(10))[0]}" for tool in tools if tool.name != REVISE]
    return PLANNING.format(most=most, tools="\n".join(lines) or "(none)")


def plan_of(text: str, most: int) -> list[str] | str:
    """The steps that a model wrote, or what is wrong with them."""
    try:
        steps = PlanText.model_validate_json(text[text.find("{") : text.rfind("}") + 1]).steps
    except ValidationError as error:
        return sentence_of(error)
    if len(steps) > most:
        return f"it has {len(steps)} steps, and at most {most} are expected"
    return steps if all(map(str.strip, steps)) else "one of its steps is empty"


def revising_tool(most: int) -> Tool:
    """The tool by which a model changes the steps that are left."""
    steps: JsonObject = {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "minItems": 1,
        "maxItems": most,
        "description": "All steps that are to come after this one, in their order.",
    }
    return define_tool(
        name=REVISE,
        description="Replace the steps of the plan that come after the one you are at.",
        input_schema={
            "type": "object",
            "properties": {"steps": steps},
            "required": ["steps"],
            "additionalProperties": False,
        },
        handler=_revised,
        inline=True,
    )


def revision_in(state: State) -> Sequence[str] | None:
    """The steps of the last revision since the last message of a user, if there is one that was accepted."""
    accepted: set[str | None] = set()
    for message in reversed(state.messages):
        if message.role == "user":
            return None
        if message.role == "tool" and message.content.startswith(REVISED):
            accepted.add(message.tool_call_id)
        for request in reversed(message.tool_calls):
            if request.name == REVISE and request.id in accepted:
                steps: list[str] = json.loads(request.arguments)["steps"]
                return steps
    return None


def _revised(arguments: Any, ctx: ToolContext) -> str:
    return REVISED
