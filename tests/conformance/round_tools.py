"""What the suites call on 2026-07-28: tools that need answers from the client before they can go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.live_tools import wire
from toolyard import InputRequired, ToolContext, tool

Request = dict[str, Any]
ROOTS: Request = {"method": "roots/list", "params": {}}


def form(message: str, field: str, kind: str = "string") -> Request:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return {"method": "elicitation/create", "params": {"message": message, "requestedSchema": schema}}


def sampling(text: str, max_tokens: int = 100) -> Request:
    message = {"role": "user", "content": {"type": "text", "text": text}}
    return {"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": max_tokens}}


NAME = form("What is your name?", "name")


def answers(ctx: ToolContext) -> Mapping[str, Any]:
    """What the client answered to the requests of the round before, by their keys."""
    found: Mapping[str, Any] = (wire(ctx).params or {}).get("inputResponses") or {}
    return found


def state(ctx: ToolContext) -> str | None:
    """What the round before left for this one."""
    return (wire(ctx).params or {}).get("requestState")


@tool
def test_input_required_result_elicitation(ctx: ToolContext) -> Any:
    """Ask for a name and greet it."""
    if "user_name" not in answers(ctx):
        return InputRequired(requests={"user_name": NAME})
    return f"Hello, {answers(ctx)['user_name']['content']['name']}!"


@tool
def test_input_required_result_sampling(ctx: ToolContext) -> Any:
    """Have the client's model answer."""
    if "capital_question" not in answers(ctx):
        return InputRequired(requests={"capital_question": sampling("What is the capital of France?")})
    return answers(ctx)["capital_question"]["content"]["text"]


@tool
def test_input_required_result_list_roots(ctx: ToolContext) -> Any:
    """Name the client's roots."""
    if "client_roots" not in answers(ctx):
        return InputRequired(requests={"client_roots": ROOTS})
    return f"Roots: {[root['uri'] for root in answers(ctx)['client_roots']['roots']]}"


@tool
def test_input_required_result_request_state(ctx: ToolContext) -> Any:
    """Leave a state and find it again."""
    if "confirm" not in answers(ctx):
        return InputRequired(requests={"confirm": form("Please confirm", "ok", "boolean")}, state="to be confirmed")
    return "state-ok" if state(ctx) == "to be confirmed" else f"another state: {state(ctx)!r}"


@tool
def test_input_required_result_multiple_inputs(ctx: ToolContext) -> Any:
    """Ask the client's user, its model and itself at once."""
    requests = {"user_name": NAME, "greeting": sampling("Generate a greeting", 50), "client_roots": ROOTS}
    if not requests.keys() <= answers(ctx).keys():
        return InputRequired(requests=requests, state="all three")
    return f"Answered: {sorted(answers(ctx))}"


@tool
def test_input_required_result_multi_round(ctx: ToolContext) -> Any:
    """Ask twice, one after the other."""
    given = answers(ctx)
    if state(ctx) == "second" and "step2" in given:
        return f"Likes {given['step2']['content']['color']}"
    if state(ctx) == "first" and "step1" in given:
        return InputRequired(requests={"step2": form("Step 2: What is your favorite color?", "color")}, state="second")
    return InputRequired(requests={"step1": form("Step 1: What is your name?", "name")}, state="first")


@tool
def test_input_required_result_tampered_state(ctx: ToolContext) -> Any:
    """Leave a state that nobody can change."""
    if "confirm" not in answers(ctx):
        return InputRequired(requests={"confirm": form("Please confirm", "ok", "boolean")}, state="sealed")
    return f"The state is {state(ctx)}"


@tool
def test_input_required_result_capabilities(ctx: ToolContext) -> Any:
    """Ask only what this client can answer."""
    declared = wire(ctx).session.client_capabilities
    requests: dict[str, Request] = {}
    if declared and declared.elicitation:
        requests["user_name"] = NAME
    if declared and declared.sampling:
        requests["greeting"] = sampling("Generate a greeting", 50)
    if not requests or requests.keys() <= answers(ctx).keys():
        return f"Asked: {sorted(requests)}"
    return InputRequired(requests=requests)


@tool
async def test_streaming_elicitation(ctx: ToolContext) -> Any:
    """Report progress, then ask."""
    await ctx.progress(1, 2)
    if "user_name" not in answers(ctx):
        return InputRequired(requests={"user_name": NAME})
    return "Asked after a report"


TOOLS = (
    test_input_required_result_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_tampered_state,
    test_input_required_result_capabilities,
    test_streaming_elicitation,
)
