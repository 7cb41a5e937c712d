"""The resources and prompts that the suites read, and what completes their arguments."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.round_tools import answers, form
from tests.conformance.samples import PNG
from toolyard import EmbeddedResource, Image, InputRequired, Message, ToolContext, prompt, resource

CONTEXT = form("What context should the prompt use?", "context")


@resource("test://static-text", mime_type="text/plain")
def static_text() -> str:
    """Text that never changes."""
    return "This is the content of the static text resource."


@resource("test://static-binary", mime_type="image/png")
def static_binary() -> bytes:
    """An image that never changes."""
    return PNG


@resource("test://watched-resource", mime_type="text/plain")
def watched_resource() -> str:
    """Text that clients subscribe to."""
    return "Watched resource content"


@resource("test://template/{id}/data", mime_type="application/json", complete={"id": ["123", "456"]})
def template_data(id: str) -> str:
    """Data about what has this id."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


@prompt
def test_simple_prompt() -> str:
    """A prompt without arguments."""
    return "This is a simple prompt for testing."


@prompt(complete={"arg1": ["paris", "park", "party"], "arg2": []})
def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """A prompt with arguments.

    Args:
        arg1: The first.
        arg2: The second.
    """
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@prompt
def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803 - the suites' name for it
    """A prompt about a resource.

    Args:
        resourceUri: The resource's URI.
    """
    text = "Embedded resource content for testing."
    return [
        Message("user", EmbeddedResource(uri=resourceUri, content=text, mime_type="text/plain")),
        Message("user", "Please process the embedded resource above."),
    ]


@prompt
def test_prompt_with_image() -> list[Message]:
    """A prompt about an image."""
    return [
        Message("user", Image(data=PNG, mime_type="image/png")),
        Message("user", "Please analyze the image above."),
    ]


@prompt
def test_input_required_result_prompt(ctx: ToolContext) -> Any:
    """A prompt that asks before it answers."""
    if "user_context" not in answers(ctx):
        return InputRequired(requests={"user_context": CONTEXT})
    return f"Consider {answers(ctx)['user_context']['content']['context']}."


RESOURCES = (static_text, static_binary, watched_resource, template_data)
PROMPTS = (
    test_simple_prompt,
    test_prompt_with_arguments,
    test_prompt_with_embedded_resource,
    test_prompt_with_image,
    test_input_required_result_prompt,
)
