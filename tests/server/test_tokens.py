"""Tokens at the HTTP door: each one its own caller and profile, and never shown again (S3, S7)."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.server.hosting import hosted
from tests.server.raw_http import HELLO, JSON, Answer, Headers, exchange, modern, modern_headers, post
from tests.server.yards import DEADLINE, ERAS, Server, Yard, serving, write_yard
from toolyard import ConfigError
from toolyard.errors import StartError
from toolyard.mcp import asgi_app, create_mcp_runtime, serve_http
from toolyard.testing import NoLedger

pytestmark = pytest.mark.anyio

TOOLS = '''
from toolyard import ToolContext, tool

@tool
def who(ctx: ToolContext) -> str:
    """Who calls."""
    return ctx.caller.id

@tool(effects=["files.write"])
def write() -> str:
    """Write."""
    return "written"
'''
CONFIG = """
profile: readonly
python: [my_tools]
http: {max_body_bytes: 10000}
auth:
  tokens:
    - {id: me, env: MY_TOKEN, profile: unrestricted}
    - {id: ci, env: CI_TOKEN}
  allowed_hosts: [Tools.test]
"""
MINE, THEIRS = "s3cret-token-of-mine", "s3cret-token-of-the-ci"
VALUES = {"MY_TOKEN": MINE, "CI_TOKEN": THEIRS}
LISTING = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


class Site:
    def __init__(self, yard: Yard, server: Server) -> None:
        self.yard = yard
        self.server = server
        self.answers: list[Answer] = []

    def post(self, message: object, *headers: tuple[str, str], host: str = "tools.test:443") -> Answer:
        self.answers.append(post(self.server.port, message, *headers, host=host))
        return self.answers[-1]

    def call(self, tool: str, *headers: tuple[str, str]) -> Answer:
        return self.post(modern("tools/call", {"name": tool}), *modern_headers("tools/call", tool), *headers)

    def opened_session(self, *headers: tuple[str, str]) -> tuple[str, str]:
        session = ("Mcp-Session-Id", self.post(HELLO, *headers).headers["mcp-session-id"])
        assert self.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, session, *headers).status == 202
        return session


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A public server: after all tests, no token is found in what it answered, logged and recorded."""
    yard = write_yard(tmp_path_factory.mktemp("tokens"), TOOLS, CONFIG)
    with serving(yard, "--host", "0.0.0.0", env=VALUES) as server:  # noqa: S104 - that it may is what is tested
        site = Site(yard, server)
        yield site
        server.stop()
    written = [server.log, json.dumps(yard.records()), *(f"{answer.headers} {answer.body}" for answer in site.answers)]
    assert site.answers
    assert not [text for text in written if "s3cret" in text]


def bearer(token: str, scheme: str = "Bearer") -> tuple[str, str]:
    return ("Authorization", f"{scheme} {token}")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [bearer("wrong")],
        [bearer(MINE[:-1])],
        [bearer(f"{MINE}x")],
        [bearer(MINE.upper())],
        [bearer(f"{MINE} {THEIRS}")],
        [bearer(f'"{MINE}"')],
        [bearer(MINE, "Basic")],
        [bearer(MINE, "Bearer:")],
        [bearer("", "Bearer")],
        [("Authorization", "")],
        [("Authorization", MINE)],
        [("Authorization", f"Bearer{MINE}")],
        [("Authorization", f"Bearer {MINE}é")],
        [bearer(MINE), bearer(MINE)],
        [bearer(MINE), bearer("wrong")],
        [bearer("wrong"), bearer(MINE)],
        [("Proxy-Authorization", f"Bearer {MINE}")],
        [("X-Authorization", f"Bearer {MINE}")],
        [("Cookie", f"Authorization=Bearer {MINE}")],
        [("Mcp-Session-Id", MINE)],
    ],
    ids=str,
)
def test_a_request_without_one_right_token_is_refused_and_nothing_runs(site: Site, headers: Headers) -> None:
    before = len(site.yard.started("who"))
    for answer in (site.call("who", *headers), site.post(HELLO, *headers), site.post(LISTING, *headers)):
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "mcp-session-id" not in answer.headers
    assert len(site.yard.started("who")) == before


def test_a_token_in_the_url_is_none(site: Site) -> None:
    for name in ("access_token", "token"):
        line = f"POST /mcp?{name}={MINE} HTTP/1.1"
        assert exchange(site.server.port, line, (("Host", "tools.test"), *JSON)).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_right_token_gets_in_however_its_scheme_is_written(site: Site, scheme: str) -> None:
    answer = site.call("who", bearer(MINE, scheme))
    assert (answer.status, answer.message["result"]["content"][0]["text"]) == (200, "token:me")


def test_host_and_origin_are_checked_with_a_token_too(site: Site) -> None:
    for host in ("127.0.0.1", "localhost", "evil.test", "tools.test.evil.test"):
        assert site.post(HELLO, bearer(MINE), host=host).status == 421
    assert site.post(HELLO, bearer(MINE), ("Origin", "http://localhost")).status == 403
    assert site.post(HELLO, bearer(MINE), ("Origin", "https://tools.test")).status == 200


def test_nothing_of_a_body_is_read_before_the_token(site: Site) -> None:
    headers = (("Host", "tools.test"), *JSON, ("Content-Length", "20000"))
    assert exchange(site.server.port, "POST /mcp HTTP/1.1", headers).status == 401
    assert exchange(site.server.port, "POST /mcp HTTP/1.1", (*headers, bearer(MINE))).status == 413


@pytest.mark.parametrize("era", ERAS)
async def test_each_token_is_its_own_caller_with_its_own_profile(site: Site, era: str) -> None:
    url = site.server.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - as above
    listed: dict[str, set[str]] = {}
    for caller, token in (("token:me", MINE), ("token:ci", THEIRS)):
        headers = {"Authorization": f"Bearer {token}", "Host": "tools.test"}
        with anyio.fail_after(DEADLINE):
            async with (
                httpx2.AsyncClient(headers=headers) as web,
                Client(streamable_http_client(url, http_client=web), mode=era) as client,
            ):
                listed[caller] = {tool.name for tool in (await client.list_tools()).tools}
                answer = await client.call_tool("who", {})
                assert [block.model_dump()["text"] for block in answer.content] == [caller]
        record = site.yard.started("who")[-1]
        assert (record["caller"], record["profile"]) == (caller, listed_profile(caller))
    assert listed == {"token:me": {"who", "write"}, "token:ci": {"who"}}


def listed_profile(caller: str) -> str:
    return {"token:me": "unrestricted", "token:ci": "readonly"}[caller]


def test_a_tool_hidden_from_a_token_is_unknown_to_it_and_the_ledger_says_why(site: Site) -> None:
    refused = site.call("write", bearer(THEIRS))
    assert refused.message["error"] == {"code": -32602, "message": "Unknown tool: write"}
    [record] = [record for record in site.yard.records() if record["tool"] == "write"]
    assert (record["status"], record["caller"], record["rule"]) == ("denied", "token:ci", "file_write")


def test_a_session_serves_only_the_token_that_opened_it(site: Site) -> None:
    session = site.opened_session(bearer(MINE))
    calling = {**LISTING, "method": "tools/call", "params": {"name": "write"}}
    for message in (LISTING, calling):
        assert site.post(message, session, bearer(THEIRS)).status == 404
        assert site.post(message, session).status == 401
    for method in ("GET", "DELETE"):
        other = (("Host", "tools.test"), session, *JSON, bearer(THEIRS))
        assert exchange(site.server.port, f"{method} /mcp HTTP/1.1", other).status == 404
    assert not site.yard.started("write")
    assert "write" in site.post(LISTING, session, bearer(MINE)).body


async def test_a_session_serves_only_the_tenant_that_opened_it() -> None:
    runtime = create_mcp_runtime(ledger=NoLedger())
    mine = runtime.caller("ci")
    app = asgi_app(runtime, tokens={MINE: mine, THEIRS: replace(mine, tenant="another")})
    async with hosted(app) as url, httpx2.AsyncClient(trust_env=False, base_url=url, headers=dict(JSON)) as web:
        opened = await web.post("/", json=HELLO, headers=[bearer(MINE)])
        session = ("Mcp-Session-Id", opened.headers["mcp-session-id"])
        initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        told = await web.post("/", json=initialized, headers=[session, bearer(MINE)])
        listed = [
            (await web.post("/", json=LISTING, headers=[session, bearer(of)])).status_code for of in VALUES.values()
        ]
    assert (told.status_code, listed) == (202, [200, 404])


TOKENS = "python: [my_tools]\nauth: {tokens: [{id: me, env: MY_TOKEN}, {id: %s, env: CI_TOKEN}]}\n"


@pytest.mark.parametrize(
    ("config", "env", "said"),
    [
        ("python: [my_tools]", {}, ["0.0.0.0 can be reached from other machines", "auth.tokens"]),
        (TOKENS % "ci", VALUES, ["0.0.0.0 can be reached from other machines", "auth.allowed_hosts"]),
        (TOKENS % "ci", {"MY_TOKEN": MINE}, ["toolyard.yaml: auth.tokens.1", "CI_TOKEN is not set"]),
        (TOKENS % "ci", {"MY_TOKEN": "", "CI_TOKEN": THEIRS}, ["toolyard.yaml: auth.tokens.0", "MY_TOKEN is not set"]),
        (TOKENS % "me", VALUES, ["toolyard.yaml: auth.tokens.1", "same id"]),
        (TOKENS % "ci", {"MY_TOKEN": MINE, "CI_TOKEN": MINE}, ["toolyard.yaml: auth.tokens.1", "same value"]),
    ],
    ids=["no tokens", "no hosts", "unset", "empty", "same id", "same value"],
)
def test_a_server_whose_door_would_not_hold_does_not_start(
    tmp_path: Path, config: str, env: Mapping[str, str], said: list[str]
) -> None:
    yard = write_yard(tmp_path, TOOLS, config)
    public = ("--transport", "streamable-http", "--port", "0", "--host", "0.0.0.0")  # noqa: S104 - as above
    done = yard.run("serve", yard.config, *public, env=env)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("toolyard: ")
    assert "Traceback" not in done.err
    assert all(words in done.err for words in said), done.err
    assert "s3cret" not in done.err


@pytest.mark.parametrize("token", ["", "with space", "with\nnewline", "tök3n", "nul\0"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    runtime = create_mcp_runtime(ledger=NoLedger())
    with pytest.raises(ConfigError, match="'me' must be printable ASCII") as refused:
        asgi_app(runtime, tokens={token: runtime.caller("me")})
    assert not token or token not in str(refused.value)


@pytest.mark.parametrize("host", ["10.255.255.1", "no-such-host.invalid", "..", "", "a" * 300, "a\0b"])
async def test_an_address_that_is_not_to_be_had_is_a_clear_error(host: str) -> None:
    runtime = create_mcp_runtime(ledger=NoLedger())
    tokens = {"t0ken": runtime.caller("me")}
    with anyio.fail_after(DEADLINE), pytest.raises(StartError) as refused:
        await serve_http(runtime, host=host, port=0, tokens=tokens, allowed_hosts=["tools.test"])
    assert repr(host)[1:-1] in str(refused.value)


async def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with anyio.fail_after(DEADLINE), pytest.raises(StartError, match=f"127.0.0.1 port {port}: .*--port"):
            await serve_http(create_mcp_runtime(ledger=NoLedger()), port=port)
