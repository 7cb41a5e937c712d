"""The prompts of one runtime, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.results import MEDIA_BYTES
from toolyard_kernel.calls.workers import Workers
from toolyard_kernel.changes import Changes, ListChanged
from toolyard_kernel.content import Audio, Content, EmbeddedResource, Image, InputRequired, ResourceLink, Text
from toolyard_kernel.errors import DefinitionError, InvalidArguments, ToolError, UnknownName
from toolyard_kernel.offers.completers import Offer
from toolyard_kernel.offers.prompts import Message, Prompt

BLOCKS = get_args(Content)


class Prompts:
    """Prompts, in the order of their names."""

    def __init__(self, changes: Changes | None = None) -> None:
        self.workers = Workers()
        self._changes = changes or Changes()
        self._known: dict[str, tuple[Prompt, Offer]] = {}

    def register(self, prompt: Prompt) -> None:
        """Add a prompt.

        Raises:
            DefinitionError: its name is taken, or empty.
        """
        if not prompt.name.strip():
            raise DefinitionError(f"prompt {prompt.name!r} needs a name")
        if prompt.name in self._known:
            raise DefinitionError(f"two prompts are named {prompt.name!r}; rename one")
        self._known[prompt.name] = prompt, Offer.of(f"the prompt {prompt.name!r}", prompt.handler, self.workers)
        self._changes.tell(ListChanged("prompts"))

    def remove(self, name: str) -> None:
        """Take a prompt out; nothing happens when there is none of that name."""
        if self._known.pop(name, None):
            self._changes.tell(ListChanged("prompts"))

    def adopt(self, other: Prompts) -> None:
        """Hold exactly what `other` holds, in one step."""
        self._known, self.workers = dict(other._known), other.workers
        self._changes.tell(ListChanged("prompts"))

    def listed(self) -> list[Prompt]:
        return [self._known[name][0] for name in sorted(self._known)]

    def find(self, name: str) -> Prompt | None:
        known = self._known.get(name)
        return known[0] if known else None

    async def render(
        self, name: str, arguments: Mapping[str, str], ctx: ToolContext
    ) -> tuple[Message, ...] | InputRequired:
        """The prompt's messages, or what its handler needs from the client first, within the caller's limits.

        Raises:
            UnknownName: there is no such prompt.
            InvalidArguments: a required argument is missing, or one is unknown or of the wrong type.
            DeadlineExceeded, ToolError: the handler did not end in time, or returned what are no messages.
            Exception: what the handler raised.
        """
        known = self._known.get(name)
        if known is None:
            raise UnknownName(f"no prompt is named {name!r}")
        prompt, offer = known
        if missing := [one.name for one in prompt.arguments if one.required and one.name not in arguments]:
            raise InvalidArguments(f"prompt {name!r}: {', '.join(missing)}: required, but missing")
        value = await offer.run(prompt.parse(dict(arguments)), ctx)
        if isinstance(value, InputRequired):
            return value
        return _within(_messages(value, name), name, ctx.caller.profile.limits.output_bytes)


def _messages(value: Any, name: str) -> tuple[Message, ...]:
    items = cast("Sequence[object]", value if isinstance(value, list | tuple) else [value])
    return tuple(_message(item, name) for item in items)


def _message(item: object, name: str) -> Message:
    if isinstance(item, Message):
        return item
    if isinstance(item, str):
        return Message("user", item)
    if isinstance(item, BLOCKS):
        return Message("user", cast("Content", item))
    raise ToolError(f"the prompt {name!r} returned a {type(item).__name__}; expected text, or a list of Message")


def _within(messages: tuple[Message, ...], name: str, limit: int) -> tuple[Message, ...]:
    """The messages, unless they are too much: a prompt that was cut would say something else."""
    sizes = [_size(message.content) for message in messages]
    text = sum(size for size, of_text in sizes if of_text)
    if text > limit:
        raise ToolError(f"the prompt {name!r} has {text} bytes of text and the limit is {limit} (output_bytes)")
    if any(size > MEDIA_BYTES for size, _ in sizes):
        raise ToolError(f"the prompt {name!r} has content of more than {MEDIA_BYTES} bytes, which is the limit")
    return messages


def _size(content: str | Content) -> tuple[int, bool]:
    """How large it is in bytes, and whether it is text."""
    match content:
        case str():
            return len(content.encode(errors="replace")), True
        case Text(text=text):
            return len(text.encode(errors="replace")), True
        case EmbeddedResource(content=str(text)):
            return len(text.encode(errors="replace")), True
        case EmbeddedResource(content=data):
            return len(data), False
        case Image(data=data) | Audio(data=data):
            return len(data), False
        case ResourceLink():
            return 0, True
