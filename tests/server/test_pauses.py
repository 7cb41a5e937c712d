"""What dies again and again is started again more and more slowly, up to a bound, until it has lived a while."""

from __future__ import annotations

from toolyard.cli.pauses import FIRST, LONGEST, STEADY, Pauses


def test_pauses_double_up_to_the_longest_and_begin_anew_after_a_steady_life() -> None:
    pauses = Pauses()
    assert [pauses.after(0) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert pauses.after(STEADY - 1) == LONGEST
    assert [pauses.after(STEADY), pauses.after(0)] == [FIRST, 2 * FIRST]
