"""A page whose blocks are pasted into one program, one after the other."""

from __future__ import annotations

import ast
import inspect
import io
import re
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def blocks_of(page: str, kind: str = "python") -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def kinds_of(page: str) -> list[str]:
    return re.findall(r"^```(\w+)", page, re.MULTILINE)


def promised(block: str) -> list[str]:
    """The lines that it says it prints."""
    return re.findall(r"# → (.*)$", block, re.MULTILINE)


@dataclass(slots=True)
class Reader:
    """Somebody who pastes one block after the other; `names` are those of the program."""

    names: dict[str, Any] = field(default_factory=dict[str, Any])

    async def paste(self, block: str) -> list[str]:
        """The lines that it prints."""
        printed = io.StringIO()
        code = compile(block, "a page", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with redirect_stdout(printed):
            made = eval(code, self.names)  # noqa: S307 - running it is the test
            if inspect.iscoroutine(made):
                await made
        return printed.getvalue().splitlines()
