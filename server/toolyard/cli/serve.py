"""`toolyard serve`."""

from __future__ import annotations

from pathlib import Path

import click

from toolyard.cli.ending import LoopFactory, run
from toolyard.cli.options import config_argument
from toolyard.config.reloading import LiveConfig
from toolyard.config.runtime import load_config
from toolyard.runtime import ToolRuntime
from toolyard.standard_streams import Streams, claim_streams


@click.command("serve")
@config_argument
@click.option("--transport", type=click.Choice(["stdio", "streamable-http"]), default="stdio", show_default=True)
@click.option("--host", help="The address to listen on, instead of the config's.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one.")
@click.option("--reload", "watch", is_flag=True, help="Follow changes of the config and its files; SIGHUP always does.")
def command(config: Path, transport: str, host: str | None, port: int | None, watch: bool) -> None:  # noqa: FBT001 - click passes it so
    """Serve the tools of CONFIG over MCP until the client leaves (stdio) or the server is stopped (HTTP)."""
    if transport == "stdio" and (host is not None or port is not None):
        raise click.UsageError("--host and --port need --transport streamable-http")
    streams = claim_streams()  # from here to the end, nothing that tools or modules print can reach stdout
    live = LiveConfig(load_config(config), with_tokens=transport != "stdio")
    live.runtime.open_ledger()
    if transport == "stdio":
        run(_over_stdio(live, streams, watch=watch))
    else:
        run(_over_http(live, host, port, watch=watch), _fast_loop())


async def _over_stdio(live: LiveConfig, streams: Streams, *, watch: bool) -> None:
    # Here, not at the top: the MCP SDK takes half a second to load, and a broken config needs none of it.
    from toolyard.mcp.stdio import serve_stdio  # noqa: PLC0415

    config, runtime = live.loaded.config, live.runtime
    async with live.kept_up(watch=watch), runtime.lifespan():  # a toolkit that refuses to open ends the start here
        await serve_stdio(
            runtime,
            runtime.agent,
            name=config.name,
            instructions=config.instructions,
            streams=streams,
            extend=live.loaded.extend(),
        )


async def _over_http(live: LiveConfig, host: str | None, port: int | None, *, watch: bool) -> None:
    # Here, not at the top: as above.
    from toolyard.mcp.http import serve_http  # noqa: PLC0415

    config, runtime, http = live.loaded.config, live.runtime, live.loaded.config.http
    async with live.kept_up(watch=watch), runtime.lifespan():  # as above
        await serve_http(
            runtime,
            runtime.agent,
            host=host or http.host,
            port=http.port if port is None else port,
            path=http.path,
            name=config.name,
            instructions=config.instructions,
            tokens=live.tokens,
            allowed_hosts=config.auth.allowed_hosts,
            max_body_bytes=http.max_body_bytes,
            extend=live.loaded.extend(),
            on_ready=lambda url: click.echo(f"toolyard serves {_summary(runtime)} at {url}", err=True),
        )


def _summary(runtime: ToolRuntime) -> str:
    count = len(list(runtime.gate(runtime.agent).visible(runtime.caller("http"))))
    return f"{count} tool{'' if count == 1 else 's'} (profile {runtime.profile.profile!r})"


def _fast_loop() -> LoopFactory | None:
    try:
        import uvloop  # noqa: PLC0415 - installed wherever it can be; it does not build on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop
