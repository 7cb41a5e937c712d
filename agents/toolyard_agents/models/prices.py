"""What the tokens of a model cost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from toolyard_agents.usage import Usage
from toolyard_kernel.folders import config_folder
from toolyard_kernel.yaml_files import read_yaml, validated

OURS = Path(__file__).with_name("prices.yaml")
FREE = frozenset({"scripted", "noop", "fake"})
STANDARD_TIERS = frozenset({None, "auto", "default", "standard"})
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")
_PER_TOKEN = 1e-6

Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Price(BaseModel):
    """US dollars per million tokens; `tiers` are factors by the name of a service tier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Dollars
    output: Dollars
    cached: Dollars | None = None
    tiers: Mapping[str, Dollars] = {}

    def cost(self, usage: Usage, tier: str | None = None) -> float | None:
        """In US dollars; None for a service tier whose factor is not known."""
        factor = 1.0 if tier in STANDARD_TIERS else self.tiers.get(tier or "")
        if factor is None:
            return None
        cached = self.input if self.cached is None else self.cached
        fresh = (usage.input_tokens - usage.cached_tokens) * self.input
        return (fresh + usage.cached_tokens * cached + usage.output_tokens * self.output) * factor * _PER_TOKEN


@dataclass(frozen=True, slots=True)
class Prices:
    """A price for each model name that has one."""

    by_name: Mapping[str, Price]

    def price(self, model_name: str) -> Price | None:
        """The price of a model, or of the model that a dated name (`gpt-5-mini-2025-08-07`) is a snapshot of."""
        return self.by_name.get(model_name) or self.by_name.get(_SNAPSHOT.sub("", model_name))

    def cost_of(self, model_name: str, usage: Usage, tier: str | None = None) -> float | None:
        """In US dollars; None if it is not known."""
        price = self.price(model_name)
        if price is not None:
            return price.cost(usage, tier)
        return 0.0 if model_name in FREE else None


def read_prices(path: Path | None = None) -> Prices:
    """Our prices under those of the user's own file, which is `prices.yaml` in the configuration folder.

    Raises:
        ConfigError: the user's file cannot be used.
    """
    path = path or config_folder() / "prices.yaml"
    try:
        stamp = path.stat().st_mtime_ns
    except FileNotFoundError:
        return Prices(_table(OURS, 0))
    except OSError:
        stamp = 0  # reading it says what is wrong
    return Prices({**_table(OURS, 0), **_table(path, stamp)})


def cost_of(model_name: str, usage: Usage, tier: str | None = None) -> float | None:
    """What an answer cost, in US dollars; None if it is not known, which is not the same as free.

    Raises:
        ConfigError: the user's file of prices cannot be used.
    """
    return read_prices().cost_of(model_name, usage, tier)


@lru_cache(maxsize=8)
def _table(path: Path, stamp: int) -> Mapping[str, Price]:
    """The prices in a file that was last changed at `stamp`."""
    return {
        str(name): validated(Price, entry, where=f"{path}: {name}", base=path.parent)
        for name, entry in read_yaml(path).items()
    }
