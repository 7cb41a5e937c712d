"""What a tool may do to the world."""

from __future__ import annotations

from typing import Literal, get_args

Effect = Literal[
    "files.read",
    "files.write",
    "shell",
    "database.read",
    "database.write",
    "network",
    "agents",
    "custom",
    "upstream",
]

EFFECTS: frozenset[Effect] = frozenset(get_args(Effect))

READING: frozenset[Effect] = frozenset({"files.read", "database.read"})
"""Effects that change nothing and reach nobody."""

WRITING: frozenset[Effect] = frozenset({"files.write", "shell", "database.write"})
"""Effects that may destroy something."""

OUTSIDE: frozenset[Effect] = frozenset({"network", "upstream", "shell"})
"""Effects that may reach systems this process does not control."""

DANGEROUS: frozenset[Effect] = WRITING | OUTSIDE
"""What `approval: dangerous` asks for: everything that can write, execute or reach out."""
