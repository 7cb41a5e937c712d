"""Running the nodes that are next together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from toolyard_agents.delegation import asked_below
from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.asking import arguments_of, called, prompt_of
from toolyard_agents.graphs.nodes import AgentNode, EndNode, FunctionNode, ModelNode, Node, ToolNode, Values, plain
from toolyard_agents.graphs.progress import Known, Visit, Written
from toolyard_agents.messages import ToolRequest
from toolyard_agents.session.calls import Answered
from toolyard_agents.session.failures import first_of
from toolyard_agents.session.run import Run, waiting_stop
from toolyard_agents.session.stop import Stop
from toolyard_kernel.calls.workers import Workers
from toolyard_kernel.content import JsonObject

CallNode = ToolNode | AgentNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The nodes of one step, on their visits, with the state as all of them see it.

    `began` is how many messages there were when the graph began: it makes the ids of its calls.
    """

    run: Run
    visits: Sequence[tuple[Node, Visit]]
    values: Values
    known: Known
    began: int
    said: dict[str, str]
    workers: Workers
    written: dict[Visit, Written] = field(default_factory=dict[Visit, Written])

    async def go(self) -> dict[Visit, Written] | Stop:
        """What each wrote, by its visit; a stop when one waits for somebody.

        Raises:
            GraphError: one failed; the others were cancelled.
        """
        calls: list[tuple[CallNode, Visit]] = []
        others: list[tuple[Node, Visit]] = []
        for node, visit in self.visits:
            is_call = isinstance(node, ToolNode | AgentNode)
            result = None if is_call and self.run.recorded else self.known.result(visit)
            if result is not None and self.run.recorded is None:
                self.written[visit] = result
            elif result is not None:
                await self._tell(visit, result, note=True)
            elif isinstance(node, ToolNode | AgentNode):
                calls.append((node, visit))
            else:
                others.append((node, visit))
        return await self._all(calls, others) or self.written

    async def _all(self, calls: Sequence[tuple[CallNode, Visit]], others: Sequence[tuple[Node, Visit]]) -> Stop | None:
        async def one(node: Node, visit: Visit) -> None:
            async with self.run.calls.free:
                await self._tell(visit, await self._written_by(node), note=True)

        try:
            async with asyncio.TaskGroup() as tasks:
                making = tasks.create_task(self._make(calls))
                for node, visit in others:
                    tasks.create_task(one(node, visit))
        except ExceptionGroup as failed:
            raise first_of(failed) from failed
        return making.result()

    async def _written_by(self, node: Node) -> Written:
        """What a node wrote that makes no call of this run."""
        match node:
            case EndNode(exits=exits):
                return Written(
                    update={}, text=next((self.said[one] for one in reversed(self.said) if one in exits), None)
                )
            case _ if self.run.recorded is not None:
                raise self.run.recorded.end()
            case FunctionNode(name=name, function=function):
                return Written(update=_update(name, await called(self.workers, name, function, self.values)))
            case ModelNode(name=name, agent=agent, prompt=prompt, output=output):
                asked = await prompt_of(self.workers, name, prompt, self.values)
                result = await asked_below(agent, asked, self.run.calls.caller, self.run.calls.run)
                if result.status != "completed":
                    raise GraphError(f"node {name!r} has no answer ({result.stop_reason}): {result.reason}")
                return Written(update={output: result.text}, text=result.text)
            case ToolNode() | AgentNode():
                raise AssertionError(node)

    async def _make(self, calls: Sequence[tuple[CallNode, Visit]]) -> Stop | None:
        """Make the calls of this step, all at once, or go on with those that wait for somebody."""
        if not calls:
            return None
        ids = {self._id(visit): (node, visit) for node, visit in calls}
        asked = {call.id for message in self.run.state.messages for call in message.tool_calls}
        if not asked & set(ids):
            requests = [await self._request(id, node) for id, (node, _) in ids.items()]
            self.run.state.add_assistant_message("", requests)
        waiting = {request.id for request in self.run.state.pending()}
        if lost := [visit for id, (_, visit) in ids.items() if id not in waiting]:
            raise GraphError(f"node {lost[0][0]!r}: its call was interrupted, and what came of it is unknown")
        made: list[Answered] = []

        def keep(one: Answered) -> None:
            self.run.keep(one)
            node, visit = ids[one.request.id]
            if one.outcome is not None and one.outcome.ok:
                self.run.state.note(json.dumps(_answer(node, one).noted(visit)))
            made.append(one)

        waits = await self.run.calls.make(self.run.state.pending(), self.run.take_given(), keep)
        for one in made:
            node, visit = ids[one.request.id]
            if one.outcome is None or not one.outcome.ok:
                raise GraphError(f"node {node.name!r}: {one.text}")
            await self._tell(visit, _answer(node, one), note=False)
        return waiting_stop(waits)

    async def _request(self, id: str, node: CallNode) -> ToolRequest:
        arguments: JsonObject
        if recorded := self.run.recorded:
            arguments = recorded.arguments.get(id, {})
        elif isinstance(node, AgentNode):
            arguments = {"prompt": await prompt_of(self.workers, node.name, node.prompt, self.values)}
        else:
            registry = self.run.calls.gate.registry
            given = node.arguments
            arguments = await arguments_of(self.workers, node.name, given, self.values, registry, node.tool_name)
        try:
            return ToolRequest(id=id, name=self._offered(node.tool_name), arguments=json.dumps(arguments))
        except (TypeError, ValueError) as error:
            raise GraphError(f"node {node.name!r}: its arguments are no JSON: {error}") from error

    def _id(self, visit: Visit) -> str:
        return f"{plain(visit[0])}-{visit[1]}-{self.began}"

    def _offered(self, tool: str) -> str:
        """The name under which a model would be offered the tool: it stands in the conversation."""
        names = self.run.calls.names
        return next((name for name, meant in names.items() if meant == tool), tool)

    async def _tell(self, visit: Visit, result: Written, *, note: bool) -> None:
        """Keep what a node wrote, and tell those who watch."""
        self.written[visit] = result
        noted = result.noted(visit)
        if note:
            self.run.state.note(json.dumps(noted))
        await self.run.emitter.emit("custom", content="graph_node", tool_metadata=noted)


def _update(name: str, returned: Any) -> Values:
    if returned is None:
        return {}
    kind = type(returned).__name__
    fields = list(cast("dict[object, object]", returned)) if isinstance(returned, dict) else [None]
    if not all(isinstance(key, str) for key in fields):
        raise GraphError(f"node {name!r} returned {kind}; expected a dict of what changes, or None")
    return cast("Values", returned)


def _answer(node: CallNode, made: Answered) -> Written:
    structured = made.outcome.structured if made.outcome and isinstance(node, ToolNode) else None
    return Written(update={node.output: made.text if structured is None else structured}, text=made.text)
