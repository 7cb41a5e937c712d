"""How many tokens a text is, without a tokenizer: cheap, and rather too many than too few."""

from __future__ import annotations

from toolyard_agents.messages import Message, ToolRequest

ASCII_PER_TOKEN = 3.5
"""English prose has about four characters in a token; code and JSON have fewer."""

BYTES_PER_TOKEN = 2
"""UTF-8 bytes of everything else. A Chinese character counts 1.5 tokens so, a Greek or Cyrillic one 1, an emoji 2."""

MESSAGE = 4
CALL = 8
"""What the form of a message and of a tool call costs beside their text."""


def text_tokens(text: str) -> int:
    """An upper guess of the tokens in a text."""
    if text.isascii():
        return -int(-len(text) // ASCII_PER_TOKEN)
    ascii_characters = len(text.encode("ascii", "ignore"))
    other_bytes = len(text.encode("utf-8", "surrogatepass")) - ascii_characters
    return -int(-(ascii_characters / ASCII_PER_TOKEN + other_bytes / BYTES_PER_TOKEN) // 1)


def message_tokens(message: Message) -> int:
    """An upper guess of what one message adds to a request, its tool calls included."""
    answered = text_tokens(message.tool_call_id) if message.tool_call_id is not None else 0
    return MESSAGE + text_tokens(message.content) + answered + sum(map(_call_tokens, message.tool_calls))


def _call_tokens(call: ToolRequest) -> int:
    return CALL + text_tokens(call.id) + text_tokens(call.name) + text_tokens(call.arguments)
