"""The schema that editors complete a config with, and `toolyard config check`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

ROOT = Path(__file__).parents[2]


def toolyard(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toolyard", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = toolyard("config", "schema", cwd=tmp_path_factory.mktemp("anywhere"))
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "path", [*ROOT.glob("configs/*.yaml"), ROOT / "examples/demo.yaml"], ids=lambda path: path.name
)
def test_every_ready_made_config_fits_the_schema(schema: dict[str, Any], path: Path) -> None:
    jsonschema_rs.validate(schema, yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"proflie": "readonly"},
        {"toolkits": {"fils": {}}},
        {"toolkits": {"files": {"rot": "."}}},
        {"http": {"port": "high"}},
        {"auth": {"tokens": [{"id": "x"}]}},
    ],
)
def test_what_the_server_refuses_does_not_fit_the_schema(schema: dict[str, Any], wrong: dict[str, Any]) -> None:
    assert not jsonschema_rs.is_valid(schema, wrong)


def test_every_key_of_the_schema_is_described(schema: dict[str, Any]) -> None:
    bare = [name for name, field in schema["properties"].items() if not field.get("description")]
    assert set(bare) <= {"http", "auth", "ledger"}
    for part in ("Http", "Auth", "Token", "ApprovalRules", "Limits"):
        assert all(field.get("description") for field in schema["$defs"][part]["properties"].values())


def test_a_config_is_checked_without_being_served(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from toolyard import tool\n@tool\ndef a() -> str: 'A.'\n@tool(effects=['network'])\ndef b() -> str: 'B.'\n"
    )
    (tmp_path / "toolyard.yaml").write_text("python: [mine]\n")
    done = toolyard("config", "check", "toolyard.yaml", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "config": "toolyard.yaml",
        "profile": "readonly",
        "tools": ["a"],
        "hidden": ["b"],
    }


def test_a_config_that_cannot_be_served_does_not_pass_the_check(tmp_path: Path) -> None:
    (tmp_path / "toolyard.yaml").write_text("toolkits: {files: {root: nowhere}}\n")
    done = toolyard("config", "check", "toolyard.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
