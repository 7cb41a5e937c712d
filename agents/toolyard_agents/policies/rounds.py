"""The loop of most policies: the model is asked, its calls are made, and so on until it answers."""

from __future__ import annotations

from toolyard_agents.session.run import Run
from toolyard_agents.session.stop import Stop


async def rounds(run: Run, most: int | None = None) -> Stop:
    """Until the model asks for no more calls, or was asked `most` times since the last message of a user.

    Raises:
        ModelError: the model cannot be asked.
    """
    while True:
        if stop := await run.answer() or await run.stop() or spent(run, most):
            return stop
        await run.ask()
        if not run.turn.requests and not run.unheard:
            return run.said()


def spent(run: Run, most: int | None) -> Stop | None:
    """A stop once the model was asked `most` times since the last message of a user."""
    if most is None or run.asked < most:
        return None
    return Stop("max_iterations", f"the model was asked {most} times, which is as often as the policy lets it")
