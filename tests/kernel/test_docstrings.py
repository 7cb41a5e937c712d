"""What a docstring says about a function and its parameters."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolyard_kernel.tools.docstrings import Documentation, parse_docstring
from toolyard_kernel.tools.functions import tool


def google(city: str, days: int = 3) -> str:
    """Forecast the weather.

    Args:
        city: Where,
            as people write it.
        days: How far ahead.

    Returns:
        A sentence.
    """
    return f"{city} {days}"


def numpy(city: str, days: int = 3) -> str:
    """Forecast the weather.

    Parameters
    ----------
    city : str
        Where,
        as people write it.
    days : int
        How far ahead.
    """
    return f"{city} {days}"


def sphinx(city: str, days: int = 3) -> str:
    """Forecast the weather.

    :param city: Where,
        as people write it.
    :param days: How far ahead.
    :returns: A sentence.
    """
    return f"{city} {days}"


@pytest.mark.parametrize("function", [google, numpy, sphinx])
def test_docstrings_of_every_style_describe_the_parameters(function: Callable[..., str]) -> None:
    made = tool(function)
    assert made.description == "Forecast the weather."
    described = {name: field["description"] for name, field in made.input_schema["properties"].items()}
    assert described == {"city": "Where,\nas people write it.", "days": "How far ahead."}


def test_a_function_without_a_docstring_is_not_described() -> None:
    def bare(x: int) -> int:
        return x

    made = tool(bare)
    assert (made.description, made.input_schema["properties"]) == ("", {"x": {"type": "integer"}})


@pytest.mark.parametrize("docstring", [None, "", "   \n  "])
def test_no_words_say_nothing(docstring: str | None) -> None:
    assert parse_docstring(docstring) == Documentation(summary="", parameters={})


def test_a_docstring_that_no_style_can_read_is_a_description_as_it_stands() -> None:
    assert parse_docstring("Do it.\n\n: :\n") == Documentation(summary="Do it.\n\n: :", parameters={})


@settings(max_examples=500)
@given(
    st.text(alphabet="ab:-\n\t ()[]`*|@", max_size=60), st.sampled_from(["", "Args:\n", "Parameters\n---\n", ":param "])
)
def test_no_docstring_keeps_a_function_from_being_a_tool(words: str, section: str) -> None:
    assert isinstance(parse_docstring(f"Do it.\n\n{section}{words}"), Documentation)
