"""One ask that a runtime keeps until somebody answers it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from toolyard_agents.storage.values import dumped, loaded

ApprovalOutcome = Literal["approve", "reject", "revise"]
OUTCOMES: tuple[ApprovalOutcome, ...] = ("approve", "reject", "revise")
ApprovalState = Literal["pending", "approved", "rejected", "revised", "expired", "withdrawn"]

ANSWERED: dict[ApprovalOutcome, ApprovalState] = {"approve": "approved", "reject": "rejected", "revise": "revised"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingApproval:
    """What is asked, by whom, and until when (seconds since the epoch). `arguments` are without secrets.

    `principal` is the id of whoever runs the agent. `feedback` is what was said with the answer.
    """

    id: str
    tool: str
    arguments: dict[str, Any]
    reason: str
    preview: str | None
    agent: str
    principal: str
    thread_id: str
    run_id: str
    tool_call_id: str
    asked: float
    expires: float
    state: ApprovalState = "pending"
    feedback: str | None = None

    def dump(self) -> str:
        return dumped(self)

    @classmethod
    def load(cls, text: str, id: str) -> PendingApproval:
        """What a storage kept.

        Raises:
            StorageError: it is damaged.
        """
        return loaded(_APPROVAL, text, f"approval {id!r}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


_APPROVAL = TypeAdapter(PendingApproval)
