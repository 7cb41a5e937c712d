"""A price that is not known is not known, and never zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolyard_agents.models.prices import cost_of, read_prices
from toolyard_agents.models.scripted import ScriptedModel
from toolyard_agents.usage import Usage
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.folders import config_folder

MILLION = 1_000_000
USAGE = Usage(input_tokens=2 * MILLION, cached_tokens=MILLION, output_tokens=MILLION, reasoning_tokens=MILLION)


@pytest.fixture
def own_prices() -> Path:
    path = config_folder() / "prices.yaml"
    path.parent.mkdir(parents=True)
    return path


def test_cached_tokens_cost_less_and_reasoning_is_output() -> None:
    assert cost_of("gpt-5-mini", USAGE) == pytest.approx(0.25 + 0.025 + 2.0)


@pytest.mark.parametrize("name", ["gpt-5-mini-2025-08-07", "claude-sonnet-4-5-20250929"])
def test_a_dated_name_costs_what_its_model_costs(name: str) -> None:
    assert cost_of(name, USAGE) == cost_of(name.rpartition("-2025")[0], USAGE) != 0


def test_a_dated_name_with_a_price_of_its_own_keeps_it() -> None:
    assert cost_of("gpt-4o-2024-05-13", USAGE) == pytest.approx(5 + 5 + 15)


@pytest.mark.parametrize("name", ["llama3", "gpt-5-mini-preview", "openai/gpt-5", "ft:gpt-4o-mini:me", ""])
def test_an_unknown_model_has_no_cost(name: str) -> None:
    assert cost_of(name, USAGE) is None


@pytest.mark.parametrize("name", ["scripted", "noop", "fake"])
def test_our_own_models_are_free(name: str) -> None:
    assert cost_of(name, USAGE) == 0.0
    assert ScriptedModel().cost(USAGE) == 0.0


def test_a_service_tier_has_its_factor_or_no_cost() -> None:
    standard = cost_of("gpt-5", USAGE)
    assert standard is not None
    assert cost_of("gpt-5", USAGE, "default") == standard
    assert cost_of("gpt-5", USAGE, "flex") == standard / 2
    assert cost_of("gpt-5", USAGE, "priority") is None
    assert cost_of("gpt-4o", USAGE, "flex") is None


def test_the_users_file_adds_prices_and_comes_first(own_prices: Path) -> None:
    own_prices.write_text("llama3: {input: 0, output: 0}\ngpt-5: {input: 1, output: 1, tiers: {priority: 3}}\n")
    assert cost_of("llama3", USAGE) == 0.0
    assert cost_of("gpt-5", USAGE) == pytest.approx(3)
    assert cost_of("gpt-5", USAGE, "priority") == pytest.approx(9)
    assert cost_of("gpt-5-mini", USAGE) == pytest.approx(2.275)


def test_a_change_of_the_users_file_is_seen(own_prices: Path, tmp_path: Path) -> None:
    own_prices.write_text("llama3: {input: 1, output: 1}\n")
    assert cost_of("llama3", USAGE) == pytest.approx(3)
    newer = tmp_path / "newer.yaml"
    newer.write_text("llama3: {input: 2, output: 2}\n")
    newer.replace(own_prices)
    assert cost_of("llama3", USAGE) == pytest.approx(6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("llama3: {input: 1}", "llama3: output: Field required"),
        ("llama3: 3", "llama3: the whole: "),
        ("llama3: {input: 1, output: 1, outptu: 2}", "unknown key"),
        ("llama3: {input: -1, output: 1}", "llama3: input: "),
        ("llama3: {input: .inf, output: 1}", "llama3: input: "),
        ("llama3: {input: .nan, output: 1}", "llama3: input: "),
        ("- llama3", "expected keys and values"),
        ("llama3: {", "not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(own_prices: Path, text: str, said: str) -> None:
    own_prices.write_text(text)
    with pytest.raises(ConfigError, match=r"prices\.yaml") as raised:
        cost_of("gpt-5", USAGE)
    assert said in str(raised.value)


def test_a_folder_in_place_of_the_file_is_an_error(own_prices: Path) -> None:
    own_prices.mkdir()
    with pytest.raises(ConfigError, match=r"prices\.yaml: cannot be read"):
        read_prices()
