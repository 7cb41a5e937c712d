"""What the last run of a conversation used, with all the rounds that going on after an interruption made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolyard_agents.state.entries import Entry, RunBegan, RunEnded, UsageAdded, UserAdded
from toolyard_agents.usage import NOTHING, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Model turns, tokens with their cost, and seconds, without those in which the run waited for somebody."""

    turns: int = 0
    usage: Usage = NOTHING
    seconds: float = 0.0


def spent_by_last_run(entries: Sequence[Entry]) -> Spent:
    """Of a run that has ended, or stands interrupted."""
    rounds = list(_rounds(entries))
    used = [entry.change.usage for round in rounds for entry in round if isinstance(entry.change, UsageAdded)]
    return Spent(
        turns=len(used),  # each answer of a model is counted once, a delegate's too
        usage=sum(used, NOTHING),
        seconds=sum(max(round[0].time - round[-1].time, 0.0) for round in rounds),
    )


def last_prompt(entries: Sequence[Entry]) -> str:
    """What the last run was asked for."""
    return next((prompt for round in _rounds(entries) if (prompt := _prompt_in(round[:-1])) is not None), "")


def _prompt_in(round: Sequence[Entry]) -> str | None:
    """What comes first in the round in which a run began: other messages of a user are its policy's, or came later."""
    first = round[-1].change if round else None
    return first.content if isinstance(first, UserAdded) else None


def _rounds(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The rounds of the last run, each from its end to its beginning, the last one first."""
    round: list[Entry] = []
    later = False
    for entry in reversed(entries):
        match entry.change:
            case RunEnded("completed") if later:
                return
            case RunEnded():
                round = [entry]
            case RunBegan() if round:
                yield [*round, entry]
                if _prompt_in(round) is not None:
                    return
                round, later = [], True
            case _ if round:
                round.append(entry)
            case _:
                pass
