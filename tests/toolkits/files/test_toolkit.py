"""The toolkit `files` is a toolkit like any other, and reads only."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.toolkits.files.yard import CANARY, Door, door
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.profiles.builtin import BUILTIN
from toolyard_kernel.toolkits import Toolkit, ToolkitFactory
from toolyard_toolkits.files import FilesToolkit

pytestmark = pytest.mark.anyio


def test_the_class_is_a_factory_and_what_it_makes_is_a_toolkit(root: Path) -> None:
    factory: ToolkitFactory = FilesToolkit
    toolkit: Toolkit = factory(factory.Settings(root=root))
    assert isinstance(toolkit, Toolkit)
    assert toolkit.name == "files"


async def test_its_lifespan_needs_nothing(root: Path) -> None:
    async with FilesToolkit(FilesToolkit.Settings(root=root)).lifespan():
        pass
