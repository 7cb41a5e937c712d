"""The profiles that come with Toolyard."""

from __future__ import annotations

from toolyard_kernel.profiles.names import ALL, Names
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.profiles.rules import ApprovalRules, ToolRules

EVERY = Names((ALL,))

READONLY = PermissionProfile(
    profile="readonly",
    description="Reads files, queries databases read-only, runs sandboxed reading commands. The default.",
    shell="restricted",
    database="readonly",
    agents=EVERY,
)
DEVELOPER = PermissionProfile(
    profile="developer",
    description="Edits files and runs commands; databases read-only; asks before upstream tools that may write.",
    shell="unrestricted",
    file_write="full",
    database="readonly",
    agents=EVERY,
    upstream=EVERY,
    approval=ApprovalRules(mode="granular"),
)
DEVELOPER_BASH_ONLY = PermissionProfile(
    profile="developer-bash-only",
    description="The shell and no other tool; asks before each command.",
    shell="unrestricted",
    tools=ToolRules(allow=Names(("bash",))),
)
UNRESTRICTED = PermissionProfile(
    profile="unrestricted",
    description="Everything, and nothing asks. For sandboxes and throw-away machines.",
    shell="unrestricted",
    file_write="full",
    database="mutations",
    network=EVERY,
    agents=EVERY,
    upstream=EVERY,
    approval=ApprovalRules(mode="none"),
)

BUILT_IN: dict[str, PermissionProfile] = {
    profile.profile: profile for profile in (READONLY, DEVELOPER, DEVELOPER_BASH_ONLY, UNRESTRICTED)
}
