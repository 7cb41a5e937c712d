"""`find` without the actions that run, write or delete."""

from __future__ import annotations

from collections.abc import Sequence

from toolyard_toolkits.shell.fence.options import names, unknown_word
from toolyard_toolkits.shell.fence.refusing import Refused
from toolyard_toolkits.shell.fence.words import Word

_LISTED = names(
    "-a -amin -and -anewer -atime -cmin -cnewer -ctime -d -daystart -depth -empty -executable -false -follow -group "
    "-H -ilname -iname -inum -ipath -iregex -iwholename -L -links -lname -ls "
    "-maxdepth -mindepth -mmin -mount -mtime "
    "-name -newer -nogroup -not -nouser -o -or -P -path -perm -print -print0 -printf -prune -quit -readable -regex "
    "-regextype -samefile -size -true -type -uid -used -user -wholename -writable -xdev -xtype"
)


def check_find(name: str, words: Sequence[Word]) -> None:
    for word in words:
        if word.may_be_option and not word.text:
            raise unknown_word(name)
        if word.text.startswith("-") and not _is_number(word) and (word.text not in _LISTED or not word.exact):
            raise Refused(
                f"`find {word.text}` is not used here; tests such as -name and -type, and -print, -printf and -ls are. "
                "To search in what it finds, use `grep -r` or `rg`"
            )


def _is_number(word: Word) -> bool:
    """As in `-mtime -3` and `-size -10k`; `-0` alone would be one too, and is no action."""
    return word.exact and word.text[1:2].isdecimal() and word.text.isascii()
