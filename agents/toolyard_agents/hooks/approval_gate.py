"""`ApprovalGate`: calls that need a yes, whatever else lets them pass."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toolyard_agents.hooks.names import exact, names_of
from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.content import JsonObject
from toolyard_kernel.profiles.names import Names

GateCallback = Callable[[str, JsonObject], "bool | Answer | Awaitable[bool | Answer]"]
"""`callback(tool_name, arguments)`, sync or async. Only True, or an `Answer` that approves, is a yes.

An answer with `arguments` edits the call: they are validated and decided again. It may raise `ApprovalInterrupt`.
"""

ROUNDS = 3
"""How often gates that edit each other's arguments are asked, until they agree or the call is refused."""


@dataclass(frozen=True, slots=True)
class ApprovalGate:
    """Asks for every call of the tools in `required`, and never takes `auto_approve` for an answer.

    A program that answers asks itself, by the session's approval callback, answers these too; else `callback` does.
    Where it is missing, fails, is late, or says anything that is no yes, the call is refused. A name with a trailing
    `*` matches the rest of a name. One without it must be the name of a tool.

    Raises:
        AgentError: what is given are no names.
    """

    required: Iterable[str]
    callback: GateCallback | None = None
    tools: Names = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tools", names_of(self.required, "required"))

    @property
    def names(self) -> frozenset[str]:
        """The tools that it names one by one."""
        return exact(self.tools)

    async def answer(self, ask: Ask) -> Answer:
        """What the callback says; it may do with the arguments what it likes."""
        if self.callback is None:
            return Answer(approved=False, reason="approval is needed, and its gate has no callback that could give it")
        said: Any = self.callback(ask.tool, copy.deepcopy(ask.arguments))
        if inspect.isawaitable(said):
            said = await said
        if isinstance(said, Answer):
            return replace(said, approved=said.approved is True)
        if said is True:
            return Answer(approved=True, reason="the approval gate said yes")
        return Answer(approved=False, reason="approval was refused by the approval gate")


async def gates_answer(gates: Sequence[ApprovalGate], ask: Ask) -> Answer:
    """The answer of all of them: a yes when each approves the arguments that the call will be made with.

    Raises:
        ApprovalInterrupt: a callback did.
        Exception: a callback failed.
    """
    edited: JsonObject | None = None
    for _ in range(ROUNDS):
        before, said = edited, list[str]()
        for gate in gates:
            given = await gate.answer(ask)
            if not given.approved or len(gates) == 1:
                return given
            said += [given.feedback] if given.feedback else []
            if given.arguments is not None and given.arguments != ask.arguments:
                edited = given.arguments
                ask = replace(ask, arguments=edited)
        if edited == before:
            yes = "all approval gates said yes"
            return Answer(approved=True, reason=yes, arguments=edited, feedback="; ".join(said) or None)
    return Answer(approved=False, reason="approval was refused: the approval gates do not agree on the arguments")
