"""HTTP requests being served, so that a server that stops can end them in good order."""

from __future__ import annotations

import anyio
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class UnderWay:
    """Passes requests on to `app`, and ends those that are still being served when it is told to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._requests: set[anyio.CancelScope] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent: set[str] = set()

        async def watched(message: Message) -> None:
            sent.add(f"{message['type']} {message.get('more_body', False)}")
            await send(message)

        with anyio.CancelScope() as request:
            self._requests.add(request)
            try:
                await self._app(scope, receive, watched)
            finally:
                self._requests.discard(request)
        if request.cancelled_caught and not sent:
            await PlainTextResponse("The server is stopping\n", status_code=503)(scope, receive, send)
        elif request.cancelled_caught and "http.response.body False" not in sent:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def end(self) -> None:
        """Stop the calls of these requests, and complete the answers as well as they can be."""
        for request in tuple(self._requests):
            request.cancel()
