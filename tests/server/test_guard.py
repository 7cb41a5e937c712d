"""Who gets in over HTTP, and who does not (S3); nothing of a request that was refused has run."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.raw_http import HELLO, JSON, Answer, Headers, exchange, modern, modern_headers, post, read_answer
from tests.server.yards import Server, Yard, serving, write_yard
from toolyard.mcp import asgi_app, create_mcp_runtime
from toolyard.testing import NoLedger

pytestmark = pytest.mark.anyio

LIMIT = 10_000
TOOLS = '''
from toolyard import tool

@tool
def act(text: str = "") -> str:
    """Do it."""
    return "done"
'''
CONFIG = f"""
python: [my_tools]
http: {{max_body_bytes: {LIMIT}}}
"""
CALL = modern("tools/call", {"name": "act"})
CALLING = modern_headers("tools/call", "act")


class Site:
    """A server, and whether anything has run on it."""

    def __init__(self, yard: Yard, server: Server) -> None:
        self._yard = yard
        self.port = server.port

    def call(self, *headers: tuple[str, str], host: str | None = "localhost") -> Answer:
        return post(self.port, CALL, *CALLING, *headers, host=host)

    def ran(self) -> int:
        return len(self._yard.started("act"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yard = write_yard(tmp_path_factory.mktemp("guarded"), TOOLS, CONFIG)
    with serving(yard) as server:
        yield Site(yard, server)
    assert "Traceback" not in server.log


@pytest.fixture
def site(served: Site) -> Iterator[Site]:
    """The same server in every test; what a test was refused has not run."""
    before = served.ran()
    yield served
    assert served.ran() == before


FOREIGN_HOSTS = [
    "evil.test",
    "",
    "localhost.",
    "localhost.evil.test",
    "evil.test.localhost",
    "127.0.0.1.evil.test",
    "user@localhost",
    "@localhost",
    "user:password@localhost",
    "localhost@evil.test",
    "localhost:80@evil.test",
    "localhost, evil.test",
    "localhost evil.test",
    "localhost/",
    "localhost/@evil.test",
    "localhost?evil.test",
    "localhost#evil.test",
    "localhost\\evil.test",
    "localhost\\@evil.test",
    "http://localhost",
    "//localhost",
    "localhost:http",
    "localhost:-1",
    "localhost:123456",
    "localhost:80:80",
    "::1",
    "[::1",
    "::1]",
    "[::1]evil.test",
    "[::1].evil.test",
    "[::ffff:127.0.0.1]",
    "[v1.localhost]",
    "[localhost]",
    "0.0.0.0",  # noqa: S104 - a name that a browser takes for this machine
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "%6cocalhost",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_host_that_is_not_the_server_s_is_refused(site: Site, host: str) -> None:
    assert site.call(host=host).status in (400, 421)
    assert post(site.port, HELLO, host=host).status in (400, 421)


def test_every_method_is_guarded(site: Site) -> None:
    for method in ("GET", "DELETE", "OPTIONS", "PUT"):
        assert exchange(site.port, f"{method} /mcp HTTP/1.1", (("Host", "evil.test"), *JSON)).status == 421
        foreign = (("Host", "localhost"), ("Origin", "http://evil.test"), *JSON)
        assert exchange(site.port, f"{method} /mcp HTTP/1.1", foreign).status == 403


@pytest.mark.parametrize(
    "hosts",
    [(), ("localhost", "localhost"), ("localhost", "evil.test"), ("evil.test", "localhost")],
    ids=["none", "the same twice", "own first", "foreign first"],
)
def test_a_host_is_named_exactly_once(site: Site, hosts: tuple[str, ...]) -> None:
    headers = [("Host", host) for host in hosts]
    assert site.call(*headers, host=None).status in (400, 421)
    old = exchange(site.port, "GET /mcp HTTP/1.0", [*headers, *JSON])
    assert old.status in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1", "[::1]", "localhost:1", "[::1]:65535"])
def test_the_server_s_own_names_get_in_in_any_case_and_with_any_port(served: Site, host: str) -> None:
    before = served.ran()
    assert served.call(host=host).status == 200
    assert served.ran() == before + 1


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "null",
        "",
        "*",
        "http://localhost.evil.test",
        "http://127.0.0.1.evil.test",
        "http://evil.test:80",
        "http://localhost@evil.test",
        "http://user@localhost",
        "http://evil.test#@localhost",
        "http://evil.test/localhost",
        "http://localhost:http",
        "http://localhost/",
        "http://localhost, http://evil.test",
        "http://",
        "http:localhost",
        "localhost",
        "ftp://localhost",
        "file://localhost",
        "chrome-extension://localhost",
        "javascript://localhost",
        "data:text/html,localhost",
    ],
)
def test_an_origin_that_is_not_the_server_s_is_refused(site: Site, origin: str) -> None:
    assert site.call(("Origin", origin)).status == 403
    assert site.call(("Origin", "http://localhost"), ("Origin", origin)).status == 403
    assert post(site.port, HELLO, ("Origin", origin)).status == 403


@pytest.mark.parametrize("origin", ["http://localhost", "https://127.0.0.1:3000", "http://[::1]:8080"])
def test_a_page_of_the_server_s_own_host_gets_in(served: Site, origin: str) -> None:
    assert served.call(("Origin", origin)).status == 200


@pytest.mark.parametrize(
    "length",
    [str(LIMIT + 1), "20000000", "9" * 25, "9" * 5000, "0" * 40 + "9" * 10, str(2**64), str(2**63 - 1)],
    ids=lambda length: f"{length[:12]} in {len(length)} digits",
)
def test_a_body_that_is_announced_too_large_is_refused_before_it_is_read(site: Site, length: str) -> None:
    for more in (CALLING, ()):
        assert announce(site.port, [("Content-Length", length), *more]).status in (400, 413)
    assert announce(site.port, [("Content-Length", str(LIMIT + 1))]).status == 413


@pytest.mark.parametrize("length", ["-1", "ten", "1e3", "+5", "0x10", "5 5", "5,5", "\u0665", "5.0", ""])
def test_a_length_that_is_no_number_is_refused(site: Site, length: str) -> None:
    headers = f"Host: localhost\r\nContent-Length: {length}\r\n".encode() + lines(*JSON, *CALLING)
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        connection.sendall(b"POST /mcp HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert 400 <= read_answer(connection).status < 500


WRONG_LENGTHS = [str(LIMIT + 1), "-1", "ten", "1e3", "+5", "5 5", "\u0665", "5.0", "", "9" * 5000, "0" * 5000 + "99999"]


@pytest.mark.parametrize("length", WRONG_LENGTHS, ids=lambda length: length[:6] + length[-1:])
async def test_the_guard_itself_reads_nothing_of_a_body_of_no_proper_length(length: str) -> None:
    """Not every server in front of an embedded application is as strict as ours."""
    runtime = create_mcp_runtime(ledger=NoLedger())
    headers = [(b"host", b"localhost"), (b"content-length", length.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    await asgi_app(runtime, max_body_bytes=LIMIT)(scope, receive, send)
    assert sent[0]["status"] == 413


def test_two_lengths_are_refused(site: Site) -> None:
    for first, second in (("5", "6"), ("5", str(LIMIT + 1)), (str(LIMIT + 1), "5")):
        assert announce(site.port, [("Content-Length", first), ("Content-Length", second)]).status in (400, 413)
    assert announce(site.port, [("Content-Length", "5"), ("Transfer-Encoding", "chunked")]).status == 400


@pytest.mark.parametrize("headers", [CALLING, ()], ids=["modern", "legacy"])
def test_a_body_that_turns_out_too_large_is_refused(site: Site, headers: Headers) -> None:
    chunk = b"%x\r\n%s\r\n" % (1000, b" " * 1000)
    assert chunked(site.port, chunk * 11, headers).status == 413


def test_a_body_in_chunks_within_the_limit_is_read(served: Site) -> None:
    body = b"9\r\n         \r\n" * 20 + b'7\r\n"a": 1,\r\n'
    assert chunked(served.port, body + b"0\r\n\r\n", CALLING).status == 400, "it was read, and is no JSON"


def announce(port: int, headers: Headers) -> Answer:
    """Only the head of a request: whoever waits for the body hangs, and the test with it."""
    return exchange(port, "POST /mcp HTTP/1.1", (("Host", "localhost"), *JSON, *headers))


def chunked(port: int, body: bytes, headers: Headers) -> Answer:
    transfer = (("Host", "localhost"), ("Transfer-Encoding", "chunked"), *JSON, *headers)
    return exchange(port, "POST /mcp HTTP/1.1", transfer, body)


def lines(*headers: tuple[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
