"""The end of a process whose tools refuse to end."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass


@dataclass(slots=True)
class LeftBehind:
    """Whether tasks go on after they were cancelled: what ends an interpreter would wait for them."""

    tasks: bool = False

    def leave(self, ending: SystemExit) -> None:
        """End the process at once, with the exit code it was about to have; nothing happens when no task is left."""
        if not self.tasks:
            return
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ending.code if isinstance(ending.code, int) else int(ending.code is not None))
