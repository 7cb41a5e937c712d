"""The shapes of what the tools answer."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

Format = Literal["csv", "json", "jsonl"]


class Answer(TypedDict):
    """`columns` names what is in each of `rows`, from left to right; `note` says what to do about the rest."""

    columns: list[str]
    rows: list[list[Any]]
    row_count: int
    changed: NotRequired[int]
    next_cursor: NotRequired[str]
    note: NotRequired[str]


class TableName(TypedDict):
    name: str
    kind: str


class Tables(TypedDict):
    """`tables` are tables and views, in the order of their names; `total` counts those that are not shown, too."""

    tables: list[TableName]
    total: int
    next_cursor: NotRequired[str]
    note: NotRequired[str]


class Column(TypedDict):
    name: str
    type: str
    nullable: bool
    default: NotRequired[str]
    comment: NotRequired[str]


class Description(TypedDict):
    """A table: foreign keys read `columns -> table(columns)`, indexes `name(columns)`."""

    table: str
    columns: list[Column]
    primary_key: list[str]
    foreign_keys: list[str]
    indexes: list[str]
    note: NotRequired[str]
