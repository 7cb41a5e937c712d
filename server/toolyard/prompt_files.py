"""Prompts in a folder of Markdown files: what they are in YAML between two `---` lines, then their text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import ConfigError, InvalidArguments
from toolyard_kernel.front_matter import read_fronted
from toolyard_kernel.offers.prompts import Prompt, PromptArgument
from toolyard_kernel.yaml_files import validated

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ArgumentFront(_Part):
    """One argument of a prompt file."""

    name: str = Field(min_length=1, description="The name that {{name}} in the text stands for.")
    description: str = Field(default="", description="What to fill in.")
    required: bool = Field(default=False, description="Whether the prompt makes no sense without it.")


class PromptFront(_Part):
    """What stands before the text of a prompt file."""

    name: str | None = Field(default=None, min_length=1, description="The prompt's name; the file's if absent.")
    description: str = Field(default="", description="When to use the prompt.")
    arguments: list[ArgumentFront] = Field(default=[], description="What the user fills in.")


def load_prompts(folder: Path, *, where: str) -> tuple[Prompt, ...]:
    """The prompts in the `*.md` files of `folder`.

    Raises:
        ConfigError: there is no such folder, or a file in it is no prompt; the text names the file and the key.
    """
    if not folder.is_dir():
        raise ConfigError(f"{where}: {folder} is no folder; expected one of Markdown files")
    return tuple(_prompt(path) for path in sorted(folder.glob("*.md")))


def _prompt(path: Path) -> Prompt:
    fronted = read_fronted(path)
    if fronted.front is None:
        raise ConfigError(f"{path}: expected a line ---, keys such as description:, and another line --- at the top")
    front = validated(PromptFront, fronted.front, where=str(path), base=path.parent)
    arguments = tuple(
        PromptArgument(name=one.name, description=one.description, required=one.required) for one in front.arguments
    )
    template = _Template(path, fronted.text.strip(), arguments)
    return Prompt(
        name=front.name or path.stem,
        description=front.description,
        arguments=arguments,
        parse=template.parse,
        handler=template.render,
    )


class _Template:
    """A text with placeholders. Values are put in as they are: none is looked at for placeholders of its own."""

    def __init__(self, path: Path, text: str, arguments: tuple[PromptArgument, ...]) -> None:
        self._text = text
        self._known = [argument.name for argument in arguments]
        known = ", ".join(self._known) or "none"
        for name in self._known:
            if self._known.count(name) > 1:
                raise ConfigError(f"{path}: arguments: {name!r} stands twice")
        for name in PLACEHOLDER.findall(text):
            if name not in self._known:
                raise ConfigError(f"{path}: the text has {{{{{name}}}}}, which is no argument; arguments: {known}")

    def parse(self, arguments: JsonObject) -> JsonObject:
        if unknown := [name for name in arguments if name not in self._known]:
            raise InvalidArguments(
                f"{', '.join(unknown)}: unknown argument; expected {', '.join(self._known) or 'none'}"
            )
        return arguments

    async def render(self, arguments: Mapping[str, str], ctx: ToolContext) -> str:
        return PLACEHOLDER.sub(lambda found: arguments.get(found[1], ""), self._text)
