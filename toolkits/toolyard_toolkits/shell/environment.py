"""The variables that a command finds: nothing of the server's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_BASE: Mapping[str, str] = {
    "PATH": _PATH,
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "MANPAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
}

# A repository's own settings can name programs to run. In the sandbox they could do no more than any command there, but
# nobody asked for them, and a repository that belongs to somebody else is read like any other folder.
_GIT: Mapping[str, str] = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "log.showSignature": "false",
    "safe.directory": "*",
}


def environment(root: Path, more: Mapping[str, str], *, confined: bool) -> dict[str, str]:
    """The variables of a command in `root`, or in the sandbox around it."""
    if not confined:
        return {**_BASE, "HOME": str(root), **more}
    return {**_BASE, "HOME": "/tmp", "TMPDIR": "/tmp", **_git_settings(), **more}  # noqa: S108 - the sandbox's own


def _git_settings() -> dict[str, str]:
    variables = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CONFIG_COUNT": str(len(_GIT)),
    }
    for number, (key, value) in enumerate(_GIT.items()):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables
