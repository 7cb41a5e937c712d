"""Who may do what with a file: its new content is for no more people than the old one was."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass

_ACCESS_LIST = "system.posix_acl_access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """The owner, the group, the permissions and the access control list of a file.

    Set-user-ID, set-group-ID and sticky bits are none of these: who changes a program does not speak for its owner.
    """

    owner: int
    group: int
    permissions: int
    access_list: bytes | None

    @classmethod
    def of(cls, file: int) -> Rights:
        """Those of the file that the descriptor has open."""
        about = os.fstat(file)
        return cls(
            owner=about.st_uid,
            group=about.st_gid,
            permissions=stat.S_IMODE(about.st_mode) & 0o777,
            access_list=_access_list(file),
        )

    def give(self, file: int) -> None:
        """Give them to the file that the descriptor has open, as far as this user may, and none beyond them."""
        for owner in (self.owner, -1):  # only root may give a file away, and only a member may give it to a group
            with suppress(PermissionError):
                os.fchown(file, owner, self.group)
                break
        same_group = os.fstat(file).st_gid == self.group
        _set_access_list(file, None)  # a folder may give its new files one
        # With a list, the group's bits are the most that anybody on the list gets, and no longer what the group does.
        os.fchmod(file, self.permissions if same_group and not self.access_list else self._without_group())
        if same_group and self.access_list:
            _set_access_list(file, self.access_list)

    def _without_group(self) -> int:
        others = self.permissions & 0o007
        return self.permissions & 0o707 | (self.permissions & others << 3)


def _access_list(file: int) -> bytes | None:
    if sys.platform == "linux":
        with suppress(OSError):  # there is none, or this file system has none
            return os.getxattr(file, _ACCESS_LIST)
    return None


def _set_access_list(file: int, access_list: bytes | None) -> None:
    if sys.platform == "linux":
        with suppress(OSError):  # there is none, or this file system has none: the permissions are narrow enough
            if access_list is None:
                os.removexattr(file, _ACCESS_LIST)
            else:
                os.setxattr(file, _ACCESS_LIST, access_list)
