"""Short ways to ask a model and to look at its answer."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.asking import asked
from toolyard_agents.models.model import Finished, FinishReason, Model, ModelRequest, Piece, ReasoningPiece, TextPiece
from toolyard_agents.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it was streamed, and put together."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces if isinstance(piece, TextPiece))

    @property
    def reasoning(self) -> str:
        return "".join(piece.text for piece in self.pieces if isinstance(piece, ReasoningPiece))

    @property
    def requests(self) -> list[ToolRequest]:
        return [piece for piece in self.pieces if isinstance(piece, ToolRequest)]

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [(request.name, request.arguments) for request in self.requests]

    @property
    def finished(self) -> Finished:
        (finished,) = [piece for piece in self.pieces if isinstance(piece, Finished)]
        assert self.pieces[-1] is finished
        return finished

    @property
    def reason(self) -> FinishReason:
        return self.finished.reason

    @property
    def usage(self) -> Usage:
        return self.finished.usage


def user(text: str) -> ModelRequest:
    """A question without tools."""
    return ModelRequest(messages=(Message(role="user", content=text),))


async def answer(model: Model, request: ModelRequest | str) -> Answer:
    """The whole answer of a model."""
    async with asked(model, user(request) if isinstance(request, str) else request) as pieces:
        return Answer(pieces=tuple([piece async for piece in pieces]))


async def watch(model: Model, request: ModelRequest | str, seen: list[Piece]) -> None:
    """Put every piece into `seen` as it comes, so that those before an error are there."""
    async with asked(model, user(request) if isinstance(request, str) else request) as pieces:
        async for piece in pieces:
            seen.append(piece)  # noqa: PERF401 - what came before an error must be there


async def converse(model: Model, prompt: str, results: list[str]) -> list[Answer]:
    """What a model answers to a prompt and then to each of the results of its calls."""
    messages = [Message(role="system", content="Do it."), Message(role="user", content=prompt)]
    answers: list[Answer] = []
    left = iter(results)
    while True:
        reply = await answer(model, ModelRequest(messages=tuple(messages)))
        answers.append(reply)
        if not reply.requests:
            return answers
        messages.append(Message(role="assistant", content=reply.text, tool_calls=tuple(reply.requests)))
        messages += [Message(role="tool", content=next(left), tool_call_id=call.id) for call in reply.requests]
