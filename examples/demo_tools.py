"""Two tools of one's own, for `demo.yaml`."""

from toolyard import tool


@tool
def word_count(text: str) -> int:
    """Count the words of a text.

    Args:
        text: The text to count in.
    """
    return len(text.split())


@tool(approval="always")
def publish(title: str) -> str:
    """Publish a page for everybody to see. Asks first, every time.

    Args:
        title: The title of the page.
    """
    return f"published {title}"
