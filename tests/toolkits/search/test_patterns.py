"""A pattern is one of RE2: whatever it is, it is refused with a reason or ends soon."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toolkits.search.yard import Door, door, found_in, write
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.search.patterns import LONGEST, Pattern

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", "missing )"),
        (")", "unexpected )"),
        ("a)b", "unexpected )"),
        ("[a", "missing ]"),
        ("[z-a]", "invalid character class range: z-a"),
        ("[[:foo:]]", "[:foo:]"),
        ("a**", "bad repetition operator: **"),
        ("*a", "no argument for repetition operator: *"),
        ("a{1001}", "invalid repetition size: {1001}"),
        ("((a{0,100}){0,100}){0,100}", "invalid repetition size"),
        ("\\", "trailing \\"),
        ("\\k", "\\k"),
        ("\\pQ", "\\pQ"),
        ("\\p{Nothing}", "\\p{Nothing}"),
        ("\\x{110000}", "\\x{110000}"),
        ("(?=a)b", "(?=, a look-around, is not supported"),
        ("(?!a)b", "(?!, a look-around, is not supported"),
        ("(?<=a)b>", "(?<, a look-around, is not supported"),
        ("(?<!a)b>", "(?<, a look-around, is not supported"),
        ("(a)\\1", "\\1, a backreference, is not supported"),
        ("(?P=n)", "(?P begins no group"),
        ("(?>a)", "(?> begins no group"),
        ("(?x)a", "(?x begins no group"),
        ("(?#a)", "(?# begins no group"),
        ("\\C", "is not supported; use `.`"),
        ("a\nb", "this one has a newline"),
        ("a\\nb", "this one has a newline"),
        ("a\\x0ab", "this one has a newline"),
        ("\\Qa\nb\\E", "this one has a newline"),
        ("\ud800", "half a character"),
        ("(?i:\ud800)", "half a character"),
        ("a" * (LONGEST + 1), f"{LONGEST + 1} characters, expected at most {LONGEST}"),
        ("\\PL{200}\\PL{200}", "too large"),
        ("(?:a.{100}){9}b", "too large"),
    ],
    ids=lambda text: ascii(text)[:30],
)
async def test_what_is_no_pattern_is_refused_by_name_with_the_reason(root: Path, pattern: str, said: str) -> None:
    outcome = await door(root).grep(pattern)
    assert outcome.status == "tool_error"
    assert outcome.text.startswith("pattern `")
    assert said in outcome.text
    assert "Traceback" not in outcome.text


@pytest.mark.parametrize(
    "pattern",
    [
        "-e",
        "--pre=touch made",
        "-f/etc/passwd",
        "--files",
        "--",
        "-",
        "--pre",
        "-r$0",
        "--ignore-file=/etc/passwd",
        "--search-zip",
        "-z",
        "--hostname-bin=touch",
        "-uuu",
        "--follow",
        "$(touch made)",
        "`touch made`",
        "; touch made",
    ],
)
async def test_what_looks_like_an_option_is_a_pattern(search: Door, root: Path, pattern: str) -> None:
    literal = pattern.replace("$", "\\$").replace("(", "\\(").replace(")", "\\)")
    write(root, {"0": "", "a": f"{pattern}\n", "b": "x\n"})
    assert found_in(await search.grep(literal)) == ["a", f"1:{pattern}"]
    assert sorted(path.name for path in root.iterdir()) == ["0", "a", "b"]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(.*)*x",
        "(a|a)*b",
        "(a|aa)+$",
        "(a*)*b",
        "([a-zA-Z]+)*b",
        "(.*a){20}b",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(x+x+)+y",
        "(a?){500}a{500}b",
        ".*.*.*.*.*.*.*.*=",
        "(?:a?){0,1000}b",
        "(?:(?:(?:a{1,9}){1,9}){1,9})b",
    ],
)
async def test_a_pattern_that_holds_other_engines_for_years_ends_soon(root: Path, pattern: str) -> None:
    write(root, {"a": "a" * 300_000 + "!\n" + ("a" * 60 + "!\n") * 5000})
    outcome = await door(root, timeout=20).grep(pattern, max_matches=1)
    assert outcome.ok, outcome.text


@given(
    pattern=st.text(st.sampled_from([*"ab01(){}[]|*+?^$.\\-,:<>PQEAzZxpdwsbBCiUmn!=&~#\n\0é", "\ud800"]), max_size=12)
)
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_pattern_or_is_refused(pattern: str) -> None:
    with suppress(ToolError):
        compiled = Pattern.of(pattern)
        assert compiled.regexp.search(b"ab") is None or compiled.loose


@given(text=st.text(max_size=20).filter(lambda text: "\n" not in text))
@settings(max_examples=200, deadline=None)
def test_a_quoted_text_matches_itself(text: str) -> None:
    quoted = "\\Q" + text.replace("\\E", "\\E\\\\E\\Q") + "\\E"
    if "\\E" in text or text.endswith("\\"):
        return
    assert Pattern.of(quoted).regexp.search(f"a{text}b".encode())


async def test_the_worst_pattern_for_the_longest_line_ends_soon(root: Path) -> None:
    write(root, {"a": b"a" * 3_000_000})
    outcome = await door(root, timeout=20).grep("(?:a.{50}){9}b")
    assert "no line matches" in outcome.text
