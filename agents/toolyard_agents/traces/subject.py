"""What a trace is of: the agent as it was when it ran."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # whoever only reads traces need not load what runs agents
    from toolyard_agents.agent import Agent
    from toolyard_agents.hooks.redaction import Redaction
    from toolyard_agents.policies.policy import Policy
    from toolyard_kernel.tools.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Names, and digests of what is long: two subjects are equal when a run of the one could have been of the other."""

    agent: str
    model: str
    system_prompt: str
    tools: dict[str, str]
    policy: dict[str, Any]

    @classmethod
    def of(cls, agent: Agent, policy: Policy, redaction: Redaction | None = None) -> Subject:
        """The agent as it is now, with the policy of its run, as it may be written down."""
        subject = cls(
            agent=agent.name,
            model=agent.model if isinstance(agent.model, str) else agent.model.name,
            system_prompt=_digest(agent.system_prompt),
            tools=_tools(agent.registry),
            policy=policy.about,
        )
        return subject if redaction is None else cls(**redaction.value(subject.to_dict()))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def difference(self, recorded: Subject) -> str | None:
        """The first thing in which this subject is not the recorded one; the model may be another."""
        if self.agent != recorded.agent:
            return f"the trace is of the agent {recorded.agent!r}, and not of {self.agent!r}"
        if self.system_prompt != recorded.system_prompt:
            return "the agent's system prompt is another"
        for name in sorted({*self.tools, *recorded.tools}):
            if name not in self.tools:
                return f"the agent has no tool {name!r} any more"
            if name not in recorded.tools:
                return f"the agent has the new tool {name!r}"
            if self.tools[name] != recorded.tools[name]:
                return f"the tool {name!r} describes itself in another way"
        return self._policy_difference(recorded.policy)

    def _policy_difference(self, recorded: dict[str, Any]) -> str | None:
        for name in ("policy", *sorted({*self.policy, *recorded})):
            now, then = self.policy.get(name), recorded.get(name)
            if now != then:
                what = "the policy" if name == "policy" else f"the policy's {name}"
                return f"{what} is {json.dumps(now)[:200]}, and the trace is of {json.dumps(then)[:200]}"
        return None


def _tools(registry: Registry) -> dict[str, str]:
    said = {entry.name: [entry.tool.description, entry.tool.input_schema] for entry in registry}
    return {name: _digest(json.dumps(about, sort_keys=True)) for name, about in said.items()}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
