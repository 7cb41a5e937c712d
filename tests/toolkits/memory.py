"""How much memory something takes at its peak."""

from __future__ import annotations

import tracemalloc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def at_most(size: int) -> Generator[None]:
    """Fail when the block takes `size` bytes or more at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()
