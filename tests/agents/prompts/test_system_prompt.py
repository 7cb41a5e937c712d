"""From what a config says to the text of a system prompt."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.errors import PromptError
from toolyard_agents.prompts.source import prompt_path
from toolyard_agents.prompts.system_prompt import DEFAULT

FRONT = """---
description: Debugs a service.
variables:
  log_path: {required: true, description: where the logs are}
  tone: {default: calm}
  lines: {default: 3}
  hint: {required: false}
---
Read {{ log_path }}, be {{ tone }}{% if hint is defined %} ({{ hint }}){% endif %}; {{ lines * 2 }} lines.
"""


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    """A prompt file with one variable of each kind."""
    path = tmp_path / "debug.md"
    path.write_text(FRONT)
    return path


def resolved(prompt: Path | str | None, **given: str) -> str:
    return AgentConfig(system_prompt=None if prompt is None else str(prompt), vars=given).resolve_system_prompt()


def test_the_variables_of_a_prompt_file_are_filled_in(prompt: Path) -> None:
    assert resolved(prompt, log_path="/mnt/1") == "Read /mnt/1, be calm; 6 lines.\n"
    assert resolved(prompt, log_path="/x", tone="brisk", hint="a") == "Read /x, be brisk (a); 6 lines.\n"


def test_a_variable_that_is_missing_is_named_with_its_file(prompt: Path) -> None:
    with pytest.raises(
        ValueError, match=r"debug\.md: missing log_path \(where the logs are\); give it a value in vars"
    ):
        resolved(prompt)


def test_a_variable_that_nobody_knows_is_named_with_those_that_are(prompt: Path) -> None:
    with pytest.raises(PromptError, match=r"debug\.md: unknown variable tome; its variables: hint, .*, tone"):
        resolved(prompt, log_path="/x", tome="brisk")
    with pytest.raises(PromptError, match="system_prompt: unknown variable b; its variables: a"):
        resolved("Hi {{ a }}.", a="x", b="y")
    with pytest.raises(PromptError, match="unknown variable a; its variables: none"):
        resolved("Hi.", a="x")
    with pytest.raises(PromptError, match="default system prompt: unknown variable a"):
        resolved(None, a="x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\nvariables: {a: {default: x}}\n---\n{{ a }} {{ b }}", r"the text has b; variables: a"),
        ("---\nvariabels: {}\n---\nhi", r"variabels: unknown key; did you mean 'variables'\?"),
        ("---\nvariables: {a: {requird: true}}\n---\n{{ a }}", r"variables\.a\.requird: unknown key"),
        ("---\nvariables: {a: {required: true, default: x}}\n---\n{{ a }}", r"variables\.a: .*one or the other"),
        ("---\nvariables: {a-b: {}}\n---\nhi", r"variables\.a-b.*letters, digits and _"),
        ("---\ndescription: [\n---\nhi", r"not valid YAML: line 3"),
        ("---\ndescription: x\nhi", r"line 1: --- begins front matter that no other line --- ends"),
        ("---\ndescription: x\n---\na\n{{ b", r"line 5: "),
        ("a\n{{ b }}", r"line 2: 'b' is undefined"),
        (b"\xff\xfe", r"no text in UTF-8"),
    ],
)
def test_a_prompt_file_that_is_broken_is_named_with_the_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = tmp_path / "odd.md"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PromptError, match=rf"^{re.escape(str(path))}: {message}"):
        resolved(path)


@pytest.mark.parametrize("front", ["", "---\ndescription: x\n---\n", "---\r\ndescription: x\r\n---\r\n"])
@pytest.mark.parametrize("text", ["", "Hi.", "Hi.\n\n", "\r\n Hi.\r\n", "{ a } % }} %} #}", "\u2028é\x00"])
def test_a_prompt_file_without_variables_is_its_text_byte_for_byte(tmp_path: Path, front: str, text: str) -> None:
    path = tmp_path / "plain.md"
    path.write_bytes((front + text).encode())
    assert resolved(path) == text


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_without_variables_given_stays_as_it_is(text: str) -> None:
    if prompt_path(text, Path.cwd()) is None:
        assert resolved(text) == text


def test_braces_are_variables_only_when_some_are_given() -> None:
    assert resolved('Answer {{"a": 1}} {% x') == 'Answer {{"a": 1}} {% x'
    assert resolved("Be {{ tone }}.\n", tone="calm") == "Be calm.\n"
    with pytest.raises(PromptError, match="system_prompt: line 1: 'b' is undefined"):
        resolved("{{ a }} {{ b }}", a="x")


def test_without_a_prompt_there_is_a_short_one() -> None:
    assert resolved(None) == DEFAULT
    assert len(DEFAULT) < 600


PATHS = ["debug.md", "a/b.txt", "./x", "../x/y", "~/prompt", "/a/b", "/a b/c.md", "./a b.jinja", "$HOME/x.md"]
TEXTS = [
    "", " ", "Greet.", "x", "notes", "You are an analyst.", "Summarise README.md", "yes/no", "/help", "/help me out",
    "Be {{ tone }}.md", "Read a.md\nand b.md", "3.5/5", "x" * 5000 + ".md", "a\tb.md",
]  # fmt: skip


def test_what_looks_like_a_path_is_one_and_a_missing_file_is_named(tmp_path: Path) -> None:
    for text in PATHS:
        assert prompt_path(text, tmp_path) is not None, text
    with pytest.raises(PromptError, match=r"missing\.md: no such file"):
        resolved("prompts/missing.md")
    with pytest.raises(PromptError, match=r"no such file"):
        resolved(tmp_path)


@pytest.mark.parametrize("text", TEXTS)
def test_what_reads_like_a_text_is_one(tmp_path: Path, text: str) -> None:
    assert prompt_path(text, tmp_path) is None


def test_a_path_without_an_ending_is_one_when_the_file_is_there(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/debug").write_text("x")
    assert prompt_path("prompts/debug", tmp_path) == tmp_path / "prompts/debug"
    assert prompt_path("prompts/other", tmp_path) is None


def test_an_agent_that_writes_a_file_does_not_become_its_own_author(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("Greet.", "Summarise README.md", "You are kind"):
        (tmp_path / text).write_text("Obey the file.")
        assert resolved(text) == text


def test_what_is_no_plain_small_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    with (tmp_path / "huge.md").open("wb") as huge:
        huge.truncate(4 * 1024 * 1024 + 1)
    for name in ("pipe.md", "folder.md", "huge.md"):
        with pytest.raises(PromptError, match=name):
            resolved(tmp_path / name)


def test_a_prompt_without_variables_loads_no_template_engine() -> None:
    code = (
        "import sys\nfrom toolyard_agents.config.agent_config import AgentConfig\n"
        "AgentConfig('Hi.').resolve_system_prompt()\nassert 'jinja2' not in sys.modules"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
