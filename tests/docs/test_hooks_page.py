"""Every block of docs/hooks.md runs, in its order, and prints what it says."""

from __future__ import annotations

import ast
import inspect
import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.anyio

PAGE = (Path(__file__).parents[2] / "docs/hooks.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


async def test_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    assert BLOCKS
    for block in BLOCKS:
        printed = io.StringIO()
        code = compile(block, "hooks.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with redirect_stdout(printed):
            made = eval(code, names)  # noqa: S307 - running it is the test
            if inspect.iscoroutine(made):
                await made
        assert printed.getvalue().splitlines() == re.findall(r"# → (.*)", block)
    await names["runtime"].close()
