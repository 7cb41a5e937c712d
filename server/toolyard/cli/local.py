"""A config's tools in this process, for the commands that use them once."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolyard.config.runtime import load_config, runtime_of
from toolyard.runtime import ToolRuntime
from toolyard.standard_streams import claimed_streams
from toolyard_kernel.approvals.asks import Approver
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalYard:
    """A runtime, its gate, and the person at the command line as its caller."""

    runtime: ToolRuntime
    gate: Gate
    caller: Caller


@contextmanager
def local_yard(config: Path, profile: str | None, approver: Approver | None = None) -> Generator[LocalYard]:
    """The tools of `config`, with stdout kept for the command's own answer while they are loaded and used."""
    with claimed_streams():
        loaded = load_config(config)
        runtime = runtime_of(loaded, approver)
        chosen = loaded.profile(profile) if profile else None
        yield LocalYard(runtime=runtime, gate=runtime.gate(runtime.agent), caller=runtime.caller("cli", chosen))
