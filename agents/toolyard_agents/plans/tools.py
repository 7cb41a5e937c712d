"""The tools of planners and executors."""

from __future__ import annotations

import json
from typing import Any

from toolyard_agents.plans.plan import Plan, Step
from toolyard_agents.plans.plans import Plans
from toolyard_agents.spec.plan_spec import PlanSpec
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.previews import LONGEST
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import InvalidArguments, ToolError
from toolyard_kernel.ledger.redaction import redact
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.registry import Registry
from toolyard_kernel.tools.tool import Tool

MOST_STEPS = 100
ID: JsonObject = {"type": "string", "minLength": 1, "maxLength": 100, "description": "The plan's id."}
ONE_PLAN: JsonObject = {
    "type": "object",
    "properties": {"plan_id": ID},
    "required": ["plan_id"],
    "additionalProperties": False,
}


def propose_tool(spec: PlanSpec, agent: str, plans: Plans) -> Tool:
    """`propose_plan` of an agent, for plans of this kind."""

    async def propose(args: JsonObject, ctx: ToolContext) -> JsonObject:
        registry = plans.registries[spec.name]
        steps = tuple(_step(number, said, registry) for number, said in enumerate(args["steps"], 1))
        plan = Plan(id=args["plan_id"], name=spec.name, steps=steps, by=agent, title=args.get("title", ""))
        if (size := len(_preview(plan, registry).encode(errors="replace"))) > LONGEST:
            raise ToolError(
                f"this plan takes {size} bytes to show, and whoever approves is shown {LONGEST}: propose smaller ones"
            )
        kept = await plans.propose(ctx, plan)
        return {"plan_id": kept.id, "status": kept.status, "steps": len(kept.steps)}

    return define_tool(
        name="propose_plan",
        description=_proposing(spec),
        input_schema={
            "type": "object",
            "properties": {
                "plan_id": {**ID, "description": "A new id, by which the plan is carried out."},
                "title": {"type": "string", "maxLength": 200, "description": "What the plan is for, in a few words."},
                "steps": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MOST_STEPS,
                    "items": {
                        "type": "object",
                        "properties": {"tool": {"type": "string"}, "arguments": {"type": "object"}},
                        "required": ["tool", "arguments"],
                        "additionalProperties": False,
                    },
                },
            },
            "required": ["plan_id", "steps"],
            "additionalProperties": False,
        },
        handler=propose,
        secret=frozenset(name for entry in plans.registries[spec.name] for name in entry.secret),
        wire=False,
    )


def get_tool(spec: PlanSpec, plans: Plans) -> Tool:
    """`get_plan`, for plans of this kind."""

    async def get(args: JsonObject, ctx: ToolContext) -> JsonObject:
        return _shown(await plans.get(ctx.caller, spec.name, args["plan_id"]), plans.registries[spec.name])

    return define_tool(
        name="get_plan",
        description="How a plan stands: its status, and of each step whether it is done, not done, or unknown.",
        input_schema=ONE_PLAN,
        handler=get,
        wire=False,
    )


def execute_tool(spec: PlanSpec, plans: Plans) -> Tool:
    """`execute_plan`, for plans of this kind: it asks for the plan as a whole, each time."""

    async def execute(args: JsonObject, ctx: ToolContext) -> JsonObject:
        plan = await plans.execute(ctx, spec.name, args["plan_id"])
        return _shown(plan, plans.registries[spec.name])

    async def preview(args: JsonObject, ctx: ToolContext) -> str:
        plan = await plans.ask(ctx, spec.name, args["plan_id"])
        return _preview(plan, plans.registries[spec.name])

    async def declined(args: JsonObject, ctx: ToolContext) -> None:
        await plans.decline(ctx, spec.name, args["plan_id"])

    return Tool(
        name="execute_plan",
        description="Carry out a plan that was proposed: each of its calls once, in order, until one fails. "
        "A person is asked first, for the plan as a whole. A plan is carried out once.",
        input_schema=ONE_PLAN,
        handler=execute,
        approval="always",
        preview=preview,
        declined=declined,
    )


def _proposing(spec: PlanSpec) -> str:
    calls = [f"- {tool.name}: {tool.description}\n  arguments: {json.dumps(tool.input_schema)}" for tool in spec.tools]
    about = f"{spec.description}\n\n" if spec.description else ""
    return (
        f"{about}Propose a plan: a list of calls that a person approves as one, and that is then carried out in its "
        f"order. Nothing is called yet. Each step is one of these tools, with its arguments:\n" + "\n".join(calls)
    )


def _step(number: int, said: JsonObject, registry: Registry) -> Step:
    name, arguments = str(said["tool"]), said["arguments"]
    entry = registry.find(name)
    if entry is None:
        known = ", ".join(one.name for one in registry)
        raise ToolError(f"step {number}: {name!r} is no tool of this plan; its tools are {known}")
    try:
        entry.parse(arguments)
    except InvalidArguments as error:
        raise ToolError(f"step {number}: {name} cannot be called with these arguments: {error}") from error
    return Step(tool=name, arguments=arguments)


def _shown(plan: Plan, registry: Registry) -> JsonObject:
    steps: list[dict[str, Any]] = [
        {
            "tool": step.tool,
            "arguments": _without_secrets(step, registry),
            "status": step.status,
            **({"result": step.result} if step.result is not None else {}),
        }
        for step in plan.steps
    ]
    return {"plan_id": plan.id, "title": plan.title, "status": plan.status, "by": plan.by, "steps": steps}


def _preview(plan: Plan, registry: Registry) -> str:
    """All that is approved; what the model calls the plan stands last, and in one line, so that it feigns no step."""
    lines = [f"{number}. {_line(step, registry)}" for number, step in enumerate(plan.steps, 1)]
    return "\n".join((f"Plan {json.dumps(plan.id)}: {len(lines)} calls", *lines, f"Title: {json.dumps(plan.title)}"))


def _line(step: Step, registry: Registry) -> str:
    return f"{step.tool} {json.dumps(_without_secrets(step, registry), ensure_ascii=False)}"


def _without_secrets(step: Step, registry: Registry) -> JsonObject:
    entry = registry.find(step.tool)
    return redact(step.arguments, entry.secret) if entry and entry.secret else step.arguments
