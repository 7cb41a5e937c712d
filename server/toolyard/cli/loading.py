"""Loading a command's code."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def kept() -> Generator[None]:
    """What is made meanwhile stays as long as the process.

    The garbage collector does not look at it: not while it is made, which would be a tenth of a start, and not later.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
