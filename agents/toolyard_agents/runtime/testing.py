"""How a runtime is tested without a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class TestingConfig:
    """Every agent answers with `mock_response`, and calls nothing."""

    __test__: ClassVar[bool] = False  # or pytest would take it for a test

    mock_response: str
