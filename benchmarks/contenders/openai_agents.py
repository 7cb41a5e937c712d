"""openai-agents. It is installed where it is measured and nowhere else, so its names are `Any` here."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

from benchmarks.contenders.contender import ANSWER, TOOL, Plan, calls_of

VERSION = version("openai-agents")  # first, since a folder of ours is named agents too
agents: Any = import_module("agents")
responses: Any = import_module("openai.types.responses")
Model: Any = import_module("agents.models.interface").Model

agents.set_tracing_disabled(True)
MOST_TURNS = 100


class InstantModel(Model):  # type: ignore[misc]
    """Answers at once, as the prompt plans."""

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
        prompt = next(item["content"] for item in input if item.get("role") == "user")
        results = sum(item.get("type") == "function_call_output" for item in input)
        calls = calls_of(prompt, results)
        output = [_call(number) for number in range(results, results + calls)] or [_answer()]
        return agents.ModelResponse(output=output, usage=agents.Usage(requests=1), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


def _call(number: int) -> Any:
    return responses.ResponseFunctionToolCall(
        call_id=f"call_{number}", name=TOOL, arguments='{"n": 21}', type="function_call"
    )


def _answer() -> Any:
    text = responses.ResponseOutputText(text=ANSWER, type="output_text", annotations=[])
    return responses.ResponseOutputMessage(
        id="message", content=[text], role="assistant", status="completed", type="message"
    )


async def double(n: int) -> int:
    """Double a number."""
    return n * 2


class Peer:
    """A session is the list of the conversation's items, the least that a program has to keep."""

    name = "openai-agents"
    version = VERSION

    def __init__(self) -> None:
        self._agent = agents.Agent(name="benchmark", model=InstantModel(), tools=[agents.function_tool(double)])
        self._config = agents.RunConfig(tracing_disabled=True)

    def session(self) -> list[Any]:
        return []

    async def run(self, session: list[Any], plan: Plan) -> str:
        said = [*session, {"role": "user", "content": plan.prompt}]
        result = await agents.Runner.run(self._agent, said, max_turns=MOST_TURNS, run_config=self._config)
        session[:] = result.to_input_list()
        return str(result.final_output)
