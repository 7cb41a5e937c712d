"""What goes wrong at a server becomes the error that says what to do about it, and never tells the key."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest

from tests.agents.models.chat_server import KEY, Turn, asking, chatting, delta, event, says, streams, text_turn
from tests.agents.models.conversations import answer
from toolyard_agents.errors import (
    ContextTooLong,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
    Unauthorized,
)
from toolyard_agents.models.endpoint import NO_KEY
from toolyard_agents.models.failures import Failures
from toolyard_agents.models.openai import OpenAIModel
from toolyard_agents.models.openai_errors import error_of
from toolyard_agents.models.opening import open_model
from toolyard_agents.models.retry_after import retry_after
from toolyard_kernel.errors import ConfigError

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


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
        (says(400), ModelRefused, "HTTP 400: scripted 400"),
        (says(404, error("no such model", code="model_not_found")), ModelRefused, "no such model"),
        (says(422, {"detail": "no tools here"}), ModelRefused, "no tools here"),
        (says(400, {"error": "just a text"}), ModelRefused, "just a text"),
        (says(401), Unauthorized, "check OPENAI_API_KEY"),
        (says(403, error("not your project")), Unauthorized, "not your project"),
        (says(429), RateLimited, "scripted 429"),
        (says(429, error("pay first", code="insufficient_quota")), ModelRefused, "pay first"),
        (says(429, error("pay first", type="insufficient_quota")), ModelRefused, "pay first"),
        (says(400, error("16385 at most", code="context_length_exceeded")), ContextTooLong, "16385 at most"),
        (says(400, error("too big", type="exceed_context_size_error", code=400)), ContextTooLong, "too big"),
        (says(400, error("This model's maximum context length is 8", code=400)), ContextTooLong, "maximum context"),
        (says(400, error("maximum context length", code="other")), ModelRefused, "maximum context length"),
        (says(408), ModelUnavailable, "scripted 408"),
        (says(409), ModelUnavailable, "scripted 409"),
        (says(500), ModelUnavailable, "scripted 500"),
        (says(503), ModelUnavailable, "scripted 503"),
        (says(529), ModelUnavailable, "scripted 529"),
        (says(502, "<html>bad gateway</html>"), ModelUnavailable, "HTTP 502: it failed without a word"),
        (says(200, "<html>welcome</html>"), ModelRefused, "answered with text/html.*is the base URL right"),
        (says(200, {"choices": []}), ModelRefused, "answered with application/json"),
        (streams(event(error("overloaded", type="server_error"))), ModelUnavailable, "in the middle.*overloaded"),
        (streams(event(error("slow", code="rate_limit_exceeded"))), RateLimited, "slow"),
        (streams(event(error("slow", code=429))), RateLimited, "slow"),
        (streams(event(error("bad", type="invalid_request_error"))), ModelRefused, "bad"),
        (streams(event(error("long", code="context_length_exceeded"))), ContextTooLong, "long"),
        (streams(delta("error")), ModelUnavailable, "failed in the middle"),
    ],
)
async def test_an_error_says_what_to_do(turn: Turn, kind: type[ModelError], said: str) -> None:
    raised = await failure(turn)
    assert type(raised) is kind
    with pytest.raises(kind, match=said):
        raise raised
    assert str(raised).startswith("gpt-5-mini at 127.0.0.1:")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_the_wait_that_a_server_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize("status", [429, 503])
async def test_the_wait_comes_with_the_error(status: int) -> None:
    raised = await failure(says(status, retry_after="7"))
    assert isinstance(raised, ModelUnavailable)
    assert raised.retry_after == 7


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with chatting() as server:
        url = server.url
    model = OpenAIModel("m", base_url=url)
    with pytest.raises(ModelUnavailable, match=r"m at 127\.0\.0\.1:\d+: the connection failed"):
        await answer(model, "go")
    await model.aclose()


@pytest.mark.parametrize(
    "turn",
    [
        says(401, error(f"Incorrect API key provided: {KEY[:5]}***{KEY[-4:]}")),
        says(400, error(f"bad header: Bearer {KEY}")),
        says(500, f"Bearer {KEY}"),
        streams(event(error(f"Bearer {KEY}"))),
        streams(event({"choices": KEY})),
    ],
)
async def test_no_error_and_no_log_tells_the_key(turn: Turn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    raised = await failure(turn)
    told = "".join(traceback.format_exception(raised)) + repr(raised.__cause__) + caplog.text
    assert KEY not in told
    assert KEY[-4:] not in str(raised)


async def test_nothing_of_a_model_shows_its_key() -> None:
    model = OpenAIModel("m", base_url="http://user:password@localhost:1/v1", api_key=KEY)
    assert repr(model) == "OpenAIModel('m' at localhost:1)"
    assert KEY not in repr(Failures(model="m", host="h", secret=KEY, translate=error_of))


async def test_a_missing_key_is_an_error_when_it_is_first_used() -> None:
    model = OpenAIModel("gpt-5-mini")
    with pytest.raises(Unauthorized, match="set OPENAI_API_KEY"):
        await answer(model, "go")


@pytest.mark.parametrize("key", ["sk-\nx", "sk-é", "sk-\x00"])
async def test_a_key_that_no_header_can_carry_is_an_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(Unauthorized, match="characters that no key has") as raised:
        await answer(OpenAIModel("m", base_url="http://127.0.0.1:1/v1", api_key=key), "go")
    assert key not in str(raised.value)


async def test_another_server_needs_no_key() -> None:
    async with chatting(text_turn("ok")) as server:
        model = OpenAIModel("llama3", base_url=server.url)
        assert (await answer(model, "go")).text == "ok"
        await model.aclose()
    assert server.requests[0].headers["authorization"] == f"Bearer {NO_KEY}"


async def test_key_and_server_are_found_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with chatting(text_turn("ok")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
        model = open_model("gpt-5-mini")
        assert (await answer(model, "go")).text == "ok"
        await model.aclose()
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "http://", "http://[::1", "http://host:port/v1"])
def test_a_base_url_that_is_none_is_an_error(url: str) -> None:
    with pytest.raises(ConfigError, match=r"base_url: .* is no URL of a server"):
        OpenAIModel("m", base_url=url)


def test_a_base_url_of_the_environment_is_named_and_its_password_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "ftp://user:password@host/v1")
    with pytest.raises(ConfigError, match=r"OPENAI_BASE_URL: 'host/v1'"):
        OpenAIModel("m")
