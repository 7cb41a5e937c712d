"""`toolyard serve`."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolyard.cli.ending import TERMINATED, LoopFactory, first_sigterm, run
from toolyard.cli.options import config_argument
from toolyard.config.model import MOST_WORKERS, Http
from toolyard.config.reloading import LiveConfig
from toolyard.config.runtime import LoadedConfig, load_config
from toolyard.errors import StartError
from toolyard.runtime import ToolRuntime
from toolyard.standard_streams import Streams, claim_streams

if TYPE_CHECKING:
    from toolyard.cli.place import Place
    from toolyard_kernel.references.store import ReferenceStore


@click.command("serve")
@config_argument
@click.option("--transport", type=click.Choice(["stdio", "streamable-http"]), default="stdio", show_default=True)
@click.option("--host", help="The address to listen on, instead of the config's.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), help="Processes that serve, instead of the config's.")
@click.option("--metrics", is_flag=True, default=None, help="Answer /metrics too, for Prometheus.")
@click.option("--reload", "watch", is_flag=True, help="Follow changes of the config and its files; SIGHUP always does.")
@click.option("--worker", "descriptor", type=int, hidden=True, help="Be one of several that accept on this descriptor.")
def command(
    config: Path,
    transport: str,
    host: str | None,
    port: int | None,
    workers: int | None,
    metrics: bool | None,  # noqa: FBT001 - click passes it so
    watch: bool,  # noqa: FBT001 - click passes it so
    descriptor: int | None,
) -> None:
    """Serve the tools of CONFIG over MCP until the client leaves (stdio) or the server is stopped (HTTP).

    SIGTERM stops an HTTP server in good order: nobody else comes in, and calls under way have `http.drain` of the
    config to end. A second one, or Ctrl-C, stops at once.
    """
    options = {"host": host, "port": port, "workers": workers, "metrics": metrics}
    given = {name: value for name, value in options.items() if value is not None}
    if transport == "stdio" and given:
        raise click.UsageError("--host, --port, --workers and --metrics need --transport streamable-http")
    streams = claim_streams()  # from here to the end, nothing that tools or modules print can reach stdout
    loaded = load_config(config)
    http = loaded.config.http.model_copy(update=given)
    if transport != "stdio" and http.workers > 1 and descriptor is None:
        sys.exit(run(_with_workers(loaded, http, watch=watch)))
    shared = None if descriptor is None else _shared_references()
    live = LiveConfig(loaded, with_tokens=transport != "stdio", references=shared)
    live.runtime.open_ledger()
    if transport == "stdio":
        run(_over_stdio(live, streams, watch=watch), _fast_loop())
    else:
        place = None if descriptor is None else _place(streams, descriptor)
        sys.exit(run(_over_http(live, http, place, watch=watch), _fast_loop()))


def _shared_references() -> ReferenceStore:
    # Here, not at the top: only workers keep them where another process finds them.
    from toolyard_kernel.folders import state_folder  # noqa: PLC0415
    from toolyard_kernel.references.files import FileReferences  # noqa: PLC0415

    return FileReferences(folder=state_folder() / "references")


def _place(streams: Streams, descriptor: int) -> Place:
    # Here, not at the top: only a worker has one.
    from toolyard.cli.place import Place  # noqa: PLC0415

    return Place(streams=streams, descriptor=descriptor)


async def _over_stdio(live: LiveConfig, streams: Streams, *, watch: bool) -> None:
    # Here, not at the top: a broken config needs none of it, and over HTTP the MCP SDK takes half a second to load.
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


async def _over_http(live: LiveConfig, http: Http, place: Place | None, *, watch: bool) -> int:
    """Serve by itself, or at the `place` that a supervisor gave; the exit code."""
    # Here, not at the top: as above.
    from toolyard.mcp.draining import Drain  # noqa: PLC0415
    from toolyard.mcp.http import serve_http  # noqa: PLC0415
    from toolyard.mcp.metrics import counted_by  # noqa: PLC0415
    from toolyard.mcp.shared_counts import SharedCounts  # noqa: PLC0415

    config, runtime = live.loaded.config, live.runtime

    def ready(url: str) -> None:
        if place:
            place.tell(_summary(runtime))
        else:
            click.echo(f"toolyard serves {_summary(runtime)} at {url}", err=True)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(live.kept_up(watch=watch))
        await stack.enter_async_context(runtime.lifespan())  # as above
        counted = counted_by(runtime.tool_gate)
        if place and http.metrics:
            shared = SharedCounts(folder=place.counts, own=counted)
            await stack.enter_async_context(shared.written())
            counted = shared.all
        with first_sigterm() as asked:
            if place:
                place.when_left_alone(asked.set)
            await serve_http(
                runtime,
                runtime.agent,
                host=http.host,
                port=http.port,
                path=http.path,
                name=config.name,
                instructions=config.instructions,
                tokens=live.tokens,
                allowed_hosts=config.auth.allowed_hosts,
                max_body_bytes=http.max_body_bytes,
                extend=live.loaded.extend(),
                on_ready=ready,
                drain=Drain(asked=asked, seconds=http.drain),
                door=place.door if place else None,
                modern_only=place is not None,
                metrics=counted if http.metrics else None,
            )
    return TERMINATED if asked.is_set() else 0


async def _with_workers(loaded: LoadedConfig, http: Http, *, watch: bool) -> int:
    """Serve with several processes; the exit code."""
    # Here, not at the top: a server of one process needs none of this.
    from toolyard.cli.counts_folder import counts_folder  # noqa: PLC0415
    from toolyard.cli.workers import Supervisor, worker_command  # noqa: PLC0415
    from toolyard.mcp.listening import listening, url_of  # noqa: PLC0415

    if loaded.config.agents:
        raise StartError(
            f"{loaded.path}: agents: a run that waits for its caller is kept by the process it began in; "
            "serve agents with one worker"
        )
    arguments = ["serve", str(loaded.path), "--transport", "streamable-http", "--host", http.host]
    more = [name for name, given in (("--reload", watch), ("--metrics", http.metrics)) if given]
    with listening(http.host, http.port) as door, counts_folder(), first_sigterm() as asked:
        url = url_of(door, http.host, http.path)
        supervisor = Supervisor(
            command=worker_command([*arguments, *more], door),
            door=door,
            count=http.workers,
            drain=http.drain,
        )
        await supervisor.run(
            asked, lambda served: click.echo(f"toolyard serves {served} with {http.workers} workers at {url}", err=True)
        )
    return TERMINATED


def _summary(runtime: ToolRuntime) -> str:
    count = len(list(runtime.gate(runtime.agent).visible(runtime.caller("http"))))
    return f"{count} tool{'' if count == 1 else 's'} (profile {runtime.profile.profile!r})"


def _fast_loop() -> LoopFactory | None:
    try:
        import uvloop  # noqa: PLC0415 - installed wherever it can be; it does not build on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop
