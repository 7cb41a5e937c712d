"""What was said over stdio so far, as far as the SDK's server would have to know it to go on from here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic_core import from_json, to_json

from toolyard.mcp.lane.encoding import result_message
from toolyard.mcp.lane.identity import Identity
from toolyard.mcp.lane.requests import (
    CAPABILITIES_KEY,
    MODERN,
    VERSION_KEY,
    Request,
    greeting_of,
    handshake_request,
    is_in_envelope,
    modern_request,
)
from toolyard_kernel.content import JsonObject

RETOLD = "toolyard-retold"
"""The id of what the SDK's server is told again; nobody waits for that answer."""

Era = Literal["handshake", "modern", "another"]
"""The first request decides it for the whole conversation; `another` is none of the lane's business."""

INITIALIZED: JsonObject = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Conversation:
    """One client. `alone` says that the SDK's server was not told of it yet; `is_open`, that it has shaken hands."""

    def __init__(self, identity: Identity) -> None:
        self.alone = True
        self.is_open = False
        self._identity = identity
        self._era: Era | None = None
        self._hello: JsonObject | None = None
        self._asked: Any = None
        self._retelling = False

    @property
    def modern(self) -> bool:
        return self._era == "modern"

    def greeting(self, message: JsonObject) -> bytes | None:
        """The answer to the `initialize` that opens a conversation."""
        if self._era is not None or not self.alone or (hello := greeting_of(message)) is None:
            return None
        self._era, self._hello = "handshake", hello
        return result_message(message["id"], self._identity.initialized(hello["protocolVersion"]))

    def request(self, message: JsonObject) -> Request | None:
        """The request, where it may be answered here."""
        if self._era == "handshake":
            return handshake_request(message)
        if self._era is None and not self.alone:
            return None  # the SDK's server has to see what opens the conversation
        if self._era not in ("modern", None) or (request := modern_request(message)) is None:
            return None
        self._era = "modern"
        return request

    def left(self, message: JsonObject) -> None:
        """A request goes to the SDK's server."""
        opens = message.get("method") == "initialize"
        if self._era is None and self._asked is None:
            if opens:
                self._asked = message.get("id")  # its answer decides
            else:
                self._era = "modern" if is_in_envelope(message) else "another"
        elif opens and self._era == "handshake":
            self._era = "another"  # it begins anew

    def overheard(self, line: bytes) -> bool:
        """Whether this line of the SDK's server is for nobody."""
        if not self._retelling and self._asked is None:
            return False
        answer: Any = from_json(line)
        if self._retelling and answer.get("id") == RETOLD and "method" not in answer:
            self._retelling = False
            return True
        if self._asked is not None and answer.get("id") == self._asked and "method" not in answer:
            self._era, self._asked = ("handshake" if "result" in answer else "another"), None
        return False

    def is_initialized_by(self, message: JsonObject) -> bool:
        """Whether the notification completes a handshake that only the lane knows of."""
        if message not in (INITIALIZED, {**INITIALIZED, "params": {}}) or self._era != "handshake" or not self.alone:
            return False
        self.is_open = True
        return True

    def retold(self) -> list[bytes]:
        """What the SDK's server must hear before anything else: from here on it is part of the conversation."""
        if not self.alone:
            return []
        self.alone = False
        if self._hello is not None:
            self._retelling = True
            greeting = to_json(_message("initialize", self._hello))
            return [greeting, to_json(INITIALIZED)] if self.is_open else [greeting]
        if self._era == "modern":
            self._retelling = True
            return [to_json(_message("server/discover", {"_meta": {VERSION_KEY: MODERN, CAPABILITIES_KEY: {}}}))]
        return []


def _message(method: str, params: JsonObject) -> JsonObject:
    return {"jsonrpc": "2.0", "id": RETOLD, "method": method, "params": params}
