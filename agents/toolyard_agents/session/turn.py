"""One answer of a model, told as it comes and kept as far as it came."""

from __future__ import annotations

from dataclasses import dataclass, field

from toolyard_agents.errors import ModelRefused, ModelUnavailable
from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.asking import asked
from toolyard_agents.models.model import Finished, Model, ModelRequest, Piece, ReasoningPiece, TextPiece
from toolyard_agents.session.emitting import Emitter

LONGEST = 8_000_000
"""Characters of one answer, thoughts included: a provider that never ends must not fill the memory."""


@dataclass(slots=True, kw_only=True)
class Turn:
    """What came so far. `finished` is there once the answer is whole; `kept` once the state has it."""

    texts: list[str] = field(default_factory=list[str])
    requests: list[ToolRequest] = field(default_factory=list[ToolRequest])
    finished: Finished | None = None
    kept: bool = False
    length: int = 0

    @property
    def text(self) -> str:
        return "".join(self.texts)

    async def take(self, model: Model, request: ModelRequest, emitter: Emitter) -> Finished:
        """Take the whole answer.

        Raises:
            ModelError: it could not be had, or broke off.
        """
        async with asked(model, request) as pieces:
            async for piece in pieces:
                await self._keep(piece, emitter)
        if self.finished is None:
            raise ModelUnavailable(f"the answer of {model.name!r} broke off")
        return self.finished

    def _is_too_long(self, more: str) -> bool:
        self.length += len(more)
        return self.length > LONGEST

    async def _keep(self, piece: Piece, emitter: Emitter) -> None:
        match piece:
            case TextPiece() | ReasoningPiece() if self._is_too_long(piece.text):
                raise ModelRefused(f"the answer has more than {LONGEST} characters; nothing of this size is wanted")
            case TextPiece():
                self.texts.append(piece.text)
                await emitter.emit("text", content=piece.text)
            case ReasoningPiece():
                await emitter.emit("reasoning", content=piece.text)
            case ToolRequest():
                self.requests.append(piece)
            case Finished():
                self.finished = piece
