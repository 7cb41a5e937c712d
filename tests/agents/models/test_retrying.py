"""A question is asked again when that may help, and while nothing of the answer was handed on."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
import pytest

from tests.agents.models.conversations import answer, watch
from toolyard.testing import FakeModel
from toolyard_agents.errors import ModelError, ModelRefused, ModelUnavailable, RateLimited
from toolyard_agents.models.model import Piece, TextPiece
from toolyard_agents.models.retrying import Backoff, RetryingModel
from toolyard_agents.usage import NOTHING, Usage

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Waits:
    """Waits without waiting; `seconds` is how long each would have been."""

    seconds: list[float] = field(default_factory=list[float])

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def retrying(model: FakeModel, waits: Waits, chance: float = 0.0) -> RetryingModel:
    return RetryingModel(model, sleep=waits, chance=lambda: chance)


def failing(*errors: Exception) -> FakeModel:
    model = FakeModel()
    for error in errors:
        model.add_error(error)
    model.add_response("at last")
    return model


async def test_it_asks_again_and_waits_twice_as_long_each_time() -> None:
    model, waits = failing(*[ModelUnavailable("busy")] * 3), Waits()
    assert (await answer(retrying(model, waits), "go")).text == "at last"
    assert waits.seconds == [0.5, 1.0, 2.0]
    assert len(model.requests) == 4


async def test_it_gives_up_after_four_attempts() -> None:
    model, waits = failing(*[ModelUnavailable(f"busy {number}") for number in range(5)]), Waits()
    with pytest.raises(ModelUnavailable, match="busy 3"):
        await answer(retrying(model, waits), "go")
    assert len(model.requests) == 4
    assert len(waits.seconds) == 3


async def test_chance_shortens_a_wait_by_up_to_one_half() -> None:
    waits = Waits()
    await answer(retrying(failing(ModelUnavailable("busy")), waits, chance=1.0), "go")
    assert waits.seconds == [0.25]


def test_a_wait_has_a_longest() -> None:
    backoff = Backoff(attempts=100)
    assert [backoff.wait(number, ModelUnavailable("busy"), 0) for number in (6, 7, 99)] == [16.0, 20.0, 20.0]


async def test_the_provider_says_how_long_to_wait() -> None:
    waits = Waits()
    errors = RateLimited("slow", retry_after=7), ModelUnavailable("down", retry_after=0)
    assert (await answer(retrying(failing(*errors), waits), "go")).text == "at last"
    assert waits.seconds == [7, 0]


async def test_a_provider_that_wants_to_be_left_alone_for_long_is() -> None:
    model, waits = failing(RateLimited("slow", retry_after=61)), Waits()
    with pytest.raises(RateLimited):
        await answer(retrying(model, waits), "go")
    assert (len(model.requests), waits.seconds) == (1, [])


@pytest.mark.parametrize("error", [ModelRefused("no"), ModelError("no"), ValueError("no")])
async def test_what_would_fail_again_is_not_asked_again(error: Exception) -> None:
    model, waits = failing(error), Waits()
    with pytest.raises(type(error), match="no"):
        await answer(retrying(model, waits), "go")
    assert len(model.requests) == 1


async def test_an_answer_that_has_begun_is_not_repeated() -> None:
    model, waits = FakeModel(), Waits()
    model.add_error(ModelUnavailable("cut"), text="half")
    model.add_response("whole")
    seen: list[Piece] = []
    with pytest.raises(ModelUnavailable, match="cut"):
        await watch(retrying(model, waits), "go", seen)
    assert seen == [TextPiece("half")]
    assert len(model.requests) == 1


async def test_a_wait_ends_at_once_when_it_is_cancelled() -> None:
    model = failing(RateLimited("slow", retry_after=50))
    with anyio.fail_after(5), anyio.move_on_after(0.05) as scope:
        await answer(RetryingModel(model), "go")
    assert scope.cancelled_caught
    assert len(model.requests) == 1


async def test_it_is_the_model_in_all_else() -> None:
    model = FakeModel(name="test")
    wrapped = RetryingModel(model)
    assert wrapped.name == "test"
    assert wrapped.cost(Usage(input_tokens=1, cost=None)) is None
    assert wrapped.cost(NOTHING) == 0.0
    await wrapped.aclose()
    assert model.closed
