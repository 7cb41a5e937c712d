"""Configs: what is wrong with one is said with file, key and what was expected; what is right is found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from toolyard import ToolyardError
from toolyard.config.runtime import load_config, runtime_of
from toolyard.mcp import ToolRuntime

GREET = '''
from toolyard import tool

@tool
def greet(name: str) -> str:
    """Greet."""
    return name
'''
NUMBERS = count()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for a config, which is not the working directory."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    here = tmp_path / "here"
    here.mkdir()
    yield here
    for name in [name for name in sys.modules if name.startswith("yard_tools_")]:
        del sys.modules[name]


def configured(folder: Path, config: str) -> ToolRuntime:
    (folder / "toolyard.yaml").write_text(config)
    return runtime_of(load_config(folder / "toolyard.yaml"))


def module_of(folder: Path, text: str) -> str:
    """A module of a name that no other test has imported."""
    name = f"yard_tools_{next(NUMBERS)}"
    (folder / f"{name}.py").write_text(text)
    return name


def names_in(runtime: ToolRuntime) -> list[str]:
    return [entry.tool.name for entry in runtime.gate("mcp").registry]


@pytest.mark.parametrize(
    ("config", "key", "said"),
    [
        ("proflie: readonly", "proflie", "unknown key; did you mean 'profile'?"),
        ("http: {prot: 80}", "http.prot", "unknown key; did you mean 'port'?"),
        ("auth: {tokens: [{id: a, evn: A}]}", "auth.tokens.0.evn", "unknown key; did you mean 'env'?"),
        ("auth: {tokens: [{id: a}]}", "auth.tokens.0.env", "Field required"),
        ("profile: {shel: off}", "profile.shel", "unknown key; did you mean 'shell'?"),
        ("profile: {limits: {timout: 1s}}", "profile.limits.timout", "unknown key; did you mean 'timeout'?"),
        (
            "zzz: 1",
            "zzz",
            "unknown key; expected agents, auth, extend, http, instructions, ledger, name, profile, prompts, python",
        ),
        ("toolkits: {files: {rot: .}}", "toolkits.files: rot", "unknown key; did you mean 'root'?"),
        ("1: 2", "1", "Keys should be strings"),
        ("python: my_tools", "python", "valid list (it is 'my_tools')"),
        ("python: [7]", "python.0", "valid string (it is 7)"),
        ("http: {port: many}", "http.port", "valid integer"),
        ("http: {port: 65536}", "http.port", "less than or equal to 65535 (it is 65536)"),
        ("http: {path: mcp}", "http.path", "should match pattern"),
        ("http: {path: '/{a}{a}'}", "http.path", "should match pattern"),
        ("http: {max_body_bytes: 0}", "http.max_body_bytes", "greater than 0"),
        ("name: ''", "name", "at least 1 character"),
        ("toolkits: [files]", "toolkits", "valid dictionary"),
        ("toolkits: {files: .}", "toolkits.files", "valid dictionary (it is '.')"),
        ("toolkits: {files: }", "toolkits.files: root", "Field required"),
        ("auth: {allowed_hosts: ['a.test:80']}", "auth.allowed_hosts.0", "(it is 'a.test:80')"),
        ("auth: {allowed_hosts: ['https://a.test']}", "auth.allowed_hosts.0", "(it is 'https://a.test')"),
        ("auth: {allowed_hosts: ['*.a.test']}", "auth.allowed_hosts.0", "without scheme, port or wildcard"),
        ("profile: {shell: maybe}", "profile.shell", "'off', 'restricted' or 'unrestricted' (it is 'maybe')"),
        ("profile: {limits: {timeout: soon}}", "profile.limits.timeout", "a length of time such as 300s"),
        ("profile: {tools: {allow: ['a*b']}}", "profile.tools.allow", "a list of names"),
        ("profile: no-such-profile", "profile", "no profile is named 'no-such-profile'; expected readonly, developer"),
        ("profile: ./mine.yaml", "here/mine.yaml", "cannot be read: No such file or directory"),
        ("profile: $NOWHERE/mine.yaml", "profile", "an environment variable in this path is not set"),
        ("profile: ~nobody-of-that-name/mine.yaml", "profile", "home directory"),
        ('profile: "a/\\0.yaml"', "a/", "null byte"),
        (f"profile: {'x' * 300}/{'x' * 300}", "xxx", "cannot be read: File name too long"),
        ("toolkits: {fils: {}}", "toolkits", "no toolkit is named 'fils'; installed: database, files, search, shell"),
        ("toolkits: {files: {root: no-such-folder}}", "toolkits.files", "here/no-such-folder"),
        ("toolkits: {files: {root: toolyard.yaml}}", "toolkits.files", "toolyard.yaml"),
        ("toolkits: {files: {root: $NOWHERE/x}}", "toolkits.files: root", "an environment variable in this path"),
        ('toolkits: {files: {root: "a\\0b"}}', "toolkits.files", "null byte"),
        ("python: [no_such_module]", "python", "no module is named 'no_such_module'; it is looked for in "),
        ("python: ['']", "python", "importing '' failed: ValueError: Empty module name"),
        ("python: [.relative]", "python", "importing '.relative' failed: TypeError"),
        ("python: [string]", "python", "module 'string' holds no tool; make one with @tool or define_tool"),
    ],
)
def test_a_config_that_is_wrong_names_file_key_and_what_was_expected(
    folder: Path, config: str, key: str, said: str
) -> None:
    with pytest.raises(ToolyardError) as refused:
        configured(folder, config)
    [line] = [line for line in str(refused.value).splitlines() if said in line]
    assert line.startswith(f"{folder}/")
    assert "toolyard.yaml: " in line
    assert f"{key}: " in line or key in line


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("toolkits: [\n", "line 2, column 1: "),
        ("name: a\n\tprofile: b\n", "line 2, column 1: "),
        ("profile: readonly\nname: a\nprofile: unrestricted\n", "the key 'profile' stands twice"),
        ("http: {port: 1,\n  port: 2}\n", "the key 'port' stands twice"),
        ("profile:\n  tools: {deny: [a], deny: []}\n", "line 2, column 10: the key 'deny' stands twice"),
        ("? [a]\n: b\n", "unhashable key"),
        ("name: a\n---\nname: b\n", "another document"),
        ("name: !!python/name:os.system\n", "could not determine a constructor"),
        ("name: 2026-13-45\n", "month must be in 1..12"),
        ("name: !!int many\n", "invalid literal"),
        ("name: !!timestamp soon\n", ""),
        ("name: !!bool maybe\n", "'maybe'"),
        ("http: {port: 0x_}\n", "invalid literal"),
        ("name: *nobody\n", "undefined alias"),
        ("[" * 1200, ""),
    ],
)
def test_a_file_that_is_no_yaml_is_named_with_the_place(folder: Path, config: str, said: str) -> None:
    with pytest.raises(ToolyardError) as refused:
        configured(folder, config)
    assert str(refused.value).startswith(f"{folder}/toolyard.yaml: not valid YAML: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("config", ["- a", "text", "7", "&a [*a]"])
def test_a_file_that_holds_no_mapping_says_what_it_holds(folder: Path, config: str) -> None:
    with pytest.raises(ToolyardError, match=r"toolyard\.yaml: expected keys and values, found a (list|str|int)"):
        configured(folder, config)


def test_a_file_that_cannot_be_read_says_why(folder: Path) -> None:
    for path, why in ((folder / "none.yaml", "No such file"), (folder, "Is a directory")):
        with pytest.raises(ToolyardError, match=f"{path}: cannot be read: {why}"):
            load_config(path)
    (folder / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(ToolyardError, match=r"latin\.yaml: no text in UTF-8: 'utf-8' codec"):
        load_config(folder / "latin.yaml")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("import no_such_dependency\n", r"ModuleNotFoundError: No module named 'no_such_dependency' \(.*\.py line 1\)"),
        ("\nraise RuntimeError('no wifi')\n", r"RuntimeError: no wifi \(.*\.py line 2\)"),
        ("import sys\nsys.exit('bye')\n", r"SystemExit: bye \(.*\.py line 2\)"),
        ("def broken(:\n", "SyntaxError"),
        ("\0", "null bytes"),
        (GREET.replace("name: str", "*name: str"), "DefinitionError: greet: parameter .*name.* cannot be a tool's"),
        (GREET.replace("name: str", "name: NoSuchType"), "NameError: name 'NoSuchType' is not defined"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_the_line(folder: Path, module: str, said: str) -> None:
    name = module_of(folder, module)
    with pytest.raises(ToolyardError, match=f"toolyard.yaml: python: importing '{name}' failed: .*{said}"):
        configured(folder, f"python: [{name}]")


TOOLKIT = """
from contextlib import nullcontext
class Kit:
    def __init__(self, name):
        self.name = name
    def tools(self):
        raise OSError("no licence")
    def lifespan(self):
        return nullcontext()
"""


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (GREET.replace("@tool", "@tool(name='two words')"), "tool name 'two words': expected 1 to 64 of"),
        (GREET.replace("@tool", "@tool(name='x' * 65)"), "tool name 'xxx"),
        (GREET.replace("@tool", "@tool(effects=['fly'])"), r"tool 'greet': unknown effects \['fly'\]; expected"),
        (GREET.replace("@tool", "@tool(timeout=0)"), "tool 'greet': timeout 0; expected seconds, more than 0"),
        (f"{GREET}\ndef other() -> str: ...\nagain = tool(name='greet')(other)", "two tools are named 'greet'"),
        (f"{GREET}\nimport dataclasses as d\ngreet = d.replace(greet, input_schema={{'type': 'list'}})", '"object"'),
        (f"{GREET}\nimport dataclasses as d\ngreet = d.replace(greet, description=None)", "expected a text"),
        (f"{GREET}\nfrom toolyard import ToolGroup\na, b = ToolGroup('x', []), ToolGroup('x', [])", "another toolkit"),
        (f"{GREET}\nfrom toolyard import ToolGroup\na = ToolGroup('python', [])", "toolkit 'python': the name stands"),
        (f"{TOOLKIT}\nkit = Kit('paid')", "toolkit 'paid' has no tools: OSError: no licence"),
    ],
)
def test_a_tool_that_cannot_be_registered_is_named_with_the_file(folder: Path, module: str, said: str) -> None:
    name = module_of(folder, module)
    with pytest.raises(ToolyardError, match=f"{folder}/toolyard.yaml: .*{said}"):
        configured(folder, f"python: [{name}]")


def test_tools_of_the_same_name_in_two_modules_are_refused(folder: Path) -> None:
    one, other = module_of(folder, GREET), module_of(folder, GREET)
    with pytest.raises(ToolyardError, match=r"toolyard\.yaml: two tools are named 'greet'"):
        configured(folder, f"python: [{one}, {other}]")


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("shel: off", "mine.yaml: shel: unknown key; did you mean 'shell'?"),
        ("shell: maybe", "mine.yaml: shell: Input should be 'off', 'restricted' or 'unrestricted' (it is 'maybe')"),
        ("approval: {mode: sometimes}", "mine.yaml: approval.mode: Input should be"),
        ("shell: off\nshell: off", "mine.yaml: not valid YAML: line 1, column 1: the key 'shell' stands twice"),
        ("- shell", "mine.yaml: expected keys and values, found a list"),
    ],
)
def test_a_profile_file_that_is_wrong_is_named_too(folder: Path, profile: str, said: str) -> None:
    (folder / "mine.yaml").write_text(profile)
    with pytest.raises(ToolyardError) as refused:
        configured(folder, "profile: mine.yaml")
    assert str(refused.value).startswith(f"{folder}/toolyard.yaml: {folder}/")
    assert said in str(refused.value)


def test_a_config_without_a_word_serves_nothing_under_readonly(folder: Path) -> None:
    runtime = configured(folder, "# nothing yet\n")
    assert (names_in(runtime), runtime.profile.profile) == ([], "readonly")


def test_a_module_is_looked_for_beside_the_config_and_its_other_values_are_left_alone(folder: Path) -> None:
    nosy = "\nclass Nosy:\n    def __getattr__(self, name):\n        raise RuntimeError('not now')\nnosy = Nosy()\n"
    assert names_in(configured(folder, f"python: [{module_of(folder, GREET + nosy)}]")) == ["greet"]


@pytest.mark.parametrize("root", ["data", "./data", "~/data", "$YARD_DATA", "${YARD_DATA}/../data", "../here/data"])
def test_a_path_is_below_the_config_s_folder_or_home_or_a_variable(
    folder: Path, monkeypatch: pytest.MonkeyPatch, root: str
) -> None:
    (folder / "data").mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("YARD_DATA", str(folder / "data"))
    assert names_in(configured(folder, f"toolkits: {{files: {{root: '{root}'}}}}")) == ["edit", "list", "read", "write"]


@pytest.mark.parametrize("path", ["mine.yaml", "./mine.yaml", "~/mine.yaml", "$YARD/mine.yaml", "../here/mine.yaml"])
def test_a_profile_is_found_by_its_path_and_named_after_its_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("YARD", str(folder))
    (folder / "mine.yaml").write_text("shell: restricted\nfile_write: off\n")
    profile = configured(folder, f"profile: {path}").profile
    assert (profile.profile, profile.shell, profile.file_write) == ("mine", "restricted", "off")


def test_a_profile_can_stand_in_the_config(folder: Path) -> None:
    profile = configured(folder, "profile: {file_write: create-only, network: [a.test]}").profile
    assert (profile.profile, profile.file_write, profile.network.to_yaml()) == ("custom", "create-only", ["a.test"])


def test_a_profile_of_the_user_is_found_by_name_and_replaces_no_built_in(folder: Path) -> None:
    own = Path.home() / ".config/toolyard/profiles"
    own.mkdir(parents=True)
    for name in ("careful", "readonly"):
        (own / f"{name}.yaml").write_text("file_write: full\n")
    assert configured(folder, "profile: careful").profile.file_write == "full"
    assert configured(folder, "profile: readonly").profile.file_write == "off"


TEXTS = st.text(max_size=12) | st.sampled_from(["", "~", "~x/y", "$X", "readonly", "a/b.yaml", "..", "x" * 300])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.dates() | st.binary(max_size=4)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
PROFILES = VALUES | st.dictionaries(
    st.sampled_from(["profile", "shell", "network", "tools", "approval", "limits", "agents"]), VALUES, max_size=3
)
TOKEN = st.dictionaries(st.sampled_from(["id", "env", "profile", "x"]), VALUES | PROFILES, max_size=3)
ROOTS = st.dictionaries(st.just("root"), VALUES)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "name": VALUES,
        "profile": PROFILES,
        "toolkits": VALUES
        | st.dictionaries(st.just("files") | TEXTS, VALUES | st.dictionaries(st.just("root"), VALUES)),
        "python": VALUES | st.lists(st.sampled_from(["", ".", ".x", "no.such.module", "a b", "string", "\0", "a/b"])),
        "http": VALUES | st.dictionaries(st.sampled_from(["host", "port", "path", "max_body_bytes"]), VALUES),
        "auth": VALUES | st.fixed_dictionaries({}, optional={"tokens": st.lists(TOKEN), "allowed_hosts": VALUES}),
        "x": VALUES,
    },
)
FRAGMENTS = st.sampled_from(
    [
        *(
            "!",
            "!!int ",
            "!!timestamp ",
            "!!bool ",
            "!!float ",
            "!!binary ",
            "!!set ",
            "!!omap ",
            "!!pairs ",
            "!!null ",
        ),
        *("0x_", "0b", "1:2", "2026-13-01", "2026-01-01T25:00:00", "off", "<<", "&a ", "*a", "---\n", "..."),
        *(
            ": ",
            "- ",
            "{",
            "}",
            "[",
            "]",
            ",",
            "'",
            '"',
            "|",
            ">",
            "#",
            "? ",
            "%",
            "@",
            "`",
            "~",
            "\\",
            "\n",
            "\t",
            "  ",
        ),
        *("\x00", "\ufeff", "é", "name", "profile", "http", "port"),
    ]
)


def only_our_errors(folder: Path, read: Callable[[Path], Any], text: str) -> None:
    path = folder / "toolyard.yaml"
    path.write_text(text, encoding="utf-8")
    with suppress(ToolyardError):
        read(path)


@settings(max_examples=150, deadline=None)
@given(document=DOCUMENTS)
def test_no_document_ends_in_a_traceback(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> None:
    text = yaml.safe_dump(document)
    only_our_errors(tmp_path_factory.getbasetemp(), lambda path: runtime_of(load_config(path)), text)


@settings(max_examples=300, deadline=None)
@given(text=st.lists(FRAGMENTS, max_size=12).map("".join) | st.text())
def test_no_text_ends_in_a_traceback(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    only_our_errors(tmp_path_factory.getbasetemp(), load_config, text)
