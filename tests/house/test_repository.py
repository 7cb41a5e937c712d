"""A clone works anywhere: no file names a machine, and the project stays small enough to install."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.sources import ROOT, repository_files, shown

MOST_DISTRIBUTIONS = 45
ELSEWHERE = {
    "a registry's host": re.compile(r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|deb[.]debian"),
    "an option that names a registry": re.compile(r"index[-_]url|find[-_]links|trusted[-_]host"),
    "a path of one machine": re.compile(r"(?<![\w.)}-])/(work|root|home/\w+)/", re.ASCII),
}


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return table


def text_of(path: Path) -> str:
    """The text of a file, or nothing for a binary one."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode()


def pins() -> dict[str, list[Requirement]]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    found: dict[str, list[Requirement]] = {}
    for pin in (Requirement(line) for line in lines if not line.startswith("#")):
        found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def installed_with(name: str) -> set[str]:
    """The distributions that installing `name` without extras brings to this Python, `name` among them."""
    found: set[str] = set()
    waiting = [Requirement(name)]
    while waiting:
        wanted = waiting.pop()
        found.add(canonicalize_name(wanted.name))
        for needed in map(Requirement, importlib.metadata.requires(wanted.name) or []):
            extras = ["", *wanted.extras]
            applies = needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras)
            if applies and (needed.extras or canonicalize_name(needed.name) not in found):
                waiting.append(needed)
    return found


@pytest.mark.parametrize("what", ELSEWHERE)
def test_no_file_names_a_place_that_only_one_machine_has(what: str) -> None:
    texts = ((path, text_of(path)) for path in repository_files())
    assert not {shown(path): found[0] for path, text in texts if (found := ELSEWHERE[what].search(text))}


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a registry's host", "https://pypi" + ".org/simple"),
        ("an option that names a registry", "--index" + "-url x"),
        ("a path of one machine", "see /wo" + "rk/main"),
    ],
)
def test_such_a_place_is_recognised(what: str, text: str) -> None:
    assert ELSEWHERE[what].search(text)


def test_requirements_are_exact_pins_and_nothing_else() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pin = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [^#@]+)?")
    assert not [line for line in lines if not line.startswith("#") and not pin.fullmatch(line)]


def test_every_dependency_has_a_pin_that_satisfies_it() -> None:
    table = project()["project"]
    pinned = pins()
    for wanted in map(Requirement, [*table["dependencies"], *table["optional-dependencies"]["dev"]]):
        versions = [next(iter(pin.specifier)).version for pin in pinned.get(canonicalize_name(wanted.name), [])]
        assert versions, wanted
        assert all(map(wanted.specifier.contains, versions)), wanted


def test_a_dependency_of_the_core_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text.partition("\ndependencies = [\n")[2].partition("\n]")[0]
    assert block
    assert not [line for line in block.splitlines() if "#" not in line]


def test_the_core_is_at_most_45_distributions() -> None:
    assert len(installed_with("toolyard")) <= MOST_DISTRIBUTIONS


def test_the_types_are_checked_strictly_and_warnings_are_errors() -> None:
    tools = project()["tool"]
    assert tools["mypy"]["strict"] is True
    assert tools["pyright"]["typeCheckingMode"] == "strict"
    assert tools["pytest"]["ini_options"]["filterwarnings"] == ["error"]


def test_every_package_says_that_it_is_typed() -> None:
    packages = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert not [package for package in packages if not (ROOT / package / "py.typed").is_file()]
