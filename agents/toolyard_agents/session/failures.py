"""What went wrong when several things failed at once."""

from __future__ import annotations

from typing import cast


def first_of(failed: BaseException) -> BaseException:
    """The first error of those that ended together, or the only one."""
    if not isinstance(failed, BaseExceptionGroup):
        return failed
    return first_of(cast("BaseExceptionGroup[BaseException]", failed).exceptions[0])
