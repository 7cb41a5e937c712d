"""Who is measured, and how each server is started."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from benchmarks.wire.servers.catalogue import DESCRIPTION, TEXT, names
from tests.conformance import node

Era = Literal["modern", "legacy"]
Transport = Literal["http", "stdio"]

ERAS: tuple[Era, ...] = ("modern", "legacy")
FLOOR = "floor"
TOOLYARD = "Toolyard"
INLINE = "Toolyard inline"
"""The same with tools that are plain functions, run on the event loop itself: `@tool(inline=True)`."""
SERVERS = Path(__file__).parent / "servers"

ASYNC_TOOL, INLINE_TOOL = (
    f'''
{begins} {{name}}(text: str) -> str:
    """{{description}}

    Args:
        text: {{text}}
    """
    return text
'''
    for begins in ("@tool\nasync def", "@tool(inline=True)\ndef")
)

Command = Callable[[Transport, int], list[str]]
"""The command that serves so many tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One server. `keeps_sessions` says that each client of the handshake era costs it memory."""

    name: str
    version: str
    command: Command
    eras: tuple[Era, ...] = ERAS
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    keeps_sessions: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everybody that can be measured here, and why the others cannot."""

    contenders: tuple[Contender, ...]
    missing: Mapping[str, str]


def found(folder: Path, *, tools: tuple[int, ...]) -> Found:
    """The contenders; what they need besides their code is written into `folder`."""
    for count in tools:
        write_config(folder, count)
        write_config(folder / "inline", count, inline=True)
    there = [
        Contender(
            name=FLOOR,
            version=f"uvicorn {version('uvicorn')}",
            command=_module("floor"),
            keeps_sessions=False,
        ),
        _toolyard(TOOLYARD, folder),
        _toolyard(INLINE, folder / "inline"),
        Contender(name="mcp low-level", version=version("mcp"), command=_module("sdk_low")),
        Contender(name="mcp MCPServer", version=version("mcp"), command=_module("sdk_high")),
    ]
    missing: dict[str, str] = {}
    try:
        there.append(Contender(name="FastMCP", version=version("fastmcp"), command=_module("fastmcp_server")))
    except PackageNotFoundError:
        missing["FastMCP"] = "it is not installed; `make bench` does"
    if node.ready():
        there += _typescript()
    else:
        missing["TypeScript SDK"] = "its packages are not installed; `make bench` does, where npm's registry is reached"
    return Found(contenders=tuple(there), missing=missing)


def _toolyard(name: str, folder: Path) -> Contender:
    return Contender(
        name=name,
        version=version("toolyard"),
        command=lambda transport, count: toolyard_command(folder / f"toolyard-{count}.yaml", transport),
        env={"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")},
    )


def _module(name: str) -> Command:
    def command(transport: Transport, count: int) -> list[str]:
        options = ["--http"] if transport == "http" else []
        return [sys.executable, "-m", f"benchmarks.wire.servers.{name}", *options, "--tools", str(count)]

    return command


def _typescript() -> Iterator[Contender]:
    """Each line of releases, in its own era; the second one makes a server for each request and keeps no session."""
    lines: tuple[tuple[str, str, Era], ...] = (("1", "sdk", "legacy"), ("2", "server", "modern"))
    for line, package, era in lines:
        yield Contender(
            name=f"TypeScript SDK {line}",
            version=node.version(f"@modelcontextprotocol/{package}"),
            command=_script(SERVERS / f"typescript_{line}.mjs"),
            eras=(era,),
            env={"PACKAGES": str(node.FOLDER)},
            keeps_sessions=era == "legacy",
        )


def _script(path: Path) -> Command:
    def command(transport: Transport, count: int) -> list[str]:
        options = ["--http"] if transport == "http" else []
        return [str(node.NODE), str(path), *options, "--tools", str(count)]

    return command


def toolyard_command(config: Path, transport: Transport) -> list[str]:
    """Toolyard as its users start it."""
    options = ["--transport", "streamable-http", "--port", "0"] if transport == "http" else []
    return [sys.executable, "-m", "toolyard", "serve", str(config), *options]


def write_config(
    folder: Path, tools: int, *, more: str = "", modules: tuple[str, ...] = (), inline: bool = False
) -> Path:
    """A config of the default profile, with the ledger on, and the module of its tools."""
    folder.mkdir(exist_ok=True)
    module, template = f"tools_{tools}", INLINE_TOOL if inline else ASYNC_TOOL
    functions = (template.format(name=name, description=DESCRIPTION, text=TEXT) for name in names(tools))
    Path(folder, f"{module}.py").write_text("\n\n".join(("from toolyard import tool", *functions)))
    config = folder / f"toolyard-{tools}.yaml"
    config.write_text(f"profile: readonly\npython: [{', '.join((module, *modules))}]\n{more}")
    return config
