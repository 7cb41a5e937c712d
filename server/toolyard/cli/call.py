"""`toolyard call`."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from toolyard.cli.drawing_choice import chosen_drawing
from toolyard.cli.ending import run
from toolyard.cli.local import LocalYard, local_yard
from toolyard.cli.options import config_argument, json_arguments, json_option, profile_option, tool_argument
from toolyard.cli.terminal import ask_on_terminal, at_terminal
from toolyard_kernel.calls.outcomes import Outcome, Status, ToolCall
from toolyard_kernel.content import Text

EXIT_CODES: dict[Status, int] = {"ok": 0, "tool_error": 1, "denied": 3, "approval_required": 3, "timeout": 4}


@click.command("call")
@config_argument
@tool_argument
@json_arguments
@profile_option
@json_option
def command(config: Path, tool: str, arguments: dict[str, Any], profile: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Call TOOL of CONFIG with ARGUMENTS, a JSON object (- reads it from stdin).

    The call goes through the gate and into the ledger like any other. On a terminal, you are asked where the profile
    or the tool asks.
    """
    approver = partial(ask_on_terminal, chosen_drawing()) if at_terminal() else None
    with local_yard(config, profile, approver) as yard:
        outcome = run(_call(yard, ToolCall(tool=tool, arguments=arguments)))
    if as_json:
        click.echo(json.dumps(_as_json(outcome), indent=2))
    elif outcome.ok:
        for block in outcome.content:
            click.echo(block.text if isinstance(block, Text) else f"[{type(block).__name__}]")
    else:
        click.echo(f"toolyard: {tool}: {outcome.status}: {outcome.text}", err=True)
    sys.exit(EXIT_CODES.get(outcome.status, 1))


async def _call(yard: LocalYard, call: ToolCall) -> Outcome:
    async with yard.runtime.lifespan():
        return await yard.gate.call(call, yard.caller)


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "call_id": outcome.call_id,
        "status": outcome.status,
        "text": outcome.text,
        "structured": outcome.structured,
        "decision": outcome.decision.verdict,
        "rule": outcome.decision.rule,
        "duration_ms": round(outcome.duration * 1000, 3),
    }
