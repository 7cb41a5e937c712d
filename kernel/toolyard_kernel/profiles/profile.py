"""`PermissionProfile`: which effects a caller is granted, what must be asked, and the limits of a call."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from toolyard_kernel.profiles.names import Names
from toolyard_kernel.profiles.rules import ApprovalRules, Limits, Part, ToolRules

Shell = Literal["off", "restricted", "unrestricted"]
FileWrite = Literal["off", "create-only", "full"]
Database = Literal["off", "readonly", "mutations"]

# From the least that is granted to the most.
SHELL: tuple[Shell, ...] = get_args(Shell)
FILE_WRITE: tuple[FileWrite, ...] = get_args(FileWrite)
DATABASE: tuple[Database, ...] = get_args(Database)


def _off(value: Any) -> Any:
    return "off" if value is False else value  # YAML reads an unquoted `off` as False


class PermissionProfile(Part):
    """A permission profile. Every field is optional, and what is not granted is refused.

    Reading files is always granted, within the root of the toolkit that reads. `a & b` grants what both grant.
    """

    profile: str = Field(default="custom", description="The profile's name.")
    description: str = ""
    shell: Annotated[Shell, BeforeValidator(_off)] = "off"
    file_write: Annotated[FileWrite, BeforeValidator(_off)] = "off"
    database: Annotated[Database, BeforeValidator(_off)] = "off"
    network: Names = Field(default=Names(), description="off, any, or the hosts that tools may reach.")
    agents: Names = Field(default=Names(), description="off, all, or the agents that may be run.")
    upstream: Names = Field(default=Names(), description="off, all, or the upstream tools that may be called.")
    tools: ToolRules = ToolRules()
    approval: ApprovalRules = ApprovalRules()
    limits: Limits = Limits()

    @property
    def confines_shell(self) -> bool:
        """Whether the shell can only read: it runs in the sandbox, which lets it write where files may be replaced."""
        return self.shell == "restricted" and self.file_write != "full"

    def __and__(self, other: PermissionProfile) -> PermissionProfile:
        """The profile of a caller who is bound by both: it grants, and lets pass unasked, only what both would."""
        shell = SHELL[min(SHELL.index(self.shell), SHELL.index(other.shell))]
        file_write = FILE_WRITE[min(FILE_WRITE.index(self.file_write), FILE_WRITE.index(other.file_write))]
        database = DATABASE[min(DATABASE.index(self.database), DATABASE.index(other.database))]
        both = PermissionProfile(
            profile=self.profile if self.profile == other.profile else f"{self.profile} & {other.profile}",
            description=self.description if self.description == other.description else "",
            shell=shell,
            file_write=file_write,
            database=database,
            network=self.network & other.network,
            agents=self.agents & other.agents,
            upstream=self.upstream & other.upstream,
            tools=self.tools & other.tools,
            limits=self.limits & other.limits,
        )
        return both.model_copy(update={"approval": self._approval_within(both) & other._approval_within(both)})

    def _approval_within(self, both: PermissionProfile) -> ApprovalRules:
        """The rules inside of `both`: an ask for the shell stays when somebody else confines it."""
        unconfined = self.shell != "off" and not self.confines_shell
        if both.confines_shell and unconfined and self.approval.mode == "dangerous":
            effects = self.approval.required_effects | {"shell"}
            return self.approval.model_copy(update={"required_effects": effects})
        return self.approval
