"""Every ASGI application runs on the same server, set to be as fast as it can be."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn


def serve(app: Any) -> None:
    """Serve until the process is ended; the first line of stdout is the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as door:
        print(door.getsockname()[1], flush=True)
        config = uvicorn.Config(
            app, loop="uvloop", http="httptools", ws="none", log_config=None, access_log=False, server_header=False
        )
        uvicorn.Server(config).run(sockets=[door])
