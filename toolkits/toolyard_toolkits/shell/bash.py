"""One call of `bash`: looked at, run where the profile says, and answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolyard_kernel.backends import Backend, Command, Confinement
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import ToolResult
from toolyard_kernel.errors import ToolError
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_toolkits.shell.answer import answer, captured_bytes
from toolyard_toolkits.shell.environment import environment

MARGIN = 1.0
"""Seconds by which a command ends before its call must, so that what it wrote until then is answered."""
LONGEST_REFUSAL = 1_500

_READ_ON = "send it through `head`, `tail`, `grep` or `sed -n '100,200p'`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bash:
    """Where commands run, and with what. `more_commands` pass the fence besides those it knows."""

    folder: Path
    confined: Backend
    unconfined: Backend
    variables: Mapping[str, str]
    more_commands: frozenset[str]
    fence: bool

    async def run(self, command: str, timeout: float | None, ctx: ToolContext) -> ToolResult:
        """Run `command` in a new shell.

        Raises:
            ToolError: the profile's shell is not used with such a command, or it cannot be run.
        """
        profile = ctx.caller.profile
        self.check(command, profile)
        limits = profile.limits
        longest = limits.timeout - min(MARGIN, limits.timeout / 4)
        seconds = min(timeout or longest, longest)
        lowered = timeout and timeout > limits.timeout
        completed = await self._backend(profile).run(
            Command(
                argv=("bash", "--noprofile", "--norc", "-c", command),
                folder=self.folder,
                timeout=seconds,
                output_bytes=captured_bytes(limits.output_bytes),
                environment=environment(self.folder, self.variables, confined=self._backend(profile).confines),
                confinement=self._confinement(profile),
                merged=True,
            )
        )
        return answer(
            completed,
            timeout=seconds,
            advice=f"{_READ_ON}, or write it to a file and read that" if _may_write(profile) else _READ_ON,
            lowered=f"a timeout of {timeout:g}s is more than the profile's {limits.timeout:g}s" if lowered else None,
        )

    def check(self, command: str, profile: PermissionProfile) -> None:
        """Refuse what a confined shell is not used with, before anybody is asked and anything runs.

        Raises:
            ToolError: it is more than plain, listed commands.
        """
        if profile.shell == "unrestricted" or not self.fence:
            return
        from toolyard_toolkits.shell.fence import Fence, Refused  # noqa: PLC0415 - start-up looks at no command

        try:
            Fence(writable=profile.file_write == "full", more=self.more_commands).check(command)
        except Refused as error:
            why = str(error)[:LONGEST_REFUSAL]
            raise ToolError(f"not run, for the profile {profile.profile!r} confines the shell: {why}") from error

    def _backend(self, profile: PermissionProfile) -> Backend:
        return self.unconfined if profile.shell == "unrestricted" else self.confined

    def _confinement(self, profile: PermissionProfile) -> Confinement | None:
        writable = profile.file_write == "full"
        if profile.shell != "unrestricted":
            return Confinement(writable=writable, network=False)
        return Confinement(writable=writable, network=bool(profile.network)) if self.unconfined.confines else None


def _may_write(profile: PermissionProfile) -> bool:
    return profile.shell == "unrestricted" or profile.file_write == "full"
