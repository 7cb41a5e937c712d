"""Approvals as files: any process of this user may ask, decide and spend, and each happens once.

For an approval `<id>` the folder holds `<id>.ask.json`, then `<id>.decision.json`, then `<id>.spent`. Each is made
by exclusive create, so that of two processes one is first and the other is told.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import LedgerError, UnknownName
from toolyard_kernel.exclusive_files import create_once

FOLDER = "approvals"
ID = re.compile(r"[0-9a-f]{16}")

State = Literal["pending", "approved", "denied", "expired", "spent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One ask that waits, or was decided. Times are seconds since the epoch; `arguments` are redacted.

    `edited` are the arguments the operator gave instead of the caller's.
    """

    id: str
    state: State
    binding: str
    tool: str
    caller: str
    profile: str
    reason: str
    arguments: JsonObject
    asked: float
    expires: float
    edited: JsonObject | None = None


class Approvals:
    """The approvals in `state / "approvals"`."""

    def __init__(self, state: Path, clock: Callable[[], float] = time.time) -> None:
        self.state = state
        self.folder = state / FOLDER
        self._clock = clock

    def ask(self, *, binding: str, deadline: float, told: JsonObject) -> Approval:
        """The approval of this binding that still waits, or a new one that waits for `deadline` seconds.

        `told` is `tool`, `caller`, `profile`, `reason` and `arguments`, as an operator may see them.
        """
        for approval in self.of(binding):
            if approval.state == "pending":
                return approval
        now = self._clock()
        asked = {**told, "binding": binding, "asked": now, "expires": now + deadline, "deadline": deadline}
        number = secrets.token_hex(8)
        self._create(f"{number}.ask.json", asked)
        return self.get(number)

    def decide(self, number: str, *, approved: bool, arguments: JsonObject | None = None) -> Approval:
        """Answer an ask that waits; `arguments` replace the caller's.

        Raises:
            UnknownName: no ask of this id waits: there is none, or it was decided, or it is too late.
        """
        approval = self.get(number)
        decision = {"approved": approved, "arguments": arguments, "decided": self._clock()}
        if approval.state != "pending" or not self._create(f"{number}.decision.json", decision):
            raise UnknownName(f"approval {number!r} does not wait for an answer: it is {self.get(number).state}")
        return self.get(number)

    def spend(self, number: str) -> bool:
        """Use an approval; True for the first who does, in whatever process."""
        return self._create(f"{number}.spent", {"spent": self._clock(), "pid": os.getpid()})

    def get(self, number: str) -> Approval:
        """The approval of this id.

        Raises:
            UnknownName: there is none.
        """
        asked = self._read(f"{number}.ask.json") if ID.fullmatch(number) else None
        if asked is None:
            raise UnknownName(f"no approval has the id {number!r}; `toolyard approvals list` shows those that wait")
        decision = self._read(f"{number}.decision.json")
        expires = asked["expires"] if decision is None else decision["decided"] + asked["deadline"]
        return Approval(
            id=number,
            state=self._state(number, decision, expires),
            expires=expires,
            edited=decision.get("arguments") if decision else None,
            **{name: asked[name] for name in ("binding", "tool", "caller", "profile", "reason", "arguments", "asked")},
        )

    def of(self, binding: str) -> Iterator[Approval]:
        """The approvals of one binding, newest first."""
        return (approval for approval in self.all() if approval.binding == binding)

    def all(self) -> list[Approval]:
        """Every approval, newest first."""
        found = [self.get(path.name.partition(".")[0]) for path in self.folder.glob("*.ask.json")]
        return sorted(found, key=lambda approval: approval.asked, reverse=True)

    def _state(self, number: str, decision: dict[str, Any] | None, expires: float) -> State:
        if (self.folder / f"{number}.spent").exists():
            return "spent"
        if decision and not decision["approved"]:
            return "denied"
        if self._clock() >= expires:
            return "expired"
        return "approved" if decision else "pending"

    def _create(self, name: str, content: dict[str, Any]) -> bool:
        try:
            return create_once(self.folder / name, json.dumps(content))
        except OSError as error:
            raise LedgerError(f"approvals cannot be kept in {self.folder}: {error.strerror}") from error

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads((self.folder / name).read_text())
        except FileNotFoundError:
            return None
        return content
