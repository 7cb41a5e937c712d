"""Paths as the settings of a toolkit write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from toolyard_kernel.tools.settings import SettingsPath


class Settings(BaseModel):
    root: SettingsPath


def root(text: str, base: Path | None = None) -> Path:
    return Settings.model_validate({"root": text}, context={"base": base} if base else None).root


def test_a_path_is_below_the_folder_of_its_config(tmp_path: Path) -> None:
    assert root("data/x", tmp_path) == tmp_path / "data/x"
    assert root("/data", tmp_path) == Path("/data")
    assert root("data") == Path.cwd() / "data"


def test_home_and_the_environment_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATA", "there")
    assert root("~/x", tmp_path) == tmp_path / "home/x"
    assert root("$DATA/${DATA}", tmp_path) == tmp_path / "there/there"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$MISSING_NAME/x", "MISSING_NAME/x: an environment variable in this path is not set"),
        ("~nobody-has-this-name/x", "~nobody-has-this-name/x: Could not determine home directory"),
    ],
)
def test_a_path_that_cannot_be_filled_in_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        root(text)
