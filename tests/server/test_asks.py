"""Whatever a client does when it is asked: the call ends, and nothing runs without a timely yes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp_types as types
import pytest

from tests.server.asking import (
    META,
    TRANSPORTS,
    YES,
    Transport,
    ask,
    asking_yard,
    call,
    census,
    client,
    line,
    ran,
    recorded,
    served,
    settles,
    text_of,
    until,
)  # fmt: skip
from tests.server.yards import DEADLINE, ERAS, LEGACY, MODERN, Yard, serving, talking

pytestmark = pytest.mark.anyio

REFUSED = "approval was refused by the user: tool 'act' declares approval: always"
NOBODY = "approval is needed and nobody here can give it: tool 'act' declares approval: always"


def accepted(content: Any) -> types.ElicitResult:
    return types.ElicitResult.model_construct(action="accept", content=content)


NOES: dict[str, types.ElicitResult] = {
    "declines": types.ElicitResult(action="decline"),
    "cancels": types.ElicitResult(action="cancel"),
    "declines with a yes": types.ElicitResult(action="decline", content={"approve": True}),
    "accepts and says no": accepted({"approve": False}),
    "accepts and says nothing": accepted({}),
    "accepts without content": accepted(None),
    "says yes in a word": accepted({"approve": "true"}),
    "says yes in a number": accepted({"approve": 1}),
    "says yes to something else": accepted({"approved": True, "Approve": True}),
    "says yes in a list": accepted({"approve": ["true"]}),
}
GARBAGE: dict[str, types.ElicitResult] = {
    "says yes deep down": accepted({"approve": {"approve": True}}),
    "answers with a list": accepted([True]),
    "answers with a word": accepted("yes"),
    "answers what is no action": types.ElicitResult.model_construct(action="approve", content={"approve": True}),
}


async def yes(params: types.ElicitRequestFormParams) -> types.ElicitResult:
    return accepted({"approve": True})


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_only_a_yes_lets_a_call_run(tmp_path: Path, transport: Transport, era: str) -> None:
    yard, said = asking_yard(tmp_path), types.ElicitResult(action="decline")
    noes = {**NOES, **GARBAGE} if era == LEGACY else NOES  # the SDK's client sends no garbage on 2026-07-28
    asked: list[types.ElicitRequestFormParams] = []

    async def elicited(params: types.ElicitRequestFormParams) -> types.ElicitResult:
        asked.append(params)
        return said

    with served(yard, transport) as server:
        async with client(yard, server, era, elicited) as found:
            before = await census(found)
            for name, said in noes.items():  # noqa: B007 - the callback reads it
                result = await found.call_tool("act", {"text": name, "key": "s3cret"})
                assert (result.is_error, ran(yard)) == (True, []), name
                assert name in GARBAGE or text_of(result) == REFUSED, name
            said = accepted({"approve": True})
            result = await found.call_tool("act", {"text": "this", "key": "s3cret"})
            assert (text_of(result), ran(yard)) == ("acted this", ["this"])
            await settles(found, before)
    assert len(asked) == len(noes) + 1
    assert asked[-1].message == (
        'Run act with {"text": "this", "key": "[redacted]"}?\ntool \'act\' declares approval: always'
    )
    assert asked[-1].requested_schema["required"] == ["approve"]
    await _check_ledger(yard, era, refused=len(noes))


async def _check_ledger(yard: Yard, era: str, refused: int) -> None:
    """Every call is there with each of its rounds under one id; a round that asks is one of 2026-07-28."""
    told = await recorded(yard, refused + 1)
    rounds = ["wait"] if era == MODERN else []
    calls = list(dict.fromkeys(call_id for call_id, _, _ in told))
    events = [[event for call_id, event, _ in told if call_id == one] for one in calls]
    assert events == [[*rounds, "refusal"]] * refused + [[*rounds, "start", "end"]]
    assert {status for _, event, status in told if event == "refusal"} == {"denied"}
    everything = "".join(path.read_text() for path in Path(yard.env["XDG_STATE_HOME"]).rglob("*") if path.is_file())
    assert "s3cret" not in everything


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_client_that_declared_nothing_is_told_no(tmp_path: Path, transport: Transport, era: str) -> None:
    yard = asking_yard(tmp_path)
    with served(yard, transport) as server:
        async with client(yard, server, era, None) as found:
            assert {tool.name for tool in (await found.list_tools()).tools} >= {"act", "linger"}
            result = await found.call_tool("act")
            assert (result.is_error, text_of(result)) == (True, NOBODY)
    assert ran(yard) == []
    assert [event for _, event, _ in await recorded(yard, 1)] == ["refusal"]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_live_ask_that_is_never_answered_ends_at_its_deadline(tmp_path: Path, transport: Transport) -> None:
    yard, told_off = asking_yard(tmp_path, deadline="1s"), anyio.Event()

    async def never(params: types.ElicitRequestFormParams) -> types.ElicitResult:
        try:
            await anyio.sleep_forever()
        finally:
            told_off.set()
        return accepted({"approve": True})

    with served(yard, transport) as server:
        async with client(yard, server, LEGACY, never) as found:
            before = await census(found)
            result = await found.call_tool("act", {"text": "late"})
            assert (result.is_error, text_of(result)[:35]) == (True, "approval was not given within 1s: t")
            await told_off.wait()
            await settles(found, before)
    assert ran(yard) == []
    assert [(event, status) for _, event, status in await recorded(yard, 1)] == [("refusal", "denied")]


async def test_a_live_ask_that_is_answered_after_its_call_ended_is_a_no(tmp_path: Path) -> None:
    yard = asking_yard(tmp_path, deadline="1s")
    async with talking(yard) as talk:
        await talk.send(_asks("initialize"))
        await talk.answer(0)
        await talk.send({"method": "notifications/initialized"}, _asks("late"))
        asked = await talk.line()
        answer = await talk.answer(1)
        assert answer["result"]["isError"]
        said = {"action": "accept", "content": {"approve": True}}
        await talk.send({"id": asked["id"], "result": said}, {"id": asked["id"], "result": said})
        await talk.call(2, "census")
        assert not (await talk.answer(2))["result"].get("isError")
        await talk.send(_asks("again"))
        again = await talk.line()
        assert again["id"] != asked["id"]
        await talk.send({"id": asked["id"], "result": said}, {"id": again["id"], "result": {"action": "decline"}})
        assert (await talk.answer(1))["result"]["isError"]
        assert (await talk.end())[0] == 0
    assert ran(yard) == []
    assert [(event, status) for _, event, status in await recorded(yard, 2)] == [("refusal", "denied")] * 2


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_round_that_is_answered_too_late_is_a_no(tmp_path: Path, transport: Transport) -> None:
    yard = asking_yard(tmp_path, deadline="1s")

    async def too_late(params: types.ElicitRequestFormParams) -> types.ElicitResult:
        await anyio.sleep(1.1)  # what it does is to be late
        return accepted({"approve": True})

    with served(yard, transport) as server:
        async with client(yard, server, MODERN, too_late) as found:
            before = await census(found)
            result = await found.call_tool("act", {"text": "late"})
            assert (result.is_error, text_of(result)[:30]) == (True, "approval was not given in time")
            await settles(found, before)
    assert ran(yard) == []
    told = await recorded(yard, 1)
    assert [event for _, event, _ in told] == ["wait", "refusal"]
    assert len({call_id for call_id, _, _ in told}) == 1


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_each_of_two_asks_at_once_has_its_own_answer(tmp_path: Path, transport: Transport, era: str) -> None:
    yard, both = asking_yard(tmp_path), anyio.Event()
    results: dict[str, str] = {}
    asked: list[str] = []

    async def elicited(params: types.ElicitRequestFormParams) -> types.ElicitResult:
        asked.append(params.message)
        if len(asked) == 2:
            both.set()
        await both.wait()
        return accepted({"approve": '"right"' in params.message})

    with served(yard, transport) as server:
        async with client(yard, server, era, elicited) as found:
            before = await census(found)

            async def act(text: str) -> None:
                results[text] = text_of(await found.call_tool("act", {"text": text}))

            async with anyio.create_task_group() as tasks:
                for text in ("right", "wrong"):
                    tasks.start_soon(act, text)
            await settles(found, before)
    assert results == {"right": "acted right", "wrong": REFUSED}
    assert ran(yard) == ["right"]


def _asks(text: str) -> dict[str, Any]:
    about = {"protocolVersion": "2025-11-25", "clientInfo": {"name": "test", "version": "1"}}
    if text == "initialize":
        return {"id": 0, "method": "initialize", "params": {**about, "capabilities": {"elicitation": {}}}}
    return {"id": 1, "method": "tools/call", "params": {"name": "act", "arguments": {"text": text}}}


async def test_a_client_that_leaves_stdio_while_it_is_asked_ends_the_call(tmp_path: Path) -> None:
    yard = asking_yard(tmp_path)
    async with talking(yard) as talk:
        await talk.send(_asks("initialize"))
        await talk.answer(0)
        await talk.send({"method": "notifications/initialized"}, _asks("gone"))
        assert (await talk.line())["method"] == "elicitation/create"
        code, rest = await talk.end()
    assert (code, ran(yard)) == (0, [])
    assert all("error" in json.loads(last) for last in rest.splitlines())
    ((_, event, status),) = await recorded(yard, 1)
    assert event == "refusal"
    assert status in ("denied", "cancelled")


async def test_a_client_that_leaves_stdio_while_its_approved_call_runs_ends_it(tmp_path: Path) -> None:
    yard = asking_yard(tmp_path)
    async with line(yard, None) as before:
        state = await ask(before, "linger", {"text": "a"})
    async with talking(yard) as talk:
        params = {"name": "linger", "arguments": {"text": "a"}, "requestState": state, "inputResponses": YES}
        await talk.send({"id": 1, "method": "tools/call", "params": {"_meta": META, **params}})
        await until(lambda: ran(yard))
        code, _ = await talk.end()
    assert (code, ran(yard)) == (0, ["a"])
    told = await recorded(yard, 1)
    assert [(event, status) for _, event, status in told] == [
        ("wait", "input_required"), ("start", None), ("end", "cancelled")
    ]  # fmt: skip
    assert len({call_id for call_id, _, _ in told}) == 1


GARBLED: list[Any] = [
    None, {}, [], "yes", True, {"approval": True}, {"approval": None}, {"approval": {"action": "accept"}},
    {"approval": {"action": "accept", "content": {"approve": {"approve": True}}}},
    {"approval": {"action": "accept", "content": [True]}},
    {"approval": {"action": "approve", "content": {"approve": True}}},
    {"approval": {"content": {"approve": True}}}, {"approve": True}, {"other": YES["approval"]},
    {"approval": [YES["approval"]]}, {"approval": {"action": "ACCEPT", "content": {"approve": True}}},
    {"approval": {"role": "user", "content": {"type": "text", "text": "true"}, "model": "m"}},
    {"approval": {"roots": []}},
]  # fmt: skip


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_round_that_is_answered_with_garbage_is_a_no(tmp_path: Path, transport: Transport) -> None:
    yard = asking_yard(tmp_path)
    with served(yard, transport) as server:
        async with line(yard, server) as on:
            for garbled in GARBLED:
                state = await ask(on)
                answer = await call(on, "act", {}, requestState=state, inputResponses=garbled)
                assert "error" in answer or answer["result"]["isError"], garbled
                assert ran(yard) == [], garbled
            assert (await call(on, "act", {}, requestState=await ask(on), inputResponses=YES))["result"]["content"]
    assert ran(yard) == [""]


def _posted(message: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", **message}


async def _session(found: httpx2.AsyncClient, url: str) -> dict[str, str]:
    """A handshake-era session; the headers that name it."""
    about = {"accept": "application/json, text/event-stream"}
    answer = await found.post(url, json=_posted(_asks("initialize")), headers=about)
    named = {**about, "mcp-session-id": answer.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
    await found.post(url, json=_posted({"method": "notifications/initialized"}), headers=named)
    return named


async def _brought(lines: AsyncIterator[str]) -> dict[str, Any]:
    """The next message that a stream brings."""
    async for text in lines:
        if text.startswith("data: {"):
            found: dict[str, Any] = json.loads(text[6:])
            return found
    raise AssertionError("the stream ended")


async def test_a_client_whose_connection_is_cut_while_it_is_asked_gets_no_call_made(tmp_path: Path) -> None:
    yard = asking_yard(tmp_path, deadline="1s")
    with serving(yard) as server:
        async with client(yard, server, MODERN, None) as watcher:
            async with httpx2.AsyncClient(trust_env=False, timeout=DEADLINE) as first:
                await first.delete(server.url, headers=await _session(first, server.url))
            before = await census(watcher)  # the first stream of a process starts a task that lives as long
            async with httpx2.AsyncClient(trust_env=False, timeout=DEADLINE) as found:
                headers = await _session(found, server.url)
                async with found.stream("POST", server.url, json=_posted(_asks("cut")), headers=headers) as response:
                    asked = await _brought(response.aiter_lines())
                told = await recorded(yard, 1)
                late = _posted({"id": asked["id"], "result": {"action": "accept", "content": {"approve": True}}})
                assert (await found.post(server.url, json=late, headers=headers)).status_code == 202
                assert (await found.delete(server.url, headers=headers)).status_code == 200
            await settles(watcher, before)
    assert [(event, status) for _, event, status in told] == [("refusal", "denied")]
    assert ran(yard) == []


async def test_a_client_whose_connection_is_cut_while_its_approved_call_runs_ends_it(tmp_path: Path) -> None:
    yard = asking_yard(tmp_path)
    with serving(yard) as server:
        async with client(yard, server, MODERN, None) as watcher:
            before = await census(watcher)
        async with anyio.create_task_group() as tasks:

            async def approved() -> None:
                async with line(yard, server) as on:
                    state = await ask(on, "linger")
                    await call(on, "linger", {}, requestState=state, inputResponses=YES)

            tasks.start_soon(approved)
            await until(lambda: ran(yard))
            tasks.cancel_scope.cancel()
        async with client(yard, server, MODERN, None) as watcher:
            told = await recorded(yard, 1)
            await settles(watcher, before)
    assert [(event, status) for _, event, status in told] == [
        ("wait", "input_required"), ("start", None), ("end", "cancelled")
    ]  # fmt: skip


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_client_that_reconnects_may_still_answer_the_round_it_left_with(
    tmp_path: Path, transport: Transport
) -> None:
    yard = asking_yard(tmp_path)
    with served(yard, transport) as server:
        async with line(yard, server) as first:
            state = await ask(first, "act", {"text": "a"})
        async with line(yard, server) as second:
            answer = await call(second, "act", {"text": "a"}, requestState=state, inputResponses=YES)
            assert answer["result"]["content"] == [{"type": "text", "text": "acted a"}]
    told = await recorded(yard, 1)
    assert [event for _, event, _ in told] == ["wait", "start", "end"]
    assert len({call_id for call_id, _, _ in told}) == 1


async def test_a_client_that_reconnects_in_the_handshake_era_is_asked_anew(tmp_path: Path) -> None:
    yard = asking_yard(tmp_path, deadline="2s")
    with serving(yard) as server:
        async with httpx2.AsyncClient(trust_env=False, timeout=DEADLINE) as found:
            old = await _session(found, server.url)
            async with found.stream("POST", server.url, json=_posted(_asks("first")), headers=old) as first:
                assert (await _brought(first.aiter_lines()))["method"] == "elicitation/create"
            new = await _session(found, server.url)
            async with found.stream("POST", server.url, json=_posted(_asks("second")), headers=new) as second:
                lines = second.aiter_lines()
                again = await _brought(lines)
                assert '"second"' in again["params"]["message"]
                yes = {"id": again["id"], "result": {"action": "accept", "content": {"approve": True}}}
                assert (await found.post(server.url, json=_posted(yes), headers=new)).status_code == 202
                assert (await _brought(lines))["result"]["content"][0]["text"] == "acted second"
            told = await recorded(yard, 2)
    assert ran(yard) == ["second"]
    assert [(event, status) for _, event, status in told] == [("start", None), ("end", "ok"), ("refusal", "denied")]
