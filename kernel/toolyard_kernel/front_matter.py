"""Front matter: YAML between two `---` lines at the top of a text file, then the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolyard_kernel.yaml_files import read_text, yaml_mapping

FENCE = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontedText:
    """A text file. `front` is None when it does not begin with a fence; `text` begins on line `line` of the file."""

    front: dict[str, Any] | None
    text: str
    line: int = 1


def read_fronted(path: Path) -> FrontedText:
    """The file at `path`, its front matter read as YAML and its text as it is.

    Raises:
        ConfigError: it cannot be read, or what stands between the fences is no YAML mapping.
    """
    whole = read_text(path)
    fenced = FENCE.match(whole)
    if fenced is None:
        return FrontedText(front=None, text=whole)
    # The empty line stands for the first fence, so that an error names the line of the file.
    front = yaml_mapping(f"\n{fenced[1]}", path)
    return FrontedText(front=front, text=whole[fenced.end() :], line=1 + whole.count("\n", 0, fenced.end()))
