"""Prompt files: what they are and which variables they have, in YAML between two `---` lines, then a text in Jinja2."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from toolyard_agents.errors import PromptError
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.front_matter import read_fronted
from toolyard_kernel.yaml_files import validated

LARGEST_FILE = 4 * 1024 * 1024
"""Bytes."""
OPENED = re.compile(r"---[ \t]*\r?\n")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variable(_Part):
    """One variable of a prompt file."""

    required: bool | None = Field(
        default=None, description="Whether it must be given; by default, when there is no other value for it."
    )
    default: StrictStr | StrictBool | StrictInt | StrictFloat | None = Field(
        default=None, description="Its value when none is given."
    )
    description: str = Field(default="", description="What to fill in.")

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Variable:
        if self.required and self.default is not None:
            raise ValueError("it is required and has a default; expected one or the other")
        return self

    @property
    def must_be_given(self) -> bool:
        return self.default is None if self.required is None else self.required


def _variable_name(name: str) -> str:
    if not (name.isascii() and name.isidentifier()):
        raise ValueError("expected a name of letters, digits and _")
    return name


VariableName = Annotated[str, AfterValidator(_variable_name)]
# `tone:` with nothing after it
VariableFront = Annotated[Variable, BeforeValidator(lambda value: {} if value is None else value)]


class Front(_Part):
    """What stands before the text of a prompt file."""

    description: str = Field(default="", description="When to use the prompt.")
    variables: dict[VariableName, VariableFront] | None = Field(
        default=None, description="All that the text has; none may be used that is not here."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFile:
    """A prompt file that was read. `variables` of None leaves it to the text which there are."""

    path: Path
    description: str
    variables: dict[str, Variable] | None
    text: str
    line: int


def read_prompt_file(path: Path) -> PromptFile:
    """The prompt file at `path`; its text is not looked at yet.

    Raises:
        PromptError: it is no file, too large, or its front matter says what it may not; the text names file and key.
    """
    try:
        if not path.is_file():
            raise PromptError(f"{path}: no such file; system_prompt names it as a prompt file")
        if (size := path.stat().st_size) > LARGEST_FILE:
            raise PromptError(f"{path}: it has {size} bytes; expected a prompt of at most {LARGEST_FILE}")
        fronted = read_fronted(path)
        if fronted.front is None and OPENED.match(fronted.text):
            raise PromptError(f"{path}: line 1: --- begins front matter that no other line --- ends")
        front = validated(Front, fronted.front or {}, where=str(path), base=path.parent)
    except (ConfigError, OSError) as error:
        raise PromptError(str(error)) from error
    return PromptFile(
        path=path, description=front.description, variables=front.variables, text=fronted.text, line=fronted.line
    )
