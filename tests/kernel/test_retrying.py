"""A call that failed in a way that passes is made again, if its tool says so and if that can do no harm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from anyio import sleep_forever

from tests.kernel.door import act, open_door
from toolyard_kernel.calls import retrying
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.errors import DefinitionError, ToolError
from toolyard_kernel.tools.registry import Registry

pytestmark = pytest.mark.anyio


class Failing:
    """A handler that raises each of these errors, and then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self, arguments: Any, ctx: ToolContext) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST", 0.001)


def busy() -> ToolError:
    return ToolError("busy", retryable=True)


@pytest.mark.parametrize(
    ("errors", "options", "calls", "text"),
    [
        ([busy(), busy()], {"retries": 2}, 3, "done"),
        ([busy(), busy(), busy()], {"retries": 2}, 3, "busy"),
        ([busy()], {}, 1, "busy"),
        ([ToolError("retryable: try again, timeout, 503")], {"retries": 2}, 1, "retryable: try again, timeout, 503"),
        ([OSError("busy")], {"retries": 2}, 1, "OSError: busy"),
        ([ToolError("later", retryable=True, retry_after=999)], {"retries": 2}, 1, "later"),
        ([ToolError("soon", retryable=True, retry_after=float("nan"))], {"retries": 2}, 2, "done"),
    ],
)
async def test_only_what_says_that_it_is_retryable_is_tried_again(
    tmp_path: Path, errors: list[Exception], options: dict[str, Any], calls: int, text: str
) -> None:
    handler = Failing(*errors)
    door = open_door(tmp_path, act(handler, idempotent=True, **options))
    outcome = await door.call("act")
    assert (handler.calls, outcome.text) == (calls, text)
    records = [record["event"] for record in door.records()]
    assert records == ["start", "end"], "however often it was tried, it is one call"


async def test_all_attempts_share_one_deadline(tmp_path: Path) -> None:
    class Slower(Failing):
        async def __call__(self, arguments: Any, ctx: ToolContext) -> str:
            if not self.errors:
                await sleep_forever()
            return await super().__call__(arguments, ctx)

    door = open_door(tmp_path, act(Slower(busy()), retries=3, idempotent=True, timeout=0.1))
    outcome = await door.call("act")
    assert (outcome.status, outcome.text) == ("timeout", "'act' timed out: 2 attempts did not end within 0.1s")


@pytest.mark.parametrize(
    "options", [{"effects": ["custom"]}, {"effects": ["network"]}, {"effects": ["files.read"], "may": {"shell"}}]
)
def test_a_tool_that_may_change_something_is_retried_only_if_it_is_idempotent(options: dict[str, Any]) -> None:
    may = options.pop("may", set())
    tool = replace(act(Failing(), retries=1, **options), may=frozenset(may))
    with pytest.raises(DefinitionError, match="declare idempotent=True"):
        Registry().register(tool)
    Registry().register(replace(tool, idempotent=True))
    Registry().register(act(Failing(), retries=1, effects=["files.read"]))


@pytest.mark.parametrize("retries", [-1, 1.5, True])
def test_a_number_of_retries_is_whole(retries: Any) -> None:
    with pytest.raises(DefinitionError, match="expected a whole number"):
        Registry().register(act(Failing(), retries=retries, idempotent=True))
