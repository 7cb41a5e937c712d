"""Every error of agents, below the kernel's.

ToolyardError
├── ModelError              a model could not be asked, or its answer broke off
│   ├── ModelRefused        the request itself is at fault: asking again gives the same
│   │   ├── ContextTooLong  the conversation does not fit the model
│   │   └── Unauthorized    the key is missing or wrong
│   └── ModelUnavailable    asking again may help: overload, a lost connection, a fault of the provider
│       └── RateLimited     too many requests
├── PromptError (ValueError)  a prompt file or its variables cannot be used
├── StateError (ValueError)   a change does not fit the conversation it is for
├── TraceError (ValueError)   the trace of a conversation cannot be read, or cannot be gone on with
├── Unrecorded (OSError)      a change could not be written, so it was not made
├── AgentError (ValueError)   an agent cannot be made, or an option of it cannot be used
│   └── GraphError            a graph cannot be run as it is
├── SpecError (ValueError)    a spec of a runtime, or a part of it, cannot be used
├── SessionBusy             a session runs one prompt at a time
├── ControlError            a run cannot be told from outside what to do: it has ended, or does not answer
├── StorageError (OSError)   the storage of a runtime cannot be used
│   └── StorageConflict     somebody else changed a record or a stream first
└── ApprovalInterrupt       raised by an approval callback: the run stops until it is resumed with the answer
"""

from __future__ import annotations

from toolyard_kernel.errors import ToolyardError


class ModelError(ToolyardError):
    """A model could not be asked, or its answer broke off."""


class ModelRefused(ModelError):  # noqa: N818 - says what it is
    """The request itself is at fault: asking again gives the same answer."""


class ContextTooLong(ModelRefused):
    """The conversation does not fit the model's context."""


class Unauthorized(ModelRefused):
    """The provider's key is missing or wrong."""


class ModelUnavailable(ModelError):  # noqa: N818
    """Asking again may help. `retry_after` is how many seconds the provider wants to be left alone, if it said so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(ModelUnavailable):
    """Too many requests, or too many tokens, for now."""


class PromptError(ToolyardError, ValueError):
    """A prompt file, or the variables for it, cannot be used."""


class SessionBusy(ToolyardError):  # noqa: N818
    """A session runs one prompt at a time."""


class ControlError(ToolyardError):
    """A run cannot be told from outside what to do: it has ended, refuses, or does not answer."""


class ApprovalInterrupt(ToolyardError):  # noqa: N818
    """Raise it in an approval callback to stop the run; `session.resume` goes on with the answer."""


class AgentError(ToolyardError, ValueError):
    """An agent cannot be made as it is, or an option of it cannot be used."""


class GraphError(AgentError):
    """A graph cannot be run as it is; the text names the node."""


class SpecError(ToolyardError, ValueError):
    """A spec of a runtime, or a part of one, cannot be used; the text names the part."""


class StateError(ToolyardError, ValueError):
    """A change does not fit the conversation it is for; nothing was changed."""


class TraceError(ToolyardError, ValueError):
    """The trace of a conversation cannot be read, or cannot be gone on with."""


class Unrecorded(ToolyardError, OSError):  # noqa: N818
    """A change of a conversation could not be written, so it was not made."""


class StorageError(ToolyardError, OSError):
    """The storage of a runtime cannot be used, or what it holds cannot be read."""


class StorageConflict(StorageError):  # noqa: N818
    """Somebody else changed a record or a stream first; nothing was written."""
