"""A name in a configuration becomes a model."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import cast

import pytest

from tests.agents.models.chat_server import chatting
from tests.agents.models.conversations import answer
from tests.house.sources import ROOT
from toolyard.testing import FakeModel
from toolyard_agents.errors import ModelRefused
from toolyard_agents.models.model import Model
from toolyard_agents.models.noop import NoopModel
from toolyard_agents.models.opening import open_model
from toolyard_agents.models.provider import provider_of
from toolyard_agents.models.retrying import RetryingModel
from toolyard_agents.models.scripted import ScriptedModel
from toolyard_agents.usage import Usage
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.folders import config_folder

pytestmark = pytest.mark.anyio
CLAUDE = "claude-sonnet-4-5"


def test_our_own_models_have_names() -> None:
    assert isinstance(open_model("scripted"), ScriptedModel)
    assert isinstance(open_model("noop"), NoopModel)


async def test_any_other_name_is_asked_for_at_a_server() -> None:
    model = open_model(" gpt-5-mini ")
    assert isinstance(model, RetryingModel)
    assert model.name == "gpt-5-mini"
    assert model.cost(Usage(output_tokens=1_000_000)) == pytest.approx(2.0)
    assert open_model("llama3").cost(Usage()) is None
    await model.aclose()


@pytest.mark.parametrize(("name", "provider"), [("gpt-5-mini", "openai"), (CLAUDE, "anthropic"), ("noop", "_OTHER")])
def test_a_model_says_who_serves_it(name: str, provider: str) -> None:
    assert provider_of(open_model(name)) == provider


async def refused(model: Model) -> None:
    """Ask, and be refused."""
    with pytest.raises(ModelRefused):
        await answer(model, "go")
    await model.aclose()


async def test_claude_is_asked_at_anthropic_unless_a_base_url_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    async with chatting() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
        await refused(open_model(f" {CLAUDE}"))
        await refused(open_model(CLAUDE, base_url=server.url))
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        await refused(open_model(CLAUDE))
    assert [request.path for request in server.requests] == ["/v1/messages", *["/v1/chat/completions"] * 2]


def test_claude_without_its_client_is_an_error_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anthropic", None)
    with pytest.raises(ConfigError, match=r"pip install 'toolyard\[anthropic\]'"):
        open_model(CLAUDE)


def test_a_model_stays_as_it_is() -> None:
    model = FakeModel()
    assert open_model(model) is model


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match="name of a model is empty"):
        open_model(name)


def test_what_is_no_model_is_an_error_that_says_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match="a NoneType is no model, it has no name, stream, cost, aclose"):
        open_model(cast("Model", None))


def test_prices_that_cannot_be_used_are_an_error_before_anything_is_asked() -> None:
    config_folder().mkdir(parents=True)
    (config_folder() / "prices.yaml").write_text("llama3: cheap\n")
    with pytest.raises(ConfigError, match=r"prices\.yaml: llama3"):
        open_model("gpt-5-mini")


def test_to_open_a_model_loads_no_client() -> None:
    code = (
        "import sys\n"
        "from toolyard_agents.models.opening import open_model\n"
        "open_model('scripted')\n"
        "assert 'pydantic' not in sys.modules\n"
        "open_model('gpt-5-mini')\n"
        "assert 'openai' not in sys.modules\n"
        "open_model('claude-sonnet-4-5')\n"
        "assert 'anthropic' not in sys.modules"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_certificates_that_are_not_there_are_an_error_that_names_them_and_plain_http_needs_none() -> None:
    code = (
        "import asyncio\n"
        "from toolyard_agents.models.openai import OpenAIModel\n"
        "from tests.agents.models.conversations import answer\n"
        "for url in ('https://127.0.0.1:1/v1', 'http://127.0.0.1:1/v1'):\n"
        "    try: asyncio.run(answer(OpenAIModel('m', base_url=url), 'go'))\n"
        "    except Exception as error: print(type(error).__name__, error)"
    )
    environment = {**os.environ, "SSL_CERT_FILE": "/no/such.crt", "PYTHONPATH": "."}
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    https, http = ran.stdout.splitlines()
    assert https.startswith("ModelRefused m at 127.0.0.1:1: the certificates of this machine cannot be read")
    assert http.startswith("ModelUnavailable m at 127.0.0.1:1: the connection failed")
