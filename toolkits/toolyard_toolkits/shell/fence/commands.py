"""The commands that a confined shell is used with, and what each may be given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from toolyard_toolkits.shell.fence.find import check_find
from toolyard_toolkits.shell.fence.git import check_git
from toolyard_toolkits.shell.fence.options import Options, names
from toolyard_toolkits.shell.fence.refusing import Refused
from toolyard_toolkits.shell.fence.scripts import check_awk, check_sed, check_sed_in_place
from toolyard_toolkits.shell.fence.words import Word

Check = Callable[[str, Sequence[Word]], object]
"""Raises `Refused` for the words of a command, which follow its name."""


def _anything(name: str, words: Sequence[Word]) -> None:
    """Of a command that reads and writes to its output, whatever it is given."""


def _no_option(*refused: str) -> Check:
    """All is well but for these options; a long one is known by any beginning of it."""
    short = [option[1] for option in refused if not option.startswith("--")]
    long = [option for option in refused if option.startswith("--")]

    def check(name: str, words: Sequence[Word]) -> None:
        for word in words:
            option = word.text.partition("=")[0]
            if word.may_be_option and not word.text:
                raise Refused(f"a word of `{name}` begins with a pattern, a variable or a command; write it out")
            if option.startswith("--") and any(one.startswith(option) for one in long if len(option) > 2):  # noqa: PLR2004
                raise Refused(f"`{name} {option}`: this option is not used here; leave it out")
            if option.startswith("-") and not option.startswith("--") and any(letter in word.text for letter in short):
                raise Refused(f"`{name} {word.text}`: -{', -'.join(short)} is not used here; leave it out")

    return check


def _test(name: str, words: Sequence[Word]) -> None:
    for word in words:
        if word.text in ("-v", "-R") or "$" in word.text or "`" in word.text:
            raise Refused(f"`{name} {word.text}`: what this would name is evaluated; look at files with -e, -f or -d")


def _which(name: str, words: Sequence[Word]) -> None:
    if not words or words[0].text not in ("-v", "-V"):
        raise Refused("`command` is only used as `command -v NAME`, to see whether there is a command")


def _printf(name: str, words: Sequence[Word]) -> None:
    if words and words[0].may_be_option and words[0] != Word("--"):
        raise Refused("`printf` begins with its format here, which is written out")


_XARGS_FLAG = re.compile(r"-(?:[0rt]+|[nLPIds].+)|--(?:null|no-run-if-empty|max-args=\d+|max-procs=\d+)")
_XARGS_VALUED = ("-n", "-L", "-P", "-I", "-d", "-s")


def _xargs(name: str, words: Sequence[Word]) -> None:
    """What it reads may become an option, so it runs those commands only that may be given anything."""
    left = list(words)
    while left and left[0].may_be_option:
        option = left.pop(0)
        if option.exact and option.text in _XARGS_VALUED and left:
            left.pop(0)
        elif not option.exact or not _XARGS_FLAG.fullmatch(option.text):
            raise Refused(f"`xargs {option.text}`: only -0, -r, -n, -L, -P, -I and -d are used here")
    if left and (not left[0].exact or READING.get(left[0].text) is not _anything):
        plain = ", ".join(sorted(word for word in _PLAIN if word.isalnum()))
        raise Refused(f"`xargs {left[0].text}`: it runs one of these here: {plain}")


def _count(name: str, words: Sequence[Word]) -> None:
    for word in words:
        if not re.fullmatch(r"\d*(\.\d+)?[smh]?", word.text) or not word.exact:
            raise Refused(f"`{name} {word.text}`: a plain number is used here")


_SORT = Options(
    flags="bcCdfghiMmnRrsuVz",
    valued="kSt",
    long_flags=names(
        "check ignore-leading-blanks dictionary-order ignore-case general-numeric-sort ignore-nonprinting month-sort "
        "human-numeric-sort numeric-sort random-sort reverse version-sort merge stable unique zero-terminated debug "
        "help version"
    ),
    long_valued=frozenset({"key", "sort", "field-separator", "buffer-size", "parallel", "check"}),
)
_UNIQ = Options(
    flags="cdDiuz",
    valued="fsw",
    long_flags=names("count repeated ignore-case unique zero-terminated all-repeated"),
    long_valued=names("skip-fields skip-chars check-chars group all-repeated"),
    operands=1,
)
_TREE = Options(
    flags="adfilpsugDFhJnNCQAStrvcUX",
    valued="LIP",
    long_flags=names("noreport dirsfirst du prune gitignore help version si inodes"),
    long_valued=names("filelimit charset sort timefmt"),
)
_XXD = Options(flags="abeiCuEp", valued="clgso", operands=1)
_DATE = Options(
    flags="uR",
    valued="dr",
    long_flags=frozenset({"utc", "universal", "rfc-email"}),
    long_valued=frozenset({"date", "reference", "iso-8601", "rfc-3339"}),
)


def _date(name: str, words: Sequence[Word]) -> None:
    for operand in _DATE.check(name, words).operands:
        if not operand.text.startswith("+"):
            raise Refused(f"`date {operand.text}` would set the clock; a format begins with `+`")


_RG = Options(
    flags="acFhHiIlLnNopPqsSuUvVwx0.",
    valued="ABCEefgjmMrTtd",
    long_flags=names(
        "binary block-buffered byte-offset case-sensitive column count count-matches crlf debug files "
        "files-with-matches files-without-match fixed-strings follow glob-case-insensitive heading help hidden "
        "ignore-case include-zero invert-match json line-buffered line-number line-regexp mmap multiline "
        "multiline-dotall no-column no-config no-filename no-heading no-hidden no-ignore no-ignore-dot "
        "no-ignore-exclude no-ignore-files no-ignore-global no-ignore-parent no-ignore-vcs no-line-number "
        "no-messages no-mmap no-pre null null-data one-file-system only-matching passthru pcre2 pretty quiet "
        "smart-case stats stop-on-nonmatch text trim type-list unrestricted version vimgrep with-filename "
        "word-regexp"
    ),
    long_valued=names(
        "after-context before-context color colors context context-separator dfa-size-limit encoding engine file "
        "field-context-separator field-match-separator glob iglob ignore-file max-columns max-count max-depth "
        "max-filesize path-separator regex-size-limit regexp replace sort sortr threads type type-add type-not"
    ),
)

_PLAIN = names(
    "[ arch b2sum base32 base64 basename cat cd cksum cmp comm cut df dir dirname du echo egrep expand expr factor "
    "false fgrep fmt fold grep head hexdump id join jq look ls md5sum nl nproc numfmt od paste printenv pwd readlink "
    "realpath rev seq sha1sum sha224sum sha256sum sha384sum sha512sum stat strings sum tac tail tr true tsort type "
    "uname unexpand vdir wc which whoami :"
)

READING: Mapping[str, Check] = {
    **dict.fromkeys(_PLAIN, _anything),
    "[": _test,
    "awk": check_awk,
    "column": _no_option(),
    "command": _which,
    "date": _date,
    "diff": _no_option("-l", "--paginate"),
    "exit": _count,
    "file": _no_option("-C", "-m", "-z", "-Z", "-S", "--compile", "--magic-file", "--uncompress", "--no-sandbox"),
    "find": check_find,
    "gawk": check_awk,
    "git": check_git,
    "mawk": check_awk,
    "printf": _printf,
    "rg": _RG.check,
    "sed": check_sed,
    "shuf": Options(
        flags="ezr", valued="ni", long_flags=frozenset({"repeat"}), long_valued=frozenset({"head-count", "input-range"})
    ).check,
    "sleep": _count,
    "sort": _SORT.check,
    "test": _test,
    "tree": _TREE.check,
    "uniq": _UNIQ.check,
    "xargs": _xargs,
    "xxd": _XXD.check,
}

WRITING: Mapping[str, Check] = {
    **dict.fromkeys(("cp", "ln", "mkdir", "mv", "rm", "rmdir", "tee", "touch", "truncate"), _anything),
    "sed": check_sed_in_place,
}
"""Those that are added where the folder may be changed."""
