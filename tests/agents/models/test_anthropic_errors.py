"""What goes wrong at Anthropic becomes the error that says what to do about it, and never tells the key."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
from typing import Any

import pytest

from tests.agents.models.anthropic_server import asking, event, start, text, text_turn
from tests.agents.models.chat_server import KEY, Turn, chatting, says, streams
from tests.agents.models.conversations import answer
from toolyard_agents.errors import (
    ContextTooLong,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
    Unauthorized,
)
from toolyard_agents.models.anthropic import AnthropicModel
from toolyard_agents.models.anthropic_errors import error_of
from toolyard_agents.models.endpoint import NO_KEY
from toolyard_agents.models.failures import Failures
from toolyard_kernel.errors import ConfigError

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


def error(kind: str, message: str, **details: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, "details": details or None}}


def breaks(kind: str, message: str) -> Turn:
    """An answer that has begun when this error comes."""
    return streams(start(), text(0, "half"), event("error", **error(kind, message)))


async def failure(turn: Turn) -> ModelError:
    """The error that a turn becomes."""
    async with asking(turn) as (model, server):
        with pytest.raises(ModelError) as raised:
            await answer(model, "go")
        assert len(server.requests) == 1, "the client has no retries of its own"
    return raised.value


@pytest.mark.parametrize(
    ("turn", "kind", "said"),
    [
        (says(400, error("invalid_request_error", "no such field")), ModelRefused, "HTTP 400: no such field"),
        (
            says(400, error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")),
            ContextTooLong,
            "prompt is too long",
        ),
        (
            says(400, error("invalid_request_error", "input length and `max_tokens` exceed context limit: 9 + 9 > 9")),
            ContextTooLong,
            "exceed context limit",
        ),
        (says(413, error("request_too_large", "32 MB at most")), ContextTooLong, "32 MB at most"),
        (says(401, error("authentication_error", "invalid x-api-key")), Unauthorized, "check ANTHROPIC_API_KEY"),
        (says(402, error("billing_error", "pay first")), ModelRefused, "pay first"),
        (says(403, error("permission_error", "not yours")), Unauthorized, "not yours"),
        (says(404, error("not_found_error", "model: claude-0")), ModelRefused, "model: claude-0"),
        (says(422, {"detail": "no tools here"}), ModelRefused, "no tools here"),
        (says(429, error("rate_limit_error", "slow down")), RateLimited, "slow down"),
        (
            says(429, error("rate_limit_error", "spent", error_code="enforced_spend_limit_reached")),
            ModelRefused,
            "spent",
        ),
        (says(408), ModelUnavailable, "scripted 408"),
        (says(409), ModelUnavailable, "scripted 409"),
        (says(500, error("api_error", "our fault")), ModelUnavailable, "HTTP 500: our fault"),
        (says(504, error("timeout_error", "too slow")), ModelUnavailable, "too slow"),
        (says(529, error("overloaded_error", "Overloaded")), ModelUnavailable, "HTTP 529: Overloaded"),
        (says(502, "<html>bad gateway</html>"), ModelUnavailable, "HTTP 502: it failed without a word"),
        (says(200, "<html>welcome</html>"), ModelRefused, "answered with text/html.*is the base URL right"),
        (says(200, {"type": "message"}), ModelRefused, "answered with application/json"),
        (breaks("overloaded_error", "Overloaded"), ModelUnavailable, "in the middle of its answer: Overloaded"),
        (breaks("api_error", "our fault"), ModelUnavailable, "our fault"),
        (breaks("of_tomorrow", "what"), ModelUnavailable, "what"),
        (breaks("rate_limit_error", "slow down"), RateLimited, "slow down"),
        (breaks("authentication_error", "revoked"), Unauthorized, "check ANTHROPIC_API_KEY"),
        (breaks("invalid_request_error", "bad"), ModelRefused, "bad"),
        (breaks("invalid_request_error", "prompt is too long"), ContextTooLong, "too long"),
        (streams(b"event: error\ndata: no json\n\n"), ModelUnavailable, "in the middle of its answer: no json"),
        (streams(b'event: error\ndata: {"error": {"type": {}}}\n\n'), ModelUnavailable, "without a word"),
        (
            streams(b'event: x\ndata: {"type": "error", "error": {"message": "unnamed"}}\n\n'),
            ModelUnavailable,
            "unnamed",
        ),
    ],
)
async def test_an_error_says_what_to_do(turn: Turn, kind: type[ModelError], said: str) -> None:
    raised = await failure(turn)
    assert type(raised) is kind
    with pytest.raises(kind, match=said):
        raise raised
    assert str(raised).startswith("claude-sonnet-4-5 at 127.0.0.1:")


@pytest.mark.parametrize("status", [429, 503, 529])
async def test_the_wait_comes_with_the_error(status: int) -> None:
    raised = await failure(says(status, retry_after="7"))
    assert isinstance(raised, ModelUnavailable)
    assert raised.retry_after == 7


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with chatting() as server:
        url = server.url
    model = AnthropicModel("m", base_url=url)
    with pytest.raises(ModelUnavailable, match=r"m at 127\.0\.0\.1:\d+: the connection failed"):
        await answer(model, "go")
    await model.aclose()


@pytest.mark.parametrize(
    "turn",
    [
        says(401, error("authentication_error", f"invalid x-api-key: {KEY[:5]}***{KEY[-4:]}")),
        says(400, error("invalid_request_error", f"bad header: Bearer {KEY}")),
        says(500, f"Bearer {KEY}"),
        breaks("api_error", f"Bearer {KEY}"),
        streams(event("message_delta", delta=KEY)),
        streams(event("error", error={"type": "api_error", "message": KEY})),
    ],
)
async def test_no_error_and_no_log_tells_the_key(turn: Turn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    raised = await failure(turn)
    told = "".join(traceback.format_exception(raised)) + repr(raised.__cause__) + caplog.text
    assert KEY not in told
    assert KEY[-4:] not in str(raised)


async def test_nothing_of_a_model_shows_its_key() -> None:
    model = AnthropicModel("m", base_url="http://user:password@localhost:1", api_key=KEY)
    assert repr(model) == "AnthropicModel('m' at localhost:1)"
    assert KEY not in repr(Failures(model="m", host="h", secret=KEY, translate=error_of))


async def test_a_missing_key_is_an_error_when_it_is_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    model = AnthropicModel("claude-sonnet-4-5")
    with pytest.raises(Unauthorized, match="set ANTHROPIC_API_KEY"):
        await answer(model, "go")


@pytest.mark.parametrize("key", ["sk-\nx", "sk-é", "sk-\x00"])
async def test_a_key_that_no_header_can_carry_is_an_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(Unauthorized, match="characters that no key has") as raised:
        await answer(AnthropicModel("m", base_url="http://127.0.0.1:1", api_key=key), "go")
    assert key not in str(raised.value)


async def test_another_server_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", KEY)
    async with chatting(text_turn("ok")) as server:
        model = AnthropicModel("kimi", base_url=server.url)
        assert (await answer(model, "go")).text == "ok"
        await model.aclose()
    assert NO_KEY in server.requests[0].headers["authorization"]
    assert KEY not in str(server.requests[0].headers), "a token is not sent to whoever is at that URL"


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
async def test_key_and_server_are_found_in_the_environment(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with chatting(text_turn("ok")) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url.removesuffix("/v1") + ending)
        monkeypatch.setenv("ANTHROPIC_API_KEY", f" {KEY}\n")
        model = AnthropicModel("claude-sonnet-4-5")
        assert (await answer(model, "go")).text == "ok"
        await model.aclose()
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.requests[0].path == "/v1/messages"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "http://[::1", "http://host:port"])
def test_a_base_url_that_is_none_is_an_error(url: str) -> None:
    with pytest.raises(ConfigError, match=r"base_url: .* is no URL of a server"):
        AnthropicModel("m", base_url=url)


def test_a_base_url_of_the_environment_is_named_and_its_password_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "ftp://user:password@host")
    with pytest.raises(ConfigError, match=r"ANTHROPIC_BASE_URL: 'host'"):
        AnthropicModel("m")


def test_a_client_that_is_not_installed_is_an_error_that_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "anthropic", None)
    with pytest.raises(ConfigError, match=r"pip install 'toolyard\[anthropic\]'"):
        AnthropicModel("claude-sonnet-4-5")


def test_to_make_a_model_loads_no_client() -> None:
    code = (
        "import sys\n"
        "from toolyard_agents.models.anthropic import AnthropicModel\n"
        "AnthropicModel('claude-sonnet-4-5')\n"
        "assert 'anthropic' not in sys.modules\n"
        "assert 'openai' not in sys.modules"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
