"""Approvals as files: any process of this user may ask, decide and spend, and each happens once.

For an approval `<id>` the folder holds `<id>.ask.json`, then `<id>.decision.json`, then `<id>.spent`. Each is made
by exclusive create, so that of two processes one is first and the other is told.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolyard_kernel.approvals.edits import refuse_secrets
from toolyard_kernel.approvals.files import Asked, Damaged, Decided, read
from toolyard_kernel.approvals.sweep import ASKED, DECIDED, SPENT, WEEK, remove, remove_strays
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import LedgerError, UnknownName
from toolyard_kernel.exclusive_files import create_once
from toolyard_kernel.ledger.redaction import Redaction

FOLDER = "approvals"
ID = re.compile(r"[0-9a-f]{16}")
WRITABLE_BY_OTHERS = 0o022
DAY = 24 * 3600.0

State = Literal["pending", "approved", "denied", "expired", "spent", "damaged"]

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One ask that waits, or was decided. Times are seconds since the epoch; `arguments` are redacted.

    `edited` are the arguments the operator gave instead of the caller's; `secret` names the fields that neither may
    quote. Of a `damaged` one the decision cannot be read, so it is a no.
    """

    id: str
    state: State
    binding: str
    tool: str
    caller: str
    profile: str
    reason: str
    arguments: JsonObject
    secret: tuple[str, ...]
    asked: float
    expires: float
    edited: JsonObject | None = None
    preview: str | None = None


class Approvals:
    """The approvals in `state / "approvals"`."""

    def __init__(self, state: Path, clock: Callable[[], float] = time.time, redaction: Redaction | None = None) -> None:
        """A `redaction` takes more out of what is kept than secret fields."""
        self.state = state
        self.redaction = redaction
        self.folder = state / FOLDER
        self._clock = clock
        self._swept = -math.inf

    def ask(self, *, binding: str, deadline: float, told: JsonObject) -> Approval:
        """The approval of this binding that still waits, or a new one that waits for `deadline` seconds.

        `told` is `tool`, `caller`, `profile`, `reason`, `arguments`, `secret`, `preview`, as an operator may see them.

        Raises:
            LedgerError: the folder cannot be used.
        """
        for approval in self.of(binding):
            if approval.state == "pending":
                return approval
        now = self._clock()
        if self.redaction is not None:
            told = {**told, **self.redaction.value({name: told[name] for name in ("reason", "arguments", "preview")})}
        asked = {**told, "binding": binding, "asked": now, "expires": now + deadline, "deadline": deadline}
        number = secrets.token_hex(8)
        self._create(f"{number}{ASKED}", asked)
        return self.get(number)

    def decide(self, number: str, *, approved: bool, arguments: JsonObject | None = None) -> Approval:
        """Answer an ask that waits; `arguments` replace the caller's, and are the caller's where they are as shown.

        Raises:
            UnknownName: no ask of this id waits: there is none, or it was decided, or it is too late.
            InvalidArguments: `arguments` hold a secret.
            LedgerError: the folder cannot be used.
        """
        approval = self.get(number)
        if arguments is not None:
            refuse_secrets(arguments, frozenset(approval.secret))
        decision = {"approved": approved, "arguments": arguments, "decided": self._clock()}
        if approval.state != "pending" or not self._create(f"{number}{DECIDED}", decision):
            raise UnknownName(f"approval {number!r} does not wait for an answer: it is {self.get(number).state}")
        return self.get(number)

    def spend(self, number: str) -> bool:
        """Use an approval; True for the first who does, in whatever process.

        Raises:
            UnknownName: this is no id.
            LedgerError: the folder cannot be used.
        """
        if not ID.fullmatch(number):
            raise UnknownName(f"{number!r} is no approval's id")
        return self._create(f"{number}{SPENT}", {"spent": self._clock(), "pid": os.getpid()})

    def get(self, number: str) -> Approval:
        """The approval of this id.

        Raises:
            UnknownName: there is none, or its file is damaged.
            LedgerError: it cannot be read.
        """
        try:
            asked = read(self.folder / f"{number}{ASKED}", Asked) if ID.fullmatch(number) else None
        except Damaged as damage:
            raise UnknownName(f"approval {number!r} cannot be used: {damage}; delete the file") from damage
        if asked is None:
            raise UnknownName(f"no approval has the id {number!r}; `toolyard approvals list` shows those that wait")
        return self._approval(number, asked)

    def of(self, binding: str) -> Iterator[Approval]:
        """The approvals of one binding that are not past their end, newest first."""
        now = self._clock()
        return (approval for approval in self.all() if approval.binding == binding and now < approval.expires)

    def all(self) -> list[Approval]:
        """Every approval that can be read, newest first.

        Raises:
            LedgerError: the folder cannot be read, or is not this user's alone.
        """
        found: list[Approval] = []
        for number in self._ids():
            try:
                found.append(self.get(number))
            except UnknownName as error:  # one bad file does not hide the others
                log.warning("%s", error)
        return sorted(found, key=lambda approval: approval.asked, reverse=True)

    def _approval(self, number: str, asked: Asked) -> Approval:
        try:
            decided = read(self.folder / f"{number}{DECIDED}", Decided)
            state, edited = self._state(number, asked, decided), decided.arguments if decided else None
        except Damaged as damage:
            log.warning("approval %r counts as a no: %s; delete the file", number, damage)
            decided, state, edited = None, "damaged", None
        return Approval(
            id=number,
            state=state,
            binding=asked.binding,
            tool=asked.tool,
            caller=asked.caller,
            profile=asked.profile,
            reason=asked.reason,
            arguments=asked.arguments,
            secret=tuple(asked.secret),
            asked=asked.asked,
            expires=_end(asked, decided),
            edited=edited,
            preview=asked.preview,
        )

    def _state(self, number: str, asked: Asked, decided: Decided | None) -> State:
        if (self.folder / f"{number}{SPENT}").exists():
            return "spent"
        if decided and not decided.approved:
            return "denied"
        if self._clock() >= _end(asked, decided):
            return "expired"
        return "approved" if decided else "pending"

    def _ids(self) -> list[str]:
        self._check_folder()
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LedgerError(f"approvals cannot be read in {self.folder}: {error.strerror}") from error
        ids = (name.removesuffix(ASKED) for name in names if name.endswith(ASKED))
        return [number for number in ids if ID.fullmatch(number)]

    def _check_folder(self) -> None:
        """Whoever can write here can approve."""
        try:
            others = self.folder.stat().st_mode & WRITABLE_BY_OTHERS
        except FileNotFoundError:
            return
        except OSError as error:
            raise LedgerError(f"approvals cannot be read in {self.folder}: {error.strerror}") from error
        if others:
            raise LedgerError(f"{self.folder} can be written by others, who could approve: chmod 700 it")

    def _create(self, name: str, content: dict[str, Any]) -> bool:
        self._check_folder()
        try:
            first = create_once(self.folder / name, json.dumps(content))
            self._sweep()
        except OSError as error:
            raise LedgerError(f"approvals cannot be kept in {self.folder}: {error.strerror}") from error
        return first

    def _sweep(self) -> None:
        """Once a day, what ended a week ago goes."""
        now = self._clock()
        if now - self._swept < DAY:
            return
        self._swept = now
        for approval in self.all():
            if approval.expires < now - WEEK:
                remove(self.folder, approval.id)
        remove_strays(self.folder, now - WEEK)


def _end(asked: Asked, decided: Decided | None) -> float:
    return asked.expires if decided is None else decided.decided + asked.deadline
