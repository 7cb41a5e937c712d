"""`git` as far as it reads. What the repository's own settings make it run, it runs in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from toolyard_toolkits.shell.fence.options import names, unknown_word
from toolyard_toolkits.shell.fence.refusing import Refused
from toolyard_toolkits.shell.fence.words import Word

_ANYWHERE_REFUSED = (
    "--exec", "--ext-diff", "--filters", "--open-files-in-pager", "--output", "--paginate", "--receive-pack",
    "--show-signature", "--textconv", "--upload-pack",
)  # fmt: skip
"""Each is also known by its beginnings, as git takes them."""

_BEFORE = frozenset({"--no-pager", "-P", "--literal-pathspecs", "--no-optional-locks", "--version"})


def _reading(words: Sequence[Word]) -> bool:
    return True


_VALUED = names("--contains --format --merged --no-merged --sort -n")


def _listing(options: frozenset[str]) -> Callable[[Sequence[Word]], bool]:
    """Of a subcommand that lists when it is given nothing but these."""

    def lists(words: Sequence[Word]) -> bool:
        left = iter(words)
        for word in left:
            if not word.exact or word.text.partition("=")[0] not in options:
                return False
            if word.text in _VALUED:
                next(left, None)
        return True

    return lists


def _first(*names: str) -> Callable[[Sequence[Word]], bool]:
    return lambda words: bool(words) and words[0].exact and words[0].text in names


def _grep(words: Sequence[Word]) -> bool:
    """-O opens a pager, also among other letters."""
    return not any(word.text.startswith("-") and not word.text.startswith("--") and "O" in word.text for word in words)


def _tag(words: Sequence[Word]) -> bool:
    return not words or _first("-l", "--list")(words) or _listing(names("-n --sort --contains --merged"))(words)


_BRANCH = names(
    "-a -r -v -vv -l -av -avv -rv --all --remotes --list --verbose --sort --show-current --contains --merged "
    "--no-merged --format --column --no-column"
)

_SUBCOMMANDS: dict[str, Callable[[Sequence[Word]], bool]] = {
    **dict.fromkeys(
        names(
            "blame cat-file check-attr check-ignore count-objects describe diff diff-files diff-index diff-tree "
            "for-each-ref log ls-files ls-tree merge-base name-rev rev-list rev-parse shortlog show show-ref "
            "status var version whatchanged"
        ),
        _reading,
    ),
    "branch": _listing(_BRANCH),
    "config": _first("--get", "--get-all", "--get-regexp", "--list", "-l"),
    "grep": _grep,
    "notes": _first("list", "show"),
    "reflog": lambda words: not words or _first("show")(words) or _listing(names("-n --all --oneline"))(words),
    "remote": _listing(names("-v --verbose")),
    "stash": _first("list", "show"),
    "submodule": _first("status"),
    "tag": _tag,
    "worktree": _first("list"),
}


def check_git(name: str, words: Sequence[Word]) -> None:
    _check_words(name, words)
    left = list(words)
    while left and left[0].text.startswith("-"):
        option = left.pop(0)
        if option.text == "-C" and left:
            left.pop(0)
        elif option.text not in _BEFORE:
            raise Refused(f"`git {option.text}`: before the subcommand only -C DIR, -P and --no-pager are used here")
    if not left:
        return
    subcommand = left[0].text
    if not left[0].exact or subcommand not in _SUBCOMMANDS or not _SUBCOMMANDS[subcommand](left[1:]):
        raise Refused(
            f"`git {subcommand}` in this form does more than read; these read: {', '.join(sorted(_SUBCOMMANDS))} "
            "(where some also write, only in the form that lists)"
        )


def _check_words(name: str, words: Sequence[Word]) -> None:
    for word in words:
        option = word.text.partition("=")[0]
        if word.may_be_option and not word.text:
            raise unknown_word(name)
        if option.startswith("--") and len(option) > 2 and any(one.startswith(option) for one in _ANYWHERE_REFUSED):  # noqa: PLR2004
            raise Refused(f"`git {option}` can run programs or write files; leave it out")
        if "%G" in word.text:
            raise Refused("`%G` in a format runs a program that checks signatures; leave it out")
