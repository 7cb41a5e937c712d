"""Every answer is the same with ripgrep and without it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toolkits.search.yard import Recording, Unconfined, door, found_in, needs_ripgrep, write
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.search.patterns import Pattern
from toolyard_toolkits.search.ripgrep import FLAGS, NOTHING_FOUND

pytestmark = [pytest.mark.anyio, needs_ripgrep]

# Characters that some engine folds, counts or takes for the end of something in its own way.
SEVERAL = [*"abkKsSéÉßİ_09 -\t\r.$^", "\u017f", "\u0131", "\u212a", "\u2028", "\x85", "\xa0", "😀", "\x0b", "\x1c"]
ODD = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xe0\x80\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"]
LETTERS = st.sampled_from(SEVERAL)
ENDINGS = st.sampled_from([b"\n", b"\r\n", b"\n\n"])
BEGINNINGS = st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\n"])
PIECES = st.one_of(LETTERS.map(str.encode), st.sampled_from(ODD), ENDINGS, st.just(b"ab" * 400))
NAMES = st.sampled_from(["a", "b.txt", "c/d", "c/é.txt", "c/e/f", "-x", "--pre=sh", "g h", "n\nl", "\udcff"])


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    pieces = [draw(BEGINNINGS), *draw(st.lists(PIECES, max_size=12)), draw(st.sampled_from([b"", b"", b"\n", b"\0"]))]
    return b"".join(pieces)


ATOMS = [
    *"abkKsS_0 -.",
    *("é", "É", "\u017f", "😀", "\u212a", "\u2028", "\xa0"),
    *(r"\.", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"\b", r"\B", r"\t", r"\r", r"\x41", r"\x{e9}", r"\075"),
    *(r"\pL", r"\PL", r"\p{Lu}", r"\p{Greek}", r"\$", r"\Qa.b$\E", r"\Q^\E", r"\-", r"\_"),
    *("^", "$", r"\A", r"\z"),
    *(
        "[ab]",
        "[^ab]",
        "[^k]",
        "[a-z]",
        "[A-Z]",
        "[^a-zé]",
        "[é-\u017f]",
        r"[\w-]",
        r"[^\W]",
        r"[^\S]",
        "[]a]",
        "[^]a]",
    ),
    *("[[:alpha:]]", "[[:^space:]]", "[^[:punct:]]", "[[:word:]_]", "[a&&b]", "[a[b]", "[a~~b]", "[--a]", r"[\r ]"),
    *(
        r"[^\pL]",
        r"[\x00-\x{10ffff}]",
        r"[^\x00-\x7f]",
        "[^\u017f]",
        "[$]",
        "[.]",
        "[*-]",
        r"[\]]",
        "{",
        "}",
        "]",
        "x{,3}",
    ),
]
QUANTIFIERS = st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,3}", "*?", "+?", "??", "{2,3}?"])
GROUPS = ["({})", "(?P<n>{})", "(?i){}", "(?i:{})", "(?-i:{})", "(?sm){}", "(?U-m:{})"]


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
        st.builds("(?:{}){}".format, inner, QUANTIFIERS),
        st.builds(grouped, st.sampled_from(GROUPS), inner),
    )


def grouped(group: str, pattern: str) -> str:
    return group.replace("{}", pattern.replace("?P<n>", ""))


def is_taken(pattern: str) -> bool:
    """Whether the pattern is not refused for its size: then no engine is asked."""
    try:
        Pattern.of(pattern, ignore_case=False)
        Pattern.of(pattern, ignore_case=True)
    except ToolError as error:
        return "too large" not in str(error)
    return True


PATTERNS = st.recursive(st.sampled_from(ATOMS), larger, max_leaves=6).filter(is_taken)


def write_odd(folder: str, tree: Mapping[str, bytes]) -> Path:
    for path, content in tree.items():
        file = os.fsencode(folder) + b"/" + os.fsencode(path)
        os.makedirs(os.path.dirname(file), exist_ok=True)  # noqa: PTH103, PTH120 - a name that is no text
        with open(file, "wb") as opened:  # noqa: PTH123 - see above
            opened.write(content)
    return Path(folder)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a thousand short lines, with whatever two engines may see differently."""
    chance = random.Random(7)  # noqa: S311 - the same lines every time
    pieces = [*(letter.encode() for letter in SEVERAL), *ODD, b"ab", b"a", b"k", b"s", b"_"]
    lines = [b"".join(chance.choices(pieces, k=chance.randrange(6))) for _ in range(1000)]
    path = tmp_path_factory.mktemp("corpus") / "lines"
    path.write_bytes(b"".join(line + chance.choice((b"\n", b"\r\n")) for line in lines))
    return path


def lines_of_ripgrep(pattern: str, corpus: Path) -> set[int]:
    flags = [flag for flag in FLAGS if flag not in ("--files-with-matches", "--null")]
    command = ["rg", *flags, "--json", f"--regexp={pattern}", "--", str(corpus)]
    ended = subprocess.run(command, capture_output=True, check=False)
    assert ended.returncode <= NOTHING_FOUND, (pattern, ended.stderr)
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    return {event["data"]["line_number"] for event in events if event["type"] == "match"}


def missed(pattern: str, corpus: Path, *, ignore_case: bool = False) -> set[int]:
    """The lines that match and that ripgrep would not find."""
    compiled = Pattern.of(pattern, ignore_case=ignore_case)
    if compiled.loose is None:
        return set()
    lines = corpus.read_bytes().removesuffix(b"\n").split(b"\n")
    found = {number for number, line in enumerate(lines, 1) if compiled.regexp.search(line)}
    return found - lines_of_ripgrep(compiled.loose, corpus)


@pytest.mark.parametrize("shape", ["a{}", "(?i)^(?:{})+$"])
def test_ripgrep_finds_whatever_each_part_of_a_pattern_finds(corpus: Path, shape: str) -> None:
    for atom in ATOMS:
        assert not missed(shape.replace("{}", atom), corpus), atom


@given(pattern=PATTERNS, ignore_case=st.booleans())
@settings(max_examples=60, deadline=None)
def test_ripgrep_finds_whatever_a_pattern_finds(corpus: Path, pattern: str, *, ignore_case: bool) -> None:
    assert not missed(pattern, corpus, ignore_case=ignore_case)


@given(
    tree=st.dictionaries(NAMES, contents()),
    pattern=PATTERNS,
    ignore_case=st.booleans(),
    context=st.sampled_from([0, 0, 1, 3]),
)
@settings(max_examples=30, deadline=None)
def test_grep_finds_the_same_lines(tree: Mapping[str, bytes], pattern: str, context: int, *, ignore_case: bool) -> None:
    async def check() -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = write_odd(folder, {"+": b"", **tree})
            backend = Unconfined()
            how = {"ignore_case": ignore_case, "context": context, "max_matches": 8}
            without = await door(root).grep(pattern, **how)
            with_it = await door(root, backend=backend, ripgrep=True).grep(pattern, **how)
            assert (with_it.status, with_it.text) == (without.status, without.text)
            assert all(completed.exit_code <= NOTHING_FOUND for completed in backend.ran), backend.ran

    anyio.run(check)


async def test_ripgrep_is_confined_and_given_only_files_that_may_be_searched(root: Path) -> None:
    write(
        root, {"0": "", "a": "alpha", "b.py": "alpha", ".gitignore": "c\n", "c": "alpha", ".h": "alpha", "d/e": "beta"}
    )
    backend = Recording()
    outcome = await door(root, backend=backend, ripgrep=True).grep("alp.a")
    assert found_in(outcome) == ["a", "1:alpha", "b.py", "1:alpha"]
    ((command, completed),) = backend.ran
    assert command.confinement is not None
    assert not command.confinement.writable
    assert not command.confinement.network
    assert command.argv[command.argv.index("--") + 1 :] == ("./a", "./b.py", "./d/e")
    assert sorted(completed.output.head.split(b"\0")[:-1]) == [b"./a", b"./b.py"]
