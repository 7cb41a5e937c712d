"""A runtime that a spec made, behind MCP: each agent's own tools, what runs the agents, and what is whose."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx2
import mcp_types as types
import pytest
from mcp import Client, MCPError

from tests.server.asking import HEADERS, YES, HttpLine, Line, call
from tests.server.hosting import hosted
from tests.server.runtime_shop import LONG, OWN, WIDE, Shop, User, in_memory, over_http, script, spec_of
from tests.server.yards import ERAS, text_of
from toolyard import Runtime, mcp
from toolyard.testing import FakeModel
from toolyard_kernel.content import JsonObject

pytestmark = pytest.mark.anyio

REFERENCE = "toolyard://references/"


async def names_of(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("agent", OWN)
async def test_an_agents_name_serves_exactly_its_own_tools(agent: str, era: str) -> None:
    runtime = Shop().open()
    async with over_http(runtime, agent, era, profile=WIDE) as wide:
        assert await names_of(wide) == OWN[agent]
        for name in set[str]().union(*OWN.values(), {"save"}) - OWN[agent]:
            with pytest.raises(MCPError, match=f"Unknown tool: {name}"):
                await wide.call_tool(name, {})
    async with over_http(runtime, agent, era) as narrow, in_memory(runtime, agent, era) as local:
        assert await names_of(narrow) == await names_of(local) == OWN[agent] - {"save"}
    assert {str(tool["name"]) for tool in mcp.list_tools(runtime, agent=agent)} == OWN[agent] - {"save"}


@pytest.mark.parametrize("serve", [mcp.create_server, mcp.asgi_app, mcp.list_tools])
def test_a_name_that_is_no_agent_is_served_by_no_door(serve: Any) -> None:
    with pytest.raises(LookupError, match="no agent is named 'nobody'; there are coordinator, executor"):
        serve(Shop().open(), agent="nobody")


@pytest.mark.parametrize("era", ERAS)
async def test_nobody_goes_beyond_the_agents_profile_or_the_callers(era: str) -> None:
    shop = Shop()
    runtime = shop.open()
    async with over_http(runtime, "insights", era, profile=WIDE) as client:
        with pytest.raises(MCPError, match="Unknown tool: save"):
            await client.call_tool("save", {})
    (refused,) = shop.ledger.records
    assert (refused["rule"], refused["profile"]) == ("file_write", "unrestricted & readonly")
    async with over_http(runtime, "writer", era) as client:
        with pytest.raises(MCPError, match="Unknown tool: save"):
            await client.call_tool("save", {})
    assert (shop.ledger.records[-1]["rule"], shop.done) == ("file_write", [])
    async with over_http(runtime, "writer", era, profile=WIDE) as client:
        assert text_of(await client.call_tool("save", {})) == "saved"
    assert shop.done == [("save", "token:ann")]


@pytest.mark.parametrize("era", ERAS)
async def test_an_agent_that_is_run_goes_beyond_neither_its_own_profile_nor_its_callers(era: str) -> None:
    shop = Shop()
    runtime = shop.open()
    prompt = {"prompt": script(("save", {}))}
    async with over_http(runtime, "mcp", era, profile=WIDE) as client:
        assert "file_write: off" in text_of(await client.call_tool("ask_insights", prompt))
        assert text_of(await client.call_tool("ask_writer", prompt)) == "saved"
    async with over_http(runtime, "mcp", era) as client:
        assert "file_write: off" in text_of(await client.call_tool("ask_writer", prompt))
    assert shop.done == [("save", "token:ann/writer")]


@pytest.mark.parametrize("era", ERAS)
async def test_the_agents_are_run_by_tools_and_a_prompt_without_a_name_goes_to_the_coordinator(era: str) -> None:
    shop = Shop()
    inner = script(("search", {"sku": "mug"}))
    outer = script(("delegate", {"agent": "insights", "prompt": inner}))
    async with in_memory(shop.open(), "mcp", era) as client:
        asked = await client.call_tool("ask_insights", {"prompt": inner})
        routed = await client.call_tool("run_prompt", {"prompt": outer})
    assert json.loads(text_of(asked)) == json.loads(text_of(routed)) == {"found": ["red mug"]}
    callers = [record["caller"] for record in shop.ledger.records if record["tool"] == "search"]
    assert callers == ["token:ann/insights"] * 2 + ["token:ann/coordinator/insights"] * 2
    assert {record["tenant"] for record in shop.ledger.records} == {"acme:v1"}


@pytest.mark.parametrize("era", ERAS)
async def test_a_thread_goes_on_in_another_server_and_belongs_to_its_caller_alone(tmp_path: Path, era: str) -> None:
    storage, model = f"sqlite:{tmp_path / 'shop.db'}", FakeModel()
    model.add_response("Still mugs.")
    async with (
        Shop(spec=spec_of(storage)).open() as first,
        Shop(spec=spec_of(storage), model=model).open() as second,
        Shop(spec=spec_of(storage, "globex")).open() as foreign,
    ):
        async with in_memory(first, "mcp", era) as client:
            began = await client.call_tool("ask_insights", {"prompt": "What do we sell? Mugs."})
        thread = cast("JsonObject", began.structured_content)["thread_id"]
        more = {"prompt": "And today?", "thread_id": thread}
        async with over_http(second, "mcp", era) as client:
            assert text_of(await client.call_tool("ask_insights", more)) == "Still mugs."
        async with over_http(second, "mcp", era, who="bob") as client:
            stolen = await client.call_tool("ask_insights", more)
        async with over_http(foreign, "mcp", era) as client:
            elsewhere = await client.call_tool("ask_insights", more)
    for refused in (stolen, elsewhere):
        assert refused.is_error
        assert "no conversation of yours" in text_of(refused)
    (request,) = model.requests
    said = [message.content for message in request.messages if message.role != "system"]
    assert said == ["What do we sell? Mugs.", "What do we sell? Mugs.", "And today?"]


STEPS: list[JsonObject] = [{"tool": "order", "arguments": {"sku": sku}} for sku in ("red mug", "blue cup")]
BOUGHT = [("order", "red mug"), ("order", "blue cup")]


@pytest.mark.parametrize("era", ERAS)
async def test_a_plan_is_proposed_over_one_door_and_carried_out_over_another_with_one_ask(era: str) -> None:
    shop, user, plan = Shop(), User(), {"plan_id": "p1"}
    runtime = shop.open()
    async with in_memory(runtime, "planner", era) as client:
        proposed = await client.call_tool("propose_plan", {**plan, "steps": STEPS})
    assert cast("JsonObject", proposed.structured_content) == {"plan_id": "p1", "status": "draft", "steps": 2}
    async with over_http(runtime, "executor", era, who="bob", user=user) as client:
        stolen = await client.call_tool("execute_plan", plan)
    assert "there is no plan 'p1'" in text_of(stolen)
    assert (user.asked, shop.done) == ([], [])
    async with over_http(runtime, "executor", era, user=user) as client:
        executed = await client.call_tool("execute_plan", plan)
        again = await client.call_tool("execute_plan", plan)
    assert cast("JsonObject", executed.structured_content)["status"] == "executed"
    assert "plan 'p1' is executed" in text_of(again)
    (message,) = user.asked
    assert '1. order {"sku": "red mug"}\n2. order {"sku": "blue cup"}' in message
    assert shop.done == BOUGHT


@pytest.mark.parametrize("era", ERAS)
async def test_a_plan_of_one_agent_is_carried_out_by_another_with_one_ask_of_the_clients_user(era: str) -> None:
    shop, user = Shop(), User()
    runtime = shop.open()
    propose, execute = script(("propose_plan", {"plan_id": "p1", "steps": STEPS})), ("execute_plan", {"plan_id": "p1"})
    async with over_http(runtime, "mcp", era) as client:
        await client.call_tool("run_prompt", {"prompt": propose, "agent": "planner"})
    refusing = User(yes=False)
    async with in_memory(runtime, "mcp", era, user=refusing) as client:
        await client.call_tool("run_prompt", {"prompt": script(execute), "agent": "executor"})
        assert (len(refusing.asked), shop.done) == (1, [])
    async with in_memory(runtime, "mcp", era, user=user) as client:
        outer = script(("delegate", {"agent": "executor", "prompt": script(execute)}))
        done = await client.call_tool("run_prompt", {"prompt": outer})
    assert json.loads(text_of(done))["status"] == "executed"
    assert (len(user.asked), shop.done) == (1, BOUGHT)


@pytest.mark.parametrize("era", ERAS)
async def test_a_step_of_an_approved_plan_goes_beyond_neither_the_executors_profile_nor_the_callers(era: str) -> None:
    shop, user = Shop(), User()
    runtime = shop.open()
    steps: list[JsonObject] = [{"tool": "save", "arguments": {}}, *STEPS]
    async with over_http(runtime, "planner", era, profile=WIDE) as client:
        await client.call_tool("propose_plan", {"plan_id": "p1", "steps": steps})
    async with over_http(runtime, "executor", era, profile=WIDE, user=user) as client:
        failed = cast("JsonObject", (await client.call_tool("execute_plan", {"plan_id": "p1"})).structured_content)
    assert failed["status"] == "failed"
    assert [step["status"] for step in failed["steps"]] == ["denied", "not_done", "not_done"]
    assert "file_write: off" in failed["steps"][0]["result"]
    assert (len(user.asked), shop.done) == (1, [])
    (refused,) = [record for record in shop.ledger.records if record["tool"] == "save"]
    assert (refused["rule"], refused["profile"]) == ("file_write", "unrestricted & readonly")


@pytest.mark.parametrize("era", ERAS)
async def test_an_ask_with_nobody_there_is_refused_and_not_waited_for(era: str) -> None:
    shop = Shop()
    runtime = shop.open()
    async with in_memory(runtime, "insights", era) as client:
        direct = await client.call_tool("delete", {"sku": "red mug"})
    async with over_http(runtime, "mcp", era, profile=WIDE) as client:
        within = await client.call_tool("ask_insights", {"prompt": script(("delete", {"sku": "red mug"}))})
    assert direct.is_error
    for refused in (direct, within):
        assert "approval is needed and nobody here can give it" in text_of(refused)
    assert (await runtime.pending_approvals(), shop.done) == ([], [])


async def test_a_run_that_waits_for_its_callers_user_goes_on_at_another_server(tmp_path: Path) -> None:
    storage = f"sqlite:{tmp_path / 'shop.db'}"
    shops = Shop(spec=spec_of(storage)), Shop(spec=spec_of(storage))
    calls = [("search", {"sku": "mug"}), ("delete", {"sku": "red mug"}), ("delete", {"sku": "blue cup"})]
    arguments = {"prompt": script(*calls), "agent": "insights"}
    async with shops[0].open() as one, shops[1].open() as two, raw(one) as first, raw(two) as second:
        state = await asked_about(first, arguments, "red mug")
        async with raw(two, "bob") as bob:
            stolen = await call(bob, "run_prompt", arguments, requestState=state, inputResponses=YES)
            assert stolen["error"]["code"] == types.INVALID_PARAMS
        later = await asked_about(second, arguments, "blue cup", requestState=state, inputResponses=YES)
        again = await call(first, "run_prompt", arguments, requestState=state, inputResponses=YES)
        assert again["result"]["isError"], "an answer to one ask is none to the next"
        ended = await call(first, "run_prompt", arguments, requestState=later, inputResponses=YES)
    assert ended["result"]["content"][0]["text"] == "deleted blue cup"
    assert [shop.done for shop in shops] == [[("delete", "blue cup")], [("delete", "red mug")]]
    searched = [record["event"] for shop in shops for record in shop.ledger.records if record["tool"] == "search"]
    assert searched == ["start", "end"], "no call is made twice"


@asynccontextmanager
async def raw(runtime: Runtime, who: str = "ann") -> AsyncGenerator[Line]:
    """A conversation in rounds with the tools that run the agents."""
    tokens = {f"token-of-{name}": runtime.caller(f"token:{name}") for name in ("ann", "bob")}
    async with hosted(mcp.asgi_app(runtime, tokens=tokens)) as url, httpx2.AsyncClient(trust_env=False) as web:
        yield HttpLine(client=web, url=url, headers={**HEADERS, "Authorization": f"Bearer token-of-{who}"})


async def asked_about(line: Line, arguments: JsonObject, what: str, **more: Any) -> str:
    """The state that a round leaves which asks about this."""
    result = (await call(line, "run_prompt", arguments, **more))["result"]
    assert what in result["inputRequests"]["approval"]["params"]["message"]
    return str(result["requestState"])


async def read_on(client: Client, uri: str) -> list[JsonObject]:
    pages: list[JsonObject] = []
    while uri:
        (content,) = (await client.read_resource(uri)).contents
        assert isinstance(content, types.TextResourceContents)
        pages.append(json.loads(content.text))
        uri = str(pages[-1].get("next", ""))
    return pages


def whole_of(pages: list[JsonObject]) -> str:
    return "".join(page["text"] for page in pages)


def id_in(text: str) -> str:
    (found,) = re.findall(r"ref_[0-9a-f]{32}", text)
    return str(found)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("agent", ["insights", "mcp"])
async def test_a_result_that_is_too_long_is_read_on_by_its_own_caller_alone(agent: str, era: str) -> None:
    runtime = Shop().open()
    async with over_http(runtime, agent, era) as client:
        if agent == "mcp":  # what its model read is too long for the report as well
            asked = await client.call_tool("ask_insights", {"prompt": script(("report", {}))})
            assert (asked.is_error, asked.structured_content["status"]) == (False, "completed")  # pyright: ignore[reportOptionalSubscript]
            own = text_of(asked).split(f"read the whole at {REFERENCE}")[1].split()[0]
            told = whole_of(await read_on(client, f"{REFERENCE}{own}"))
        else:
            told = text_of(await client.call_tool("report", {}))
        assert "read the whole with resolve_ref and ref ref_" in told
        uri = f"{REFERENCE}{id_in(told)}"
        templates = {found.uri_template for found in (await client.list_resource_templates()).resource_templates}
        assert templates == {"toolyard://references/{id}", "toolyard://references/{id}/{offset}"}
        pages = await read_on(client, uri)
        assert (len(pages) > 1, whole_of(pages)) == (True, LONG)
        (last,) = await read_on(client, f"{uri}/{len(LONG) - 10}")
        assert last["text"] == LONG[-10:]
    for other in (over_http(runtime, agent, era, who="bob", profile=WIDE), in_memory(runtime, agent, era, who="bob")):
        async with other as client:
            for wanted in (uri, f"{uri}/0"):
                with pytest.raises(MCPError, match="there is no reference") as refused:
                    await client.read_resource(wanted)
                assert refused.value.code == types.INVALID_PARAMS
