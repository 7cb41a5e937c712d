"""`toolyard run`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from toolyard.cli.agent_choice import AgentChoice, ChosenAgent, chosen_agent
from toolyard.cli.drawing_choice import chosen_drawing
from toolyard.cli.ending import INTERRUPTED, run
from toolyard.cli.keeping import Keeping
from toolyard.cli.options import json_option, stdin_text
from toolyard.cli.run_door import RunDoor
from toolyard.cli.run_output import JsonOutput, RunOutput, Stdout, TextOutput
from toolyard.cli.run_trace import trace_writer
from toolyard.cli.terminal import at_terminal
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.results import RunResult, StopReason
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.traces.writing import FOLDER

EXIT_CODES: dict[StopReason, int] = {
    "end": 0,
    "error": 1,
    "interrupted": 3,
    "max_iterations": 4,
    "budget": 4,
    "timeout": 4,
    "cancelled": INTERRUPTED,
}


def _variables(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for name, equals, value in pairs:
        if not name or not equals:
            raise click.BadParameter(f"{name + equals + value!r}: expected NAME=VALUE")
    return {name: value for name, _, value in pairs}


@click.command("run")
@click.argument("prompt")
@click.option("--config", type=click.Path(path_type=Path), help="Run an agent of this server's config.")
@click.option("--agent", help="The agent's name, or the path of its YAML file.")
@click.option("--profile", help="Run under this profile instead of the one configured.")
@click.option("--working-dir", help="The folder that the agent's tools work in.")
@click.option("--var", "variables", multiple=True, callback=_variables, help="A variable of its prompt, NAME=VALUE.")
@click.option("--trace", is_flag=True, help=f"Write down what happens, in {FOLDER}, for `toolyard trace`.")
@click.option("--trace-dir", type=click.Path(file_okay=False, path_type=Path), help="Write it down in this folder.")
@click.option("--yes", is_flag=True, help="Answer every ask with yes, where the profile lets anybody answer.")
@click.option("--session", metavar="PREFIX", help="Go on with the session whose id begins so (toolyard ps --all).")
@click.option("--no-store", is_flag=True, help="Keep no session: no other terminal can see, steer or go on with it.")
@json_option
def command(
    prompt: str,
    config: Path | None,
    agent: str | None,
    profile: str | None,
    working_dir: str | None,
    variables: dict[str, str],
    trace: bool,  # noqa: FBT001 - click passes it so
    trace_dir: Path | None,
    yes: bool,  # noqa: FBT001 - as above
    session: str | None,
    no_store: bool,  # noqa: FBT001 - as above
    as_json: bool,  # noqa: FBT001 - as above
) -> None:
    """Run PROMPT with an agent and print its answer (- reads PROMPT from stdin).

    Without --config and --agent it is a general agent in the current folder, with the model, profile and folder that
    TOOLYARD_MODEL, TOOLYARD_PROFILE and TOOLYARD_WORKING_DIR name. The answer comes on stdout, and what the agent does
    on stderr, drawn with rich on a terminal, if it is installed (toolyard[terminal]); --json prints every event as a
    line, and the result as the last. On a terminal, you are asked where the profile or a tool asks; `auto_approve` is
    for programs and does not count here.

    The session is kept, to go on with, and for `toolyard ps`, `watch`, `pause`, `resume`, `cancel` and `say` in another
    terminal.

    Exit codes: 0 completed, 1 it failed, 2 the command or the agent is wrong, 3 it waits for an approval, 4 it came to
    a bound of turns, tokens, cost or time, 130 or 143 it was stopped.
    """
    words = stdin_text() if prompt == "-" else prompt
    terminal, drawing = at_terminal(), chosen_drawing()
    keeping = Keeping(prefix=session, store=not no_store)
    choice = AgentChoice(config=config, agent=agent, profile=profile, working_dir=working_dir, vars=variables)
    with chosen_agent(choice) as chosen:
        token = CancellationToken()
        stdout = Stdout(chosen.stdout, token)
        output = JsonOutput(stdout) if as_json else TextOutput(stdout, drawing, asks=terminal or yes)
        try:
            door = RunDoor(drawing, terminal=terminal, always=yes)
            with trace_writer(chosen.agent, trace_dir or (FOLDER if trace else None)) as keep:
                context = RunContext(caller=chosen.caller, door=door, keep=keep)
                result = run(_run(chosen, words, output, context, token, keeping))
        finally:
            drawing.doing(None)
    if keep and not as_json:
        drawing.line(f"trace {result.trace_id}", "aside")
    sys.exit(EXIT_CODES[result.stop_reason])


async def _run(
    chosen: ChosenAgent,
    prompt: str,
    output: RunOutput,
    context: RunContext,
    token: CancellationToken,
    keeping: Keeping,
) -> RunResult:
    async with chosen.opened() as opened:
        session = keeping.session(chosen.agent, replace(context, opened=opened))
        result = await session.run(prompt, on_event=output.hear, token=token)
    await output.end(result, session.state.session_id if session.channel else None)
    return result
