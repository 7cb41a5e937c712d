"""`glob` finds files by their paths, hidden ones only when they are asked for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toolkits.search.yard import Door, door, found_in, notes_of, write
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.search.globs import Glob

pytestmark = pytest.mark.anyio

PATHS = (
    *("notes.txt", "a.py", "b.pyi", "src/a.py", "src/x/a.py", "src/x/y/c.py", "src/x/y/d.txt", "lib/src/a.py"),
    *("-x", "é.txt", "x[y].txt", "{z}", ".env", ".env.local", ".github/w/ci.yml"),
    *("src/.cache/k.py", ".git/config", "src/.git/config"),
)


@pytest.fixture
def files(root: Path) -> Door:
    write(root, {path: path for path in PATHS})
    return door(root)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**/*.txt", ["notes.txt", "src/x/y/d.txt", "x[y].txt", "é.txt"]),
        ("*.txt", ["notes.txt", "x[y].txt", "é.txt"]),
        ("./*.txt", ["notes.txt", "x[y].txt", "é.txt"]),
        ("src/*.py", ["src/a.py"]),
        ("src/**/*.py", ["src/a.py", "src/x/a.py", "src/x/y/c.py"]),
        ("src/**", ["src/a.py", "src/x/a.py", "src/x/y/c.py", "src/x/y/d.txt"]),
        ("src/", ["src/a.py", "src/x/a.py", "src/x/y/c.py", "src/x/y/d.txt"]),
        ("**/src/a.py", ["lib/src/a.py", "src/a.py"]),
        ("**/x/**/*.py", ["src/x/a.py", "src/x/y/c.py"]),
        ("**/**/a.py", ["a.py", "lib/src/a.py", "src/a.py", "src/x/a.py"]),
        ("*/*.py", ["src/a.py"]),
        ("*/*/?.py", ["lib/src/a.py", "src/x/a.py"]),
        ("src/x", []),
        ("**/[ac].py", ["a.py", "lib/src/a.py", "src/a.py", "src/x/a.py", "src/x/y/c.py"]),
        ("**/[!ab]*.py", ["src/x/y/c.py"]),
        ("**/[^a-b]*.py", ["src/x/y/c.py"]),
        ("*.{py,pyi}", ["a.py", "b.pyi"]),
        ("*.py{,i}", ["a.py", "b.pyi"]),
        ("{src,lib/src}/*.py", ["lib/src/a.py", "src/a.py"]),
        ("{a,{b,c}}.py*", ["a.py", "b.pyi"]),
        ("x\\[y\\].txt", ["x[y].txt"]),
        ("x[[]y].txt", ["x[y].txt"]),
        ("\\{z\\}", ["{z}"]),
        ("-?", ["-x"]),
        ("?.txt", ["é.txt"]),
        ("NOTES.TXT", []),
        (".env*", [".env", ".env.local"]),
        ("**/.*", [".env", ".env.local"]),
        (".github/**", [".github/w/ci.yml"]),
        ("**/.cache/*", ["src/.cache/k.py"]),
        (".*/**", [".github/w/ci.yml"]),
        ("**/.git/*", [".git/config", "src/.git/config"]),
        ("**/*config*", []),
    ],
)
async def test_a_pattern_finds_what_it_says(files: Door, pattern: str, found: list[str]) -> None:
    assert found_in(await files.glob(pattern)) == found


async def test_a_pattern_is_for_what_is_below_the_path(files: Door) -> None:
    assert found_in(await files.glob("**/*.py", path="src/x")) == ["src/x/a.py", "src/x/y/c.py"]
    assert found_in(await files.glob("*.yml", path=".github/w")) == [".github/w/ci.yml"]
    assert found_in(await files.glob("*", path="src/.cache")) == ["src/.cache/k.py"]


async def test_no_file_is_an_answer_that_helps(files: Door) -> None:
    outcome = await files.glob("d.txt")
    assert outcome.text.startswith("no file matches `d.txt` in the root folder; `**/d.txt` looks in the folders below")
    assert "hidden" in notes_of(outcome)[0]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "expected 1 to"),
        ("/etc/*", "relative to the searched folder"),
        ("//etc/*", "relative to the searched folder"),
        ("~/*", "relative to the searched folder"),
        ("../*", "`..` is not supported"),
        ("src/../../*", "`..` is not supported"),
        ("{..,src}/*", "`..` is not supported"),
        ("{.,src}{.,x}/*", "`..` is not supported"),
        ("!*.py", "what to find, not what to leave out"),
        ("[a", "`[` has no `]`"),
        ("[z-a]", "goes backwards"),
        ("{a,b", "`{` has no `}`"),
        ("{,a}", "empty pattern"),
        ("a\\", "before nothing"),
        ("a\0", "NUL"),
        ("a" * 1001, "expected 1 to"),
        ("{a,b}" * 30, "more than 100 patterns"),
        ("{" + ",".join("abc" * 60) + "}", "more than 100 patterns"),
    ],
)
async def test_what_is_no_pattern_is_refused_with_the_reason(files: Door, pattern: str, said: str) -> None:
    for outcome in (await files.glob(pattern), await files.grep("x", glob=pattern)):
        assert outcome.status == "tool_error"
        assert outcome.text.startswith("glob pattern `")
        assert said in outcome.text


async def test_as_many_files_are_shown_as_are_asked_for_and_more_are_told(files: Door) -> None:
    outcome = await files.glob("**/*.py", max_results=2)
    assert found_in(outcome) == ["a.py", "lib/src/a.py"]
    assert "max_results=2" in notes_of(outcome)[0]
    assert not notes_of(await files.glob("**/*.py", max_results=5))


async def test_an_answer_keeps_to_the_bytes_of_the_profile(tmp_path: Path) -> None:
    write(tmp_path, {f"{number:0100}": "" for number in range(100)})
    outcome = await door(tmp_path, output_bytes=3000).glob("*")
    assert 1500 < len(outcome.text.encode()) <= 3000
    assert "more" in notes_of(outcome)[0]


async def test_a_file_is_no_folder_to_look_in(files: Door) -> None:
    outcome = await files.glob("*", path="notes.txt")
    assert outcome.status == "tool_error"
    assert "notes.txt" in outcome.text


@given(pattern=st.text(st.sampled_from("ab*?[]!^-{},\\/.:éx"), min_size=1, max_size=15))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_glob_pattern_or_is_refused(pattern: str) -> None:
    with suppress(ToolError):
        glob = Glob.of(pattern)
        assert not glob.found(frozenset())


@given(names=st.lists(st.text(st.sampled_from("ab.*[{é\\ "), min_size=1, max_size=4), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_an_escaped_path_finds_itself_and_nothing_else(names: list[str]) -> None:
    if any(name in (".", "..") or name.startswith("~") for name in names):
        return
    glob = Glob.of("/".join("".join(f"\\{letter}" for letter in name) for name in names))
    state = glob.start
    for name in names:
        assert not glob.found(state)
        assert not glob.after(state, f"{name}x")
        state = glob.after(state, name)
    assert glob.found(state)
