"""Every error Toolyard raises on purpose.

ToolyardError
├── ConfigError          (ValueError)   what an operator wrote cannot be used: config, profile, settings
├── DefinitionError      (ValueError)   a tool, toolkit or service cannot be registered as it is
├── InvalidArguments     (ValueError)   the arguments of one call do not fit the tool's input schema
├── UnknownName          (LookupError)  no tool, agent or profile of that name
├── ToolError                           raised by a handler: its message is the answer of the call
│   └── NothingThere (LookupError)      no file or folder is at a path
├── DeadlineExceeded     (TimeoutError) a handler did not end in time
└── LedgerError          (OSError)      a record could not be written
"""

from __future__ import annotations


class ToolyardError(Exception):
    """Base of all errors below; its text names the value, what was expected and what to do."""


class ConfigError(ToolyardError, ValueError):
    """A config file, profile or setting cannot be used."""


class DefinitionError(ToolyardError, ValueError):
    """A tool, toolkit or service cannot be registered as it is."""


class InvalidArguments(ToolyardError, ValueError):  # noqa: N818 - says what it is
    """Arguments that do not fit a tool's input schema; the text names each field."""


class UnknownName(ToolyardError, LookupError):  # noqa: N818
    """No tool, agent or profile has this name."""


class ToolError(ToolyardError):
    """Raise it in a handler to answer the call with an error and this message.

    `retryable` says that the same call may well succeed if it is made again; a tool that declares `retries` then makes
    it again, not before `retry_after` seconds.
    """

    def __init__(self, *said: object, retryable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(*said)
        self.retryable = retryable
        self.retry_after = retry_after


class NothingThere(ToolError, LookupError):  # noqa: N818
    """No file or folder is at this path."""


class DeadlineExceeded(ToolyardError, TimeoutError):  # noqa: N818
    """A handler was still running at its deadline."""


class LedgerError(ToolyardError, OSError):
    """A record could not be written, so the call it was for must not run."""
