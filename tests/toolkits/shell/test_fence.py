"""The fence refuses whatever is not known to it, whatever it is given."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolyard_toolkits.shell.fence import Fence, Refused

PIECES = (
    "cat notes.txt", "ls", "echo", " ", "\n", ";", "|", "&", "&&", "(", ")", "{ ", " }", "$(", "`", "'", '"', "\\",
    "$x", "${x}", "<", ">", "2>&1", "<<X\n", "\nX\n", "<(", "((", "))", "[[ ", " ]]", "if ", "then ", "fi", "do ",
    "for x in ", "done", "case ", "esac", "#", "=", "x=1 ", "!", "*", "{a,b}", "~", "$'", "sed -n 1p", "git log", "é",
    "find .", "\t",
)  # fmt: skip
RUNNING = ("touch", "sh", "./evil", "eval", "dd")


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map("".join)))
def test_whatever_it_is_it_is_let_through_or_refused(text: str) -> None:
    with suppress(Refused):
        Fence().check(text)


@settings(max_examples=300, deadline=None)
@given(
    before=st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
    name=st.sampled_from(RUNNING),
    separator=st.sampled_from(
        ["\n", ";", "|", "&&", "||", "&", "|&", "$(", "`", "\n{ ", ";(", ";! ", "\nif ", ";then "]
    ),
    after=st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
)
def test_a_command_that_is_not_listed_is_let_through_only_as_a_text(
    before: str, name: str, separator: str, after: str
) -> None:
    command = f"{before}{separator}{name} x{after}"
    quoted = any(sign in before for sign in ("'", '"', "#", "\\", "$'"))
    if not quoted:
        with pytest.raises(Refused):
            Fence().check(command)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("rm notes.txt", "changes files, and this profile only reads"),
        ("less notes.txt", "use `cat`"),
        ("cat a > b", "only /dev/null may be written to"),
        ("sort --comp=x a", "`sort --comp`: this option is not used here"),
        ("sort *", "begin it with `./`"),
        ("find . -exec ls {} +", "use `grep -r` or `rg`"),
        ("echo `ls`", "write `$(…)` instead of backticks"),
        ("x=1", "write its value where it is used"),
        ("ls &", "leave the `&` out"),
        ("/bin/ls", "without quotes or a path"),
        ("ls 'x", "look at its quotes and brackets"),
        ("ls\u00a0-l", "U+00A0 (NO-BREAK SPACE)"),
        ("git commit", "these read: blame"),
        ("sed 's/a/b/e' x", "as in `sed -n '10,20p' FILE`"),
        ("a" * 60_000, "at most 50000 are taken"),
        ("{ " * 3000 + "ls" + "; }" * 3000, "too deeply nested"),
    ],
)
def test_a_refusal_names_the_word_and_says_what_to_do(command: str, said: str) -> None:
    with pytest.raises(Refused) as raised:
        Fence().check(command)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "command",
    [
        "cp a b",
        "mv a b",
        "rm -rf build",
        "mkdir -p a/b",
        "echo x > out.txt",
        "ls >> list",
        "sed -i 's/a/b/' x",
        "touch x",
    ],
)
def test_where_files_may_be_replaced_plain_writing_commands_pass_too(command: str) -> None:
    Fence(writable=True).check(command)
    with pytest.raises(Refused):
        Fence().check(command)


@pytest.mark.parametrize("command", ["echo x > /dev/tcp/127.0.0.1/80", "bash x", "curl x", "find . -delete", "x=1"])
def test_where_files_may_be_replaced_nothing_else_passes(command: str) -> None:
    with pytest.raises(Refused):
        Fence(writable=True).check(command)


def test_commands_that_the_operator_adds_pass_by_name_only() -> None:
    Fence(more=frozenset({"make"})).check("make -n all | head")
    with pytest.raises(Refused):
        Fence(more=frozenset({"make"})).check("CC=x make")
