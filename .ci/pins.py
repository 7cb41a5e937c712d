"""Write requirements.txt: what the core and the dev extra resolve to on each of the given Pythons.

Usage: pins.py PYTHON...
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Every distribution that the project and its checks need. Written by `make pins`: do not edit.\n"

Resolved = dict[str, str]  # distribution -> version


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def resolve(python: str, requirements: list[str]) -> tuple[str, Resolved]:
    """The minor version of `python` and what pip would install into an empty environment of it."""
    options = ["--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    command = [sys.executable, "-m", "pip", "--python", python, "install", *options, *requirements]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    found = [entry["metadata"] for entry in report["install"]]
    return report["environment"]["python_version"], {canonicalize_name(m["name"]): m["version"] for m in found}


def pins(name: str, resolved: dict[str, Resolved], marker: str) -> list[str]:
    """One line for `name`, or one for each Python where its version differs."""
    versions = {python: found.get(name) for python, found in resolved.items()}
    if len(set(versions.values())) == 1:
        return [f"{name}=={versions.popitem()[1]}{marker and f' ; {marker}'}"]
    both = f" and ({marker})" if marker else ""
    return [
        f"{name}=={version} ; python_version == '{python}'{both}" for python, version in versions.items() if version
    ]


def main(pythons: list[str]) -> None:
    table = project()
    requirements = [*table["dependencies"], *table["optional-dependencies"]["dev"]]
    resolved = dict(resolve(python, requirements) for python in pythons)
    supported = {c.rpartition(" ")[2] for c in table["classifiers"] if "Python :: 3." in c}
    if missing := supported - resolved.keys():
        sys.exit(f"pins need every supported Python; install {', '.join(sorted(missing))}, or name it on PATH")
    markers: dict[str, str] = {canonicalize_name(r.name): str(r.marker or "") for r in map(Requirement, requirements)}
    names = sorted(set().union(*resolved.values()))
    lines = [line for name in names for line in pins(name, resolved, markers.get(name, ""))]
    (ROOT / "requirements.txt").write_text(HEADER + "\n".join(lines) + "\n")
    print(f"requirements.txt: {len(lines)} pins for Python {', '.join(sorted(resolved))}")


if __name__ == "__main__":
    main(sys.argv[1:])
