"""Resources and templates: listed, read, completed and refused, through every door in both eras."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from tests.server.doors import WAYS, client_of
from tests.server.yards import DEADLINE, ERAS, LEGACY, MODERN, Yard, write_yard
from toolyard import DefinitionError, InputRequired, PermissionProfile, Resource, ToolContext, resource
from toolyard.mcp import create_mcp_runtime, create_server

pytestmark = pytest.mark.anyio

MODULE = '''
import threading
from toolyard import EmbeddedResource, InputRequired, ToolContext, ToolError, UnknownName, resource

@resource("notes://today", mime_type="text/plain")
def today(ctx: ToolContext) -> str:
    """What happened today."""
    return f"read by {ctx.caller.id} in {threading.current_thread().name}"

@resource("notes://logo", name="logo", description="The logo.", mime_type="image/png")
async def picture() -> bytes:
    return bytes([0, 255])

@resource("notes://folder")
async def folder() -> list[EmbeddedResource]:
    """Everything in a folder."""
    return [
        EmbeddedResource(uri="notes://folder/a", content="A", mime_type="text/plain"),
        EmbeddedResource(uri="notes://folder/b", content=b"B"),
    ]

async def days(typed, others):
    return [f"{typed}{others.get('year', '')}-{number}" for number in range(150)]

@resource("notes://{year}/days/{day}", complete={"year": ["1999", "2026"], "day": days})
def day(year: int, day: str) -> str:
    """One day of a year."""
    if day == "none":
        raise UnknownName("no such day")
    if day == "broken":
        raise ToolError("the calendar is closed")
    if day == "bug":
        raise ZeroDivisionError("a bug")
    return f"{year + 0}/{day}"

@resource("files:///{+path}")
def file(path: str) -> str:
    return path

@resource("notes://large")
def large() -> str:
    return "x" * 30_000
'''


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return write_yard(tmp_path, MODULE)


def one(x: str) -> str:
    return x


def two(x: str, y: str) -> str:
    return x + y


async def refused(client: Client, uri: str) -> types.ErrorData:
    with pytest.raises(MCPError) as caught:
        await client.read_resource(uri)
    return caught.value.error


@pytest.mark.parametrize(("door", "era"), WAYS)
async def test_what_is_listed_can_be_read(yard: Yard, door: str, era: str) -> None:
    async with client_of(yard, door, era) as client:
        listed = await client.list_resources()
        assert [item.uri for item in listed.resources] == sorted(item.uri for item in listed.resources)
        about = {item.uri: (item.name, item.description, item.mime_type) for item in listed.resources}
        assert about["notes://today"] == ("today", "What happened today.", "text/plain")
        assert about["notes://logo"] == ("logo", "The logo.", "image/png")
        templates = (await client.list_resource_templates()).resource_templates
        own = [item.uri_template for item in templates if not item.uri_template.startswith("toolyard:")]
        assert own == ["files:///{+path}", "notes://{year}/days/{day}"]

        [text] = (await client.read_resource("notes://today")).contents
        caller = {"memory": "python", "stdio": "stdio", "http": "http"}[door]
        assert isinstance(text, types.TextResourceContents)
        assert (text.uri, text.mime_type) == ("notes://today", "text/plain")
        assert text.text == f"read by {caller} in toolyard-worker"
        [data] = (await client.read_resource("notes://logo")).contents
        assert isinstance(data, types.BlobResourceContents)
        assert base64.b64decode(data.blob) == bytes([0, 255])
        several = (await client.read_resource("notes://folder")).contents
        assert [(item.uri, item.mime_type) for item in several] == [
            ("notes://folder/a", "text/plain"),
            ("notes://folder/b", None),
        ]


@pytest.mark.parametrize(("door", "era"), WAYS)
async def test_a_template_gives_its_variables_to_the_function(yard: Yard, door: str, era: str) -> None:
    async with client_of(yard, door, era) as client:
        [day] = (await client.read_resource("notes://2026/days/new%20year")).contents
        assert isinstance(day, types.TextResourceContents)
        assert (day.uri, day.text) == ("notes://2026/days/new%20year", "2026/new year")
        [file] = (await client.read_resource("files:///a/b.txt")).contents
        assert isinstance(file, types.TextResourceContents)
        assert file.text == "a/b.txt"


@pytest.mark.parametrize(("door", "era"), WAYS)
async def test_what_cannot_be_read_is_an_error_that_says_why(yard: Yard, door: str, era: str) -> None:
    async with client_of(yard, door, era) as client:
        unknown = await refused(client, "notes://nowhere")
        assert (unknown.code, unknown.data) == (types.INVALID_PARAMS, {"uri": "notes://nowhere"})
        gone = await refused(client, "notes://1/days/none")
        assert (gone.code, gone.message) == (types.INVALID_PARAMS, "no such day")
        assert gone.data == {"uri": "notes://1/days/none"}
        assert (await refused(client, "notes://x/days/1")).message.startswith("year: ")
        closed = await refused(client, "notes://1/days/broken")
        assert (closed.code, closed.message) == (types.INTERNAL_ERROR, "the calendar is closed")
        assert (await refused(client, "notes://1/days/bug")).message == "ZeroDivisionError: a bug"
        assert "30000 bytes" in (await refused(client, "notes://large")).message


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../secret", "%2e%2e/secret", "%2Fetc/passwd", "/etc/passwd", "a%5C..%5Cb", "a%00b", ""]
)
async def test_no_uri_leads_a_template_out_of_its_folder(yard: Yard, path: str) -> None:
    async with client_of(yard, "memory", MODERN) as client:
        assert (await refused(client, f"files:///{path}")).data == {"uri": f"files:///{path}"}


@pytest.mark.parametrize(("door", "era"), WAYS)
async def test_variables_are_completed(yard: Yard, door: str, era: str) -> None:
    template = types.ResourceTemplateReference(uri="notes://{year}/days/{day}")
    async with client_of(yard, door, era) as client:
        years = (await client.complete(template, {"name": "year", "value": "2"})).completion
        assert (years.values, years.total, years.has_more) == (["2026"], 1, False)
        days = await client.complete(template, {"name": "day", "value": "d"}, context_arguments={"year": "7"})
        assert days.completion.values[:2] == ["d7-0", "d7-1"]
        assert (len(days.completion.values), days.completion.total, days.completion.has_more) == (100, 150, True)
        path = await client.complete(
            types.ResourceTemplateReference(uri="files:///{+path}"), {"name": "path", "value": ""}
        )
        assert path.completion.values == []
        for ref, name in ((template, "month"), (types.ResourceTemplateReference(uri="no://{x}"), "x")):
            with pytest.raises(MCPError) as caught:
                await client.complete(ref, {"name": name, "value": ""})
            assert caught.value.error.code == types.INVALID_PARAMS


@pytest.mark.parametrize("era", ERAS)
async def test_a_list_comes_in_pages_that_miss_and_repeat_nothing(era: str) -> None:
    many = [Resource(uri=f"many://{number:05}", name=f"r{number}", handler=lambda _, ctx: "") for number in range(2100)]
    runtime = create_mcp_runtime(resources=many)
    async with Client(create_server(runtime), mode=era) as client:
        seen: list[str] = []
        page = await client.list_resources()
        while True:
            assert page.cache_scope == "private"
            seen.extend(item.uri for item in page.resources)
            if page.next_cursor is None:
                break
            page = await client.list_resources(cursor=page.next_cursor)
        assert seen == [f"many://{number:05}" for number in range(2100)]
        with pytest.raises(MCPError, match="cursor"):
            await client.list_resources(cursor="!")


@pytest.mark.parametrize("era", ERAS)
async def test_a_read_ends_at_the_deadline_of_the_caller(era: str) -> None:
    stopped = anyio.Event()

    @resource("slow://one")
    async def slow() -> str:
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()
        return ""

    profile = PermissionProfile.model_validate({"limits": {"timeout": 0.2}})
    async with Client(create_server(create_mcp_runtime(resources=[slow], profile=profile)), mode=era) as client:
        with anyio.fail_after(DEADLINE):
            assert "did not end within 0.2s" in (await refused(client, "slow://one")).message
            await stopped.wait()


async def test_a_reader_can_ask_its_client_before_it_answers() -> None:
    ask: dict[str, Any] = {
        "method": "elicitation/create",
        "params": {"message": "Who?", "requestedSchema": {"type": "object", "properties": {}}},
    }

    @resource("private://diary")
    async def diary(ctx: ToolContext) -> str | InputRequired:
        if "inputResponses" not in ctx.wire.params:
            return InputRequired(requests={"who": ask}, state="round one")
        return f"{ctx.wire.params['requestState']}: {ctx.wire.params['inputResponses']['who']['action']}"

    async def answer(context: object, params: object) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content={})

    server = create_server(create_mcp_runtime(resources=[diary]))
    async with Client(server, mode=MODERN, elicitation_callback=answer) as client:
        [content] = (await client.read_resource("private://diary")).contents
        assert isinstance(content, types.TextResourceContents)
        assert content.text == "round one: accept"
    async with Client(server, mode=MODERN) as client:
        lacking = await refused(client, "private://diary")
        assert lacking.code == types.MISSING_REQUIRED_CLIENT_CAPABILITY
        assert lacking.data == {"requiredCapabilities": {"elicitation": {}}}
    async with Client(server, mode=LEGACY, elicitation_callback=answer) as client:
        assert "2026-07-28" in (await refused(client, "private://diary")).message


def test_two_resources_cannot_share_a_uri_or_a_name() -> None:
    first = resource("a://1", name="one")(lambda: "")
    for other in (resource("a://1", name="two")(lambda: ""), resource("a://2", name="one")(lambda: "")):
        with pytest.raises(DefinitionError, match="the same"):
            create_mcp_runtime(resources=[first, other])


def test_a_function_takes_the_variables_of_its_uri_and_nothing_else() -> None:
    with pytest.raises(DefinitionError, match="id"):
        resource("a://{id}")(lambda: "")
    with pytest.raises(DefinitionError, match=r"\?x"):
        resource("a://b{?x}")(one)
    with pytest.raises(DefinitionError, match="between"):
        resource("a://{x}{y}")(two)
    with pytest.raises(DefinitionError, match="no URI"):
        create_mcp_runtime(resources=[resource("plain")(lambda: "")])
    with pytest.raises(DefinitionError, match="complete"):
        resource("a://{x}", complete={"y": ["1"]})(one)
