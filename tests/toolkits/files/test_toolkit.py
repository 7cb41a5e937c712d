"""The toolkit `files` is a toolkit like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.toolkits.files.yard import CANARY, INSIDE, Door, door, lines_of
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.tools.toolkits import Toolkit, ToolkitFactory
from toolyard_toolkits.files import FilesToolkit

pytestmark = pytest.mark.anyio


def test_the_class_is_a_factory_and_what_it_makes_is_a_toolkit(root: Path) -> None:
    factory: ToolkitFactory = FilesToolkit
    toolkit = factory(factory.Settings.model_validate({"root": root}))
    assert isinstance(toolkit, Toolkit)
    assert toolkit.name == "files"


async def test_its_tools_need_no_lifespan_and_live_in_one(root: Path) -> None:
    toolkit = FilesToolkit(FilesToolkit.Settings(root=root))
    async with toolkit.lifespan():
        assert [tool.name for tool in toolkit.tools()] == ["read", "list", "write", "edit"]


def test_its_tools_say_what_they_do_to_files_and_describe_every_argument(root: Path) -> None:
    for tool in FilesToolkit(FilesToolkit.Settings(root=root)).tools():
        assert tool.effects == {"files.write" if tool.name in ("write", "edit") else "files.read"}
        assert "Choose this" in tool.description
        assert all(argument["description"] for argument in tool.input_schema["properties"].values())


def test_a_setting_nobody_knows_is_refused_and_so_is_a_missing_root() -> None:
    for settings in ({"root": "a", "rot": "b"}, {}):
        with pytest.raises(ValidationError):
            FilesToolkit.Settings.model_validate(settings)


def test_a_root_is_relative_to_the_folder_of_the_config(root: Path) -> None:
    settings = FilesToolkit.Settings.model_validate({"root": "sub"}, context={"base": root})
    assert settings.root == root / "sub"


@pytest.mark.parametrize("name", ["missing", "notes.txt", "notes.txt/more"])
def test_a_root_that_is_no_folder_is_a_config_error_that_names_it(root: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="expected a folder") as raised:
        FilesToolkit(FilesToolkit.Settings(root=root / name))
    assert repr(str(root / name)) in str(raised.value)


def test_a_root_that_is_no_path_is_refused_by_the_settings(root: Path) -> None:
    with pytest.raises(ValueError, match="a path holds no null byte"):
        FilesToolkit.Settings(root=root / "a\0b")


async def test_a_caller_reads_what_is_inside_and_nothing_beside_it(files: Door) -> None:
    assert lines_of(await files.read("notes.txt")) == [(1, INSIDE)]
    for path in ("../secret.txt", "link", "/etc/passwd"):
        refused = await files.read(path)
        assert refused.status == "tool_error"
        assert CANARY not in refused.text
        assert "root:" not in refused.text


@pytest.mark.parametrize("arguments", [{}, {"path": 1}, {"path": "a", "line": 1}, {"path": None}])
async def test_arguments_that_do_not_fit_are_refused_by_name(files: Door, arguments: dict[str, object]) -> None:
    outcome = await files.call("read", **arguments)
    assert outcome.status == "tool_error"
    assert "line" in outcome.text if "line" in arguments else "path" in outcome.text


@pytest.mark.parametrize(
    ("file_write", "names"),
    [
        ("off", {"read", "list"}),
        ("create-only", {"read", "list", "write"}),
        ("full", {"read", "list", "write", "edit"}),
    ],
)
async def test_the_profile_decides_which_of_the_tools_exist(root: Path, file_write: str, names: set[str]) -> None:
    files = door(root, file_write=file_write)
    assert {entry.name for entry in files.gate.visible(files.caller)} == names
    for name in {"write", "edit"} - names:
        arguments = {"path": "notes.txt", "content": "x", "old_string": INSIDE, "new_string": "x"}
        outcome = await files.call(name, **arguments)
        assert outcome.status == "denied"
        decision = files.gate.explain(ToolCall(tool=name, arguments=arguments), files.caller)
        assert (decision.verdict, decision.rule) == ("deny", "file_write")
        assert f"file_write: {file_write}" in decision.reason
    assert (root / "notes.txt").read_text() == f"{INSIDE}\n"
