"""Why a path was refused, in words that help the caller and tell nothing about the host."""

from __future__ import annotations

import errno
import re

from toolyard_kernel.errors import NothingThere, ToolError

LONGEST_NAMED = 200

# What would break a line, reorder it or be no Unicode: a file's name may hold any of these.
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_DENIED = "the server has no permission for it; choose another path, or ask the operator for access"

_FULL = "there is no room left on this file system, and nothing was written; write less, or tell the operator"

_REASONS = {
    errno.ENOENT: "there is no file or folder of this name; see with `list` what there is",
    errno.ENOTDIR: "this, or a name before a `/` in it, is not a folder; `read` reads files, `list` lists folders",
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EEXIST: "something of this name is there already; choose a new path",
    errno.EISDIR: "this is a folder; give the path of a file",
    errno.EROFS: "this is on a file system that is mounted read-only; choose another path",
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "a file of this size may not be made here; write less, or in several files",
    errno.EBUSY: "the operating system uses this just as it is, as where a single file is mounted; choose another path",
    errno.EXDEV: "this leads out of the root folder, by `..` or by a symbolic link that is absolute or points outside; "
    "give a path of something below the root",
    errno.ELOOP: "the symbolic links on this path are a loop, or the operating system's own; give a path without them",
    errno.ENAMETOOLONG: "a name in this path, or all of it, is too long; see with `list` what there is",
}


def visible(name: str) -> str:
    """`name` on one line, with `\\n` and the like written out."""
    return _INVISIBLE.sub(lambda found: found.group().encode("unicode_escape").decode(), name)


def named(path: str) -> str:
    """The path as it was given, short enough for a message."""
    text = visible(path)
    return text if len(text) <= LONGEST_NAMED else f"{text[:LONGEST_NAMED]}…"


def refusal(path: str, reason: str) -> ToolError:
    return ToolError(_told(path, reason))


def refused(path: str, error: OSError) -> ToolError:
    """What the operating system said about `path`, without the host's own names that `str(error)` may hold."""
    unexpected = f"this cannot be used ({error.strerror or type(error).__name__}); choose another path"
    reason = _REASONS.get(error.errno or 0, unexpected)
    return NothingThere(_told(path, reason)) if error.errno == errno.ENOENT else refusal(path, reason)


def root_gone() -> ToolError:
    """That the folder itself, which every path is below, cannot be opened any more."""
    return ToolError("the root folder of these tools is gone; ask the operator to restore it")


def _told(path: str, reason: str) -> str:
    return f"{named(path) or 'the empty path'}: {reason}"
