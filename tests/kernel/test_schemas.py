"""What is said about values that do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import DefinitionError
from toolyard_kernel.tools.schemas import Schema, as_sentence, write_only_fields

PERSON: JsonObject = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "age": {"type": "integer"},
        "home": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def problems(value: Any, document: JsonObject = PERSON, *, secret: frozenset[str] = frozenset()) -> list[str]:
    return Schema(document, of="the schema", secret=secret).problems(value)


def nested(levels: int) -> JsonObject:
    value: JsonObject = {}
    for _ in range(levels):
        value = {"home": value}
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "name: required, but missing"),
        ({"name": "ann", "home": {}}, "home.city: required, but missing"),
        ({"name": "ann", "home": {"city": "Rome", "zip": 1}}, "home.zip: unknown field"),
        ({"name": "ann", "age": "old"}, 'age: "old" is not of type "integer"'),
        ({"name": "ann", "tags": ["a", 7]}, 'tags.1: 7 is not of type "string"'),
        ({"name": "a"}, 'name: "a" is shorter than 2 characters'),
        ([], '[] is not of type "object"'),
    ],
)
def test_a_message_names_the_field_and_what_was_expected(value: Any, message: str) -> None:
    assert problems(value) == [message]


@pytest.mark.parametrize("value", [{"name": "ann"}, {"name": "ann", "age": 3, "home": {"city": "x"}, "tags": []}])
def test_a_value_that_fits_has_no_problems(value: JsonObject) -> None:
    assert problems(value) == []


def test_a_long_value_is_not_quoted_at_length() -> None:
    (message,) = problems({"name": "ann", "age": "x" * 10_000})
    assert message.startswith('age: "xxx')
    assert len(message) <= 301


def test_every_unknown_field_is_a_problem_and_none_is_told_at_length() -> None:
    told = problems({"name": "ann", "agee": 1, "home": {"city": "Rome", "x" * 999: 2}, "b": 3})
    assert sorted(told)[:2] == ["agee: unknown field", "b: unknown field"]
    assert max(map(len, told)) == 301
    many = problems({"name": "ann", **{f"f{n}": n for n in range(99)}})
    assert as_sentence(many).endswith("; and 94 more")


def test_the_first_five_problems_are_told_and_the_rest_counted() -> None:
    assert as_sentence(["a"]) == "a"
    assert as_sentence(list("abcde")) == "a; b; c; d; e"
    assert as_sentence(list("abcdefg")) == "a; b; c; d; e; and 2 more"


@pytest.mark.parametrize("levels", [500, 100_000])
def test_very_deep_nesting_is_a_problem_and_no_crash(levels: int) -> None:
    (message,) = problems({"name": "ann", "home": nested(levels), "tags": nested(levels)})[:1]
    assert message


@pytest.mark.parametrize("value", [{"name": "\ud800\ud800"}, {"name": "ann", "age": 10**5000}])
def test_lone_surrogates_and_huge_integers_are_taken(value: JsonObject) -> None:
    assert problems(value) == []


@pytest.mark.parametrize("value", [{"\ud800": 1}, {1: 2}, {"name": b"ann"}, {"name": {"ann"}}])
def test_what_is_no_json_is_a_problem(value: Any) -> None:
    (message,) = problems(value)
    assert message.startswith("not valid JSON: ")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_beyond_json_are_no_numbers(value: float) -> None:
    assert problems({"name": "ann", "age": value}) == ['age: null is not of type "integer"']


def test_a_schema_with_secrets_quotes_no_value() -> None:
    document: JsonObject = {
        "type": "object",
        "properties": {
            "login": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "key": {"type": "string"},
            "port": {"type": "integer"},
        },
        "additionalProperties": False,
        "minProperties": 4,
    }
    value = {"login": {"key": "s3cr\net"}, "key": ["s3cret"], "port": "s3cret"}
    told = problems(value, document, secret=frozenset({"key"}))
    assert sorted(told)[:1] == ['key: the value is not of type "string"']
    assert len(told) == 4
    assert "s3cr" not in str(told)
    assert "s3cr" in str(problems(value, document))


@pytest.mark.parametrize("kind", [None, "array", "string", ["object", "null"]])
def test_the_root_must_be_an_object(kind: Any) -> None:
    document = {"type": kind} if kind else {}
    with pytest.raises(DefinitionError, match='the schema needs "type": "object" at its root; it has '):
        Schema(document, of="the schema")


@pytest.mark.parametrize(
    "part",
    [
        {"type": "nope"},
        {"pattern": "("},
        {"$ref": "#/$defs/missing"},
        {"minimum": {1}},
        {1: {}},
        nested(100_000),
    ],
)
def test_a_broken_schema_is_refused_by_the_name_of_its_owner(part: Any) -> None:
    with pytest.raises(DefinitionError, match="the schema is not a JSON Schema: ") as refused:
        Schema({"type": "object", "properties": {"a": part}}, of="the schema")
    assert "\n" not in str(refused.value)


class SchemaServer(BaseHTTPRequestHandler):
    """Serves a good schema to whoever asks, and remembers that somebody did."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"type": "string"}')


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), SchemaServer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.json"
        server.shutdown()


def test_a_reference_never_leaves_the_document(tmp_path: Path, address: str) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"type": "string"}')
    for where in (address, file.as_uri(), "https://example.com/a.json", "a.json"):
        with pytest.raises(DefinitionError, match=r"is not a JSON Schema: .*retrieving it failed"):
            Schema({"type": "object", "properties": {"a": {"$ref": where}}}, of="the schema")
    assert SchemaServer.asked == []


def test_references_within_the_document_are_followed() -> None:
    document: JsonObject = {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}, "n": {"$ref": "#/$defs/n"}},
        "$defs": {"n": {"type": "integer"}},
    }
    assert problems({"kids": [{"n": 1}]}, document) == []
    assert problems({"kids": [{"n": "x"}]}, document) == ['kids.0.n: "x" is not of type "integer"']


def test_write_only_fields_are_found_wherever_the_mark_stands() -> None:
    hidden: JsonObject = {"type": "string", "writeOnly": True}
    document: JsonObject = {
        "type": "object",
        "properties": {
            "plain": {"type": "string", "writeOnly": False},
            "direct": hidden,
            "optional": {"anyOf": [hidden, {"type": "null"}]},
            "several": {"type": "array", "items": hidden},
            "mapped": {"type": "object", "additionalProperties": hidden},
            "referred": {"$ref": "#/$defs/Token"},
            "holder": {"type": "object", "properties": {"inner": hidden, "other": {}}},
            "elsewhere": {"$ref": "#/$defs/Login"},
            "nowhere": {"$ref": "https://example.com/x"},
        },
        "$defs": {"Token": hidden, "Login": {"type": "object", "properties": {"password": hidden}}},
    }
    assert write_only_fields(document) == {
        "direct", "optional", "several", "mapped", "referred", "inner", "password"
    }  # fmt: skip


def test_write_only_fields_are_looked_for_in_a_schema_that_contains_itself() -> None:
    document: JsonObject = {"type": "object", "properties": {"pin": {"writeOnly": True}}}
    document["properties"]["again"] = document
    document["properties"]["list"] = {"type": "array", "items": {"$ref": "#/$defs/list"}}
    document["$defs"] = {"list": {"$ref": "#/$defs/list"}}
    assert write_only_fields(document) == {"pin"}
    assert write_only_fields(nested(100_000)) == frozenset()
