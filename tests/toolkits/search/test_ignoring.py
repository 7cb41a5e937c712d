"""What .gitignore, .ignore and .rgignore leave out is what git and ripgrep leave out for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toolkits.search.yard import Door, door, found_in, write

pytestmark = pytest.mark.anyio

FILES = ("a.txt", "b.txt", "c.py", "x/a.txt", "x/b.py", "x/y/a.txt", "x/y/c.py", "y/a.txt", "y/x/d.txt", "z/w/v/a.txt")


@pytest.mark.parametrize(
    ("ignore_files", "left"),
    [
        ({".gitignore": "*.txt"}, "c.py x/b.py x/y/c.py"),
        ({".gitignore": "*.txt\n!a.txt"}, "a.txt c.py x/a.txt x/b.py x/y/a.txt x/y/c.py y/a.txt z/w/v/a.txt"),
        ({".gitignore": "/a.txt\n/x/"}, "b.txt c.py y/a.txt y/x/d.txt z/w/v/a.txt"),
        ({".gitignore": "x/"}, "a.txt b.txt c.py y/a.txt z/w/v/a.txt"),
        ({".gitignore": "a.txt/"}, " ".join(FILES)),
        ({".gitignore": "x/a.txt"}, "a.txt b.txt c.py x/b.py x/y/a.txt x/y/c.py y/a.txt y/x/d.txt z/w/v/a.txt"),
        ({".gitignore": "**/y/a.txt"}, "a.txt b.txt c.py x/a.txt x/b.py x/y/c.py y/x/d.txt z/w/v/a.txt"),
        ({".gitignore": "z/**/a.txt\nx/**"}, "a.txt b.txt c.py y/a.txt y/x/d.txt"),
        ({".gitignore": "*\n!*/\n!*.py"}, "c.py x/b.py x/y/c.py"),
        ({".gitignore": "x\n!x/a.txt"}, "a.txt b.txt c.py y/a.txt z/w/v/a.txt"),
        ({".gitignore": "x/*\n!x/a.txt"}, "a.txt b.txt c.py x/a.txt y/a.txt y/x/d.txt z/w/v/a.txt"),
        ({".gitignore": "# a.txt\n\n  \n\\#\n[a"}, " ".join(FILES)),
        ({".gitignore": "[ab].txt \r\n?.py\r\n"}, "y/x/d.txt"),
        ({".gitignore": "*.txt", "x/.gitignore": "!a.txt"}, "c.py x/a.txt x/b.py x/y/a.txt x/y/c.py"),
        ({"x/.gitignore": "/a.txt"}, "a.txt b.txt c.py x/b.py x/y/a.txt x/y/c.py y/a.txt y/x/d.txt z/w/v/a.txt"),
        ({".ignore": "*.txt", ".gitignore": "!*.txt"}, "c.py x/b.py x/y/c.py"),
        ({".rgignore": "!*.txt", ".ignore": "*.txt"}, " ".join(FILES)),
        ({".ignore": "*.txt", "x/.gitignore": "!*.txt"}, "c.py x/b.py x/y/c.py"),
        ({".gitignore": "*.txt", "x/.git/HEAD": ""}, "c.py x/a.txt x/b.py x/y/a.txt x/y/c.py"),
        ({".ignore": "*.txt", "x/.git/HEAD": ""}, "c.py x/b.py x/y/c.py"),
        (
            {".gitignore": b"\xff\n\xef\xbb\xbf\nc.py"},
            "a.txt b.txt x/a.txt x/b.py x/y/a.txt y/a.txt y/x/d.txt z/w/v/a.txt",
        ),
        ({".gitignore": b"\xef\xbb\xbfx\ny\nz\n"}, "a.txt b.txt c.py"),
    ],
)
async def test_what_an_ignore_file_says_is_left_out(
    search: Door, root: Path, ignore_files: dict[str, str | bytes], left: str
) -> None:
    write(root, {**dict.fromkeys(FILES, "alpha"), **ignore_files})
    assert found_in(await search.glob("**/*")) == left.split()
    assert found_in(await search.grep("alpha"))[::2] == left.split()


async def test_an_ignored_folder_is_searched_when_it_is_the_path_and_its_own_rules_hold(
    search: Door, root: Path
) -> None:
    write(root, {".gitignore": "x\n*.txt\n", "x/.ignore": "b\n", "x/a.txt": "", "x/b": "", "x/c": "", "y/a.txt": ""})
    assert found_in(await search.glob("*", path="x")) == ["x/a.txt", "x/c"]
    assert found_in(await search.glob("*", path="y")) == []


async def test_nothing_above_the_root_and_no_file_of_the_user_says_what_is_ignored(tmp_path: Path) -> None:
    root = write(tmp_path, {".gitignore": "*", ".ignore": "*", "root/a": "", "root/.git/info/exclude": "a"}) / "root"
    write(Path(os.environ["XDG_CONFIG_HOME"]), {"git/ignore": "a"})
    assert found_in(await door(root).glob("*")) == ["a"]


async def test_an_ignore_file_that_leads_out_or_is_none_says_nothing(tmp_path: Path) -> None:
    root = write(tmp_path, {"outside": "*", "root/a": "", "root/x/a": "", "root/y/.ignore/z": ""}) / "root"
    (root / ".gitignore").symlink_to("../outside")
    os.mkfifo(root / "x/.ignore")
    assert found_in(await door(root).glob("**/*")) == ["a", "x/a"]


async def test_rules_that_hold_other_engines_for_years_are_quick(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*a" * 100 + "b\n" + "**/a/" * 60 + "b\n", "a" * 200: "", "a/" * 100 + "c": ""})
    with anyio.fail_after(20):
        assert len(found_in(await door(tmp_path).glob("**/*"))) == 2


async def test_a_huge_ignore_file_is_read_in_part(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "a\n" + "#" * 300_000 + "\nb\n", "a": "", "b": ""})
    assert found_in(await door(tmp_path).glob("*")) == ["b"]


NAMES = st.sampled_from(["a", "b", "ab", "x", "a.txt", "x.py"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PARTS = st.sampled_from(["a", "b", "x", "*", "**", "a*", "*.txt", "?", "[ab]", "[!a]", "*b", "a.t?t", "x.*", "\\a"])


@st.composite
def lines(draw: st.DrawFn) -> str:
    keep, anchor = draw(st.sampled_from(["", "", "!"])), draw(st.sampled_from(["", "", "/"]))
    parts = draw(st.lists(PARTS, min_size=1, max_size=3))
    return f"{keep}{anchor}{'/'.join(parts)}{draw(st.sampled_from(['', '', '/']))}"


RULES = st.lists(lines(), max_size=4).map("\n".join)
WHERE = st.sampled_from(["", "", "a/", "x/", "a/b/"])


def write_tree(root: Path, paths: set[str], ignore_files: Mapping[str, str]) -> None:
    """The files, without those whose path leads through another."""
    folders = {str(parent) for path in (*paths, *ignore_files) for parent in Path(path).parents}
    write(root, {path: "" for path in paths if path not in folders})
    write(root, ignore_files)


def check_same(command: list[str], paths: set[str], ignore_files: Mapping[str, str]) -> None:
    """That `glob` finds the files that a command lists."""

    async def check() -> None:
        with tempfile.TemporaryDirectory() as folder:
            write_tree(Path(folder), paths, ignore_files)
            if command[0] == "git":
                subprocess.run(["git", "init", "-q"], cwd=folder, check=True)  # noqa: S607 - whichever git there is
            ended = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True)
            listed = sorted(path for path in ended.stdout.split("\0") if path and "/." not in f"/{path}")
            assert sorted(found_in(await door(Path(folder)).glob("**/*"))) == listed

    anyio.run(check)


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
@given(
    paths=st.sets(PATHS, min_size=1, max_size=8),
    git=st.dictionaries(WHERE.map("{}.gitignore".format), RULES, max_size=2),
    plain=st.dictionaries(WHERE.map("{}.ignore".format), RULES, max_size=1),
    own=st.dictionaries(WHERE.map("{}.rgignore".format), RULES, max_size=1),
)
@settings(max_examples=60, deadline=None)
def test_the_files_are_those_that_ripgrep_lists(
    paths: set[str], git: dict[str, str], plain: dict[str, str], own: dict[str, str]
) -> None:
    flags = ["--no-config", "--no-ignore-global", "--no-ignore-parent", "--no-ignore-exclude", "--no-require-git"]
    check_same(["rg", "--files", "--null", *flags], paths, git | plain | own)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@given(
    paths=st.sets(PATHS, min_size=1, max_size=8),
    git=st.dictionaries(WHERE.map("{}.gitignore".format), RULES, max_size=2),
)
@settings(max_examples=30, deadline=None)
def test_the_files_are_those_that_git_lists(paths: set[str], git: dict[str, str]) -> None:
    check_same(["git", "ls-files", "--others", "--exclude-standard", "-z"], paths, git)
