"""The toolkit: its settings, where it cannot run, and what is shown to whoever is asked."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.toolkits.shell.yard import DEVELOPER, READONLY, Shell, shell
from toolyard_kernel.backends import Command, Completed, Directory
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.errors import ConfigError, ToolError
from toolyard_toolkits.backends import LocalBackend, SandboxBackend
from toolyard_toolkits.shell import ShellToolkit

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A backend of somebody else, that cannot do everything."""

    confines: bool = False
    missing: str | None = None
    name: str = "elsewhere"

    @contextmanager
    def open(self, folder: Path) -> Generator[Directory]:
        with LocalBackend().open(folder) as opened:
            yield opened

    async def run(self, command: Command) -> Completed:
        return await LocalBackend().run(command)

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()


def explained(made: Shell) -> str:
    return made.gate.explain(ToolCall(tool="bash", arguments={"command": "ls"}), made.caller).reason


async def test_where_nothing_can_confine_there_is_no_confined_shell_and_explain_says_why(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    confined = shell(root, READONLY, backend=Elsewhere())
    assert not list(confined.gate.visible(confined.caller))
    assert "cannot confine a command" in explained(confined)
    assert (await confined.bash("ls")).status == "denied"
    with caplog.at_level(logging.WARNING):
        async with ShellToolkit(ShellToolkit.Settings(root=root), backend=Elsewhere()).lifespan():
            assert "there is no `bash` under profiles with shell: restricted" in caplog.text


async def test_another_backend_runs_what_it_may(root: Path) -> None:
    assert (await shell(root, DEVELOPER, backend=Elsewhere()).bash("cat notes.txt")).text == "alpha\nbeta"


def test_start_is_refused_where_the_backend_that_is_named_cannot_run(root: Path) -> None:
    with pytest.raises(ConfigError, match="'elsewhere' cannot run here: no key is set"):
        shell(root, DEVELOPER, backend=Elsewhere(missing="no key is set"))


def test_settings_that_cannot_be_used_are_refused(root: Path) -> None:
    with pytest.raises(ConfigError, match="no backend is named 'moon'"):
        ShellToolkit(ShellToolkit.Settings(root=root, backend="moon"))
    with pytest.raises(ConfigError, match="expected a folder"):
        ShellToolkit(ShellToolkit.Settings(root=root / "gone"))
    with pytest.raises(ConfigError, match="the server has no such variable"):
        ShellToolkit(ShellToolkit.Settings(root=root, environment={"NO_SUCH_VARIABLE": None}))
    with pytest.raises(ValidationError, match="expected the name of a variable"):
        ShellToolkit.Settings(root=root, environment={"A=B": "x"})
    with pytest.raises(ValidationError, match="extra"):
        ShellToolkit.Settings.model_validate({"root": str(root), "fence": False})


async def test_variables_come_from_the_settings_and_by_name_from_the_server(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIVEN", "by the server")
    made = shell(root, DEVELOPER, environment={"GIVEN": None, "WRITTEN": "in the config"})
    assert (await made.bash('echo "$GIVEN, $WRITTEN"')).text == "by the server, in the config"


async def test_commands_of_the_settings_pass_the_fence(root: Path, sandbox: SandboxBackend) -> None:
    assert not (await shell(root, READONLY).bash("dd if=notes.txt")).ok
    assert "alpha" in (await shell(root, READONLY, commands=("dd",)).bash("dd if=notes.txt")).text


def test_whoever_is_asked_sees_the_whole_command_and_never_one_that_is_refused(root: Path) -> None:
    command = "make all && make install\n# and more"
    assert previewed(shell(root, DEVELOPER), command) == command
    with pytest.raises(ToolError, match="`make` is not among the commands"):
        previewed(shell(root, READONLY), command)


def previewed(made: Shell, command: str) -> str:
    entry = made.gate.registry.find("bash")
    assert entry
    assert entry.tool.preview
    ctx = ToolContext(caller=made.caller, call_id="1", tool="bash")
    return str(entry.tool.preview(entry.parse({"command": command}), ctx))
