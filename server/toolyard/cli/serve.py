"""`toolyard serve`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from toolyard.cli.ending import LoopFactory, run
from toolyard.cli.options import config_argument
from toolyard.config.model import Http
from toolyard.config.runtime import LoadedConfig, load_config, runtime_of
from toolyard.runtime import ToolRuntime
from toolyard.standard_streams import Streams, claim_streams
from toolyard_kernel.callers import Caller
from toolyard_kernel.errors import ConfigError


@click.command("serve")
@config_argument
@click.option("--transport", type=click.Choice(["stdio", "streamable-http"]), default="stdio", show_default=True)
@click.option("--host", help="The address to listen on, instead of the config's.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one.")
def command(config: Path, transport: str, host: str | None, port: int | None) -> None:
    """Serve the tools of CONFIG over MCP until the client leaves (stdio) or the server is stopped (HTTP)."""
    streams = claim_streams()  # from here to the end, nothing that tools or modules print can reach stdout
    loaded = load_config(config)
    runtime = runtime_of(loaded)
    runtime.open_ledger()
    if transport == "stdio":
        run(_over_stdio(loaded, runtime, streams))
    else:
        run(_over_http(loaded, runtime, loaded.config.http, host, port), _fast_loop())


async def _over_stdio(loaded: LoadedConfig, runtime: ToolRuntime, streams: Streams) -> None:
    # Here, not at the top: the MCP SDK takes half a second to load, and a broken config needs none of it.
    from toolyard.mcp.stdio import serve_stdio  # noqa: PLC0415

    config = loaded.config
    await serve_stdio(runtime, runtime.agent, name=config.name, instructions=config.instructions, streams=streams)


async def _over_http(
    loaded: LoadedConfig, runtime: ToolRuntime, http: Http, host: str | None, port: int | None
) -> None:
    tokens = _tokens(loaded, runtime)
    # Here, not at the top: as above.
    from toolyard.mcp.http import serve_http  # noqa: PLC0415

    await serve_http(
        runtime,
        runtime.agent,
        host=host or http.host,
        port=http.port if port is None else port,
        path=http.path,
        name=loaded.config.name,
        instructions=loaded.config.instructions,
        tokens=tokens,
        allowed_hosts=loaded.config.auth.allowed_hosts,
        max_body_bytes=http.max_body_bytes,
        on_ready=lambda url: click.echo(f"toolyard serves {_summary(runtime)} at {url}", err=True),
    )


def _tokens(loaded: LoadedConfig, runtime: ToolRuntime) -> dict[str, Caller]:
    """Token → its caller.

    Raises:
        ConfigError: a variable is not set, or two entries share an id or a token.
    """
    found: dict[str, Caller] = {}
    for number, token in enumerate(loaded.config.auth.tokens):
        where = f"{loaded.path}: auth.tokens.{number}"
        value = os.environ.get(token.env)
        if not value:
            raise ConfigError(f"{where}: the environment variable {token.env} is not set; it must hold the token")
        caller = runtime.caller(f"token:{token.id}", loaded.profile(token.profile) if token.profile else None)
        if value in found or caller.id in {other.id for other in found.values()}:
            raise ConfigError(f"{where}: another token has the same id or the same value; each caller needs its own")
        found[value] = caller
    return found


def _summary(runtime: ToolRuntime) -> str:
    count = len(list(runtime.gate(runtime.agent).visible(runtime.caller("http"))))
    return f"{count} tool{'' if count == 1 else 's'} (profile {runtime.profile.profile!r})"


def _fast_loop() -> LoopFactory | None:
    try:
        import uvloop  # noqa: PLC0415 - installed wherever it can be; it does not build on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop
