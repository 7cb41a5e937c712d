"""Of a stream, however it comes, the beginning and the end are kept."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from toolyard_toolkits.backends.capture import Capture


@settings(max_examples=200, deadline=None)
@given(chunks=st.lists(st.binary(max_size=40)), limit=st.integers(min_value=1, max_value=100))
def test_head_and_tail_are_those_of_the_whole(chunks: list[bytes], limit: int) -> None:
    capture = Capture(limit)
    for chunk in chunks:
        capture.add(chunk)
    whole, kept = b"".join(chunks), capture.captured()
    assert kept.total == len(whole)
    assert whole.startswith(kept.head)
    assert whole.endswith(kept.tail)
    assert len(kept.head) + len(kept.tail) == min(limit, len(whole))
    assert kept.left_out == max(0, len(whole) - limit)
