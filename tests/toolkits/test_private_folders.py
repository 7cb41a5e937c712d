"""No tool reaches Toolyard's own folders, wherever its root is: an agent must not approve its own calls."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from tests.server.yards import text_of
from toolyard import mcp
from toolyard.testing import NoLedger
from toolyard_kernel.folders import config_folder, state_folder

pytestmark = pytest.mark.anyio

KEY = "kkkk-the-key"
TRACES = ".toolyard/traces"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root that holds everything of a user, with Toolyard's folders in it and a link to them."""
    for folder in (state_folder(), config_folder(), tmp_path / TRACES):
        folder.mkdir(parents=True)
        (folder / "request-state.key").write_text(KEY)
    (tmp_path / "link").symlink_to(state_folder().relative_to(tmp_path))
    (tmp_path / "trace-link").symlink_to(TRACES)
    (tmp_path / "mine.txt").write_text(f"mine, not the {KEY[5:]}\n")
    return tmp_path


def inside(root: Path, folder: Path) -> str:
    return str(folder.relative_to(root))


async def called(root: Path, tool: str, arguments: dict[str, Any], **settings: Any) -> Any:
    toolkits = {name: {"root": str(root)} for name in ("files", "search")} | {"shell": {"root": str(root), **settings}}
    runtime = mcp.create_mcp_runtime(toolkits=toolkits, profile="unrestricted", ledger=NoLedger())
    async with Client(mcp.create_server(runtime)) as client:
        return await client.call_tool(tool, arguments)


@pytest.mark.parametrize("name", ["state", "config", "link", TRACES, "sub/../.toolyard/traces", "trace-link"])
async def test_files_in_them_are_neither_read_nor_listed_nor_written(root: Path, name: str) -> None:
    (root / "sub").mkdir()
    folder = {"state": inside(root, state_folder()), "config": inside(root, config_folder())}.get(name, name)
    for tool, arguments in (
        ("read", {"path": f"{folder}/request-state.key"}),
        ("list", {"path": folder}),
        ("write", {"path": f"{folder}/approvals/made.json", "content": "{}"}),
        ("write", {"path": f"{folder}/made.json", "content": "{}"}),
    ):
        refused = await called(root, tool, arguments)
        assert refused.is_error, (tool, arguments)
        assert KEY not in text_of(refused)
    assert not list(root.rglob("made.json"))


@pytest.mark.parametrize("path", [".toolyard", ".toolyard/traces/0.jsonl", "deep/.toolyard/a", ".Toolyard/traces/0"])
async def test_a_folder_for_traces_is_not_made_either(root: Path, path: str) -> None:
    shutil.rmtree(root / ".toolyard")
    refused = await called(root, "write", {"path": path, "content": "{}"})
    assert refused.is_error, text_of(refused)
    assert not [found for found in root.rglob("*") if found.name.lower() == ".toolyard"]


async def test_they_are_not_searched(root: Path) -> None:
    found = text_of(await called(root, "grep", {"pattern": "the-key"}))
    assert "mine.txt" in found or "mine" in found
    assert KEY not in found
    for pattern in ("**/*.key", ".toolyard/**", ".*/**"):
        assert "request-state.key" not in text_of(await called(root, "glob", {"pattern": pattern}))


async def test_a_root_within_them_is_refused(root: Path) -> None:
    for folder in (state_folder(), root / TRACES):
        with pytest.raises(ValueError, match="root"):
            mcp.create_mcp_runtime(toolkits={"files": {"root": str(folder)}}, ledger=NoLedger())


async def test_a_command_in_the_sandbox_does_not_see_them(root: Path) -> None:
    from toolyard_toolkits.backends.sandboxed import why_missing  # noqa: PLC0415 - it runs a command

    if reason := why_missing():
        pytest.skip(reason)
    result = await called(
        root, "bash", {"command": "find / -name request-state.key 2>/dev/null; ls"}, backend="sandbox"
    )
    shown = text_of(result)
    assert "mine.txt" in shown
    assert "request-state.key" not in shown


async def test_a_command_in_the_sandbox_does_not_see_the_traces_of_this_process(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolyard_toolkits.backends.sandboxed import why_missing  # noqa: PLC0415 - as above

    if reason := why_missing():
        pytest.skip(reason)
    here = root / "deep/here"
    (here / TRACES).mkdir(parents=True)
    (here / TRACES / "request-state.key").write_text(KEY)
    monkeypatch.chdir(here)
    command = "find . -name '*.key'; cat .toolyard/*/*; echo x > deep/here/.toolyard/traces/made.json"
    result = await called(root, "bash", {"command": command}, backend="sandbox")
    assert "request-state.key" not in text_of(result)
    assert KEY not in text_of(result)
    assert not list(root.rglob("made.json"))
