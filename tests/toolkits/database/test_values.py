"""Every value of a database is shown as JSON that says what it is."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolyard_kernel.errors import ToolError
from toolyard_toolkits.database.cursors import cursor_after, offset_of
from toolyard_toolkits.database.values import json_value

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.datetimes()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.uuids(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**63), "-9223372036854775808"),
        (1.5, 1.5),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Decimal("1.10"), "1.10"),
        (b"\x00\xff", "0x00ff"),
        (memoryview(b"a"), "0x61"),
        (datetime(2024, 1, 2, 3, 4, 5), "2024-01-02 03:04:05"),  # noqa: DTZ001 - as databases give them
        (date(2024, 1, 2), "2024-01-02"),
        (time(1, 2), "01:02:00"),
        (timedelta(hours=1), "1:00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({"a": [1, Decimal(2)]}, {"a": [1, "2"]}),
        ("x" * 200, "x" * 100 + "… [100 more characters: read them with substr]"),
        (b"x" * 100, "0x" + "78" * 50 + "… [50 more bytes: read them with substr]"),
    ],
)
def test_a_value_keeps_what_it_is(value: object, shown: object) -> None:
    assert json_value(value, 100) == shown


@given(value=VALUES, longest=st.integers(16, 200))
@settings(deadline=None, max_examples=150)
def test_any_value_is_json(value: Any, longest: int) -> None:
    json.dumps(json_value(value, longest), allow_nan=False)


@given(offset=st.integers(0, 2**62), sql=st.text(max_size=20), other=st.text(max_size=20))
@settings(deadline=None, max_examples=100)
def test_a_cursor_says_where_it_goes_on_and_only_for_its_question(offset: int, sql: str, other: str) -> None:
    cursor = cursor_after(offset, "shop", sql)
    assert offset_of(cursor, "shop", sql) == offset
    if other != sql:
        with pytest.raises(ToolError):
            offset_of(cursor, "shop", other)


@given(cursor=st.text(max_size=60))
@settings(deadline=None, max_examples=100)
def test_no_other_text_is_a_cursor(cursor: str) -> None:
    with pytest.raises(ToolError, match="belongs to no answer"):
        offset_of(cursor, "shop", "SELECT 1")
