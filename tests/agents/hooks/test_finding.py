"""What a redaction finds, what it leaves alone, and that no text makes it slow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agents.hooks.corpus import ALL, FOUND, HARMLESS, NAMED, leaks, nested
from toolyard import PIIRedactionHook
from toolyard_agents.errors import AgentError
from toolyard_agents.hooks.redaction import FAILED, Redaction

FLAGS = {
    "email": "redact_emails",
    "credit_card": "redact_credit_cards",
    "iban": "redact_iban",
    "ssn": "redact_ssn",
    "phone": "redact_phones",
    "ip": "redact_ip",
    "secret": "redact_secrets",
}
OFF: dict[str, Any] = dict.fromkeys(FLAGS.values(), False)
HOOK = PIIRedactionHook()
AROUND = [
    "{}",
    "x: {} and",
    "<{}>",
    '"{}"',
    "'{}'",
    "({}).",
    "{}\n{}",
    "{} {}",
    "\\n{}\\n",
    "=\u00e9 {},",
    "\ud800 {} \ud800",
]


@pytest.mark.parametrize("kind", FOUND)
@pytest.mark.parametrize("around", AROUND)
def test_each_find_is_replaced_by_its_kind_wherever_it_stands(kind: str, around: str) -> None:
    flags: dict[str, Any] = {**OFF, FLAGS[kind]: True}
    hook = PIIRedactionHook(**flags)
    for find in FOUND[kind]:
        told = hook.redact(around.replace("{}", find))
        assert find not in told, find
        assert told.count(f"[{kind.upper()}]") == around.count("{}"), (find, told)


@pytest.mark.parametrize("text", NAMED)
def test_what_is_called_a_secret_is_one(text: str) -> None:
    assert NAMED[text] not in HOOK.redact(text)
    assert NAMED[text] not in HOOK.redact(json.dumps({"text": text}))


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_find_stays(text: str) -> None:
    assert HOOK.redact(text) == text


@pytest.mark.parametrize("kind", FOUND)
def test_a_flag_that_is_off_finds_nothing_of_its_kind(kind: str) -> None:
    off: dict[str, Any] = {FLAGS[kind]: False}
    hook = PIIRedactionHook(**off)
    assert f"[{kind.upper()}]" not in hook.redact(ALL)
    assert PIIRedactionHook(**OFF).redact(ALL) == ALL


@given(st.lists(st.sampled_from([*(find for finds in FOUND.values() for find in finds), *NAMED, "é", "\ud800", '"'])))
def test_finds_hide_none_of_the_others(parts: list[str]) -> None:
    assert leaks(HOOK.redact("\n".join(parts))) == []


@given(st.text())
def test_a_text_of_anything_can_be_redacted(text: str) -> None:
    assert isinstance(HOOK.redact(text), str)


def test_values_are_redacted_at_every_depth_in_names_too() -> None:
    told = Redaction((HOOK,)).value(nested())
    assert leaks(json.dumps(told)) == []
    assert (told["card"], told["password"], told["n"]) == ("[CREDIT_CARD]", "[SECRET]", 3)


def test_each_value_of_a_list_under_the_name_of_a_secret_is_one() -> None:
    headers = {"X-Api-Key": ["hunter2", ["hunter3"]], "Set-Cookie": ("sid=hunter4",), "Accept": ["text/html"]}
    kept = {"X-Api-Key": ["[SECRET]", ["[SECRET]"]], "Set-Cookie": ["[SECRET]"], "Accept": ["text/html"]}
    redaction = Redaction((HOOK,))
    assert redaction.value(headers) == kept
    assert json.loads(redaction.json(json.dumps(headers))) == kept


def test_all_that_an_object_holds_under_the_name_of_a_secret_is_one() -> None:
    redaction = Redaction((PIIRedactionHook(),))
    held: dict[str, Any] = {"password": {"value": "hunter2", "of": ["x", {"y": "z"}]}, "cookies": {"sid": "abc"}}
    assert redaction.value(held) == {
        "password": {"value": "[SECRET]", "of": ["[SECRET]", {"y": "[SECRET]"}]},
        "cookies": {"sid": "[SECRET]"},
    }
    assert redaction.value({"passwords": ["a"], "total_tokens": 12}) == {"passwords": ["[SECRET]"], "total_tokens": 12}
    assert redaction.text("mysql --password hunter2 --user eve") == "mysql --password [SECRET] --user eve"


def test_two_names_that_become_the_same_are_both_kept() -> None:
    told = Redaction((HOOK,)).value({"bob@acme.test": 1, "eve@acme.test": 2})
    assert sorted(told.values()) == [1, 2]


def test_json_within_a_text_is_looked_at_by_its_names() -> None:
    redaction = Redaction((HOOK,))
    assert json.loads(redaction.json('{"pin": 1, "secret": 12, "to": "bob\\u0040acme.test"}')) == {
        "pin": 1,
        "secret": "[SECRET]",
        "to": "[EMAIL]",
    }
    assert leaks(redaction.json('{"to": "bob@acme.test", "to": "x"}')) == []


def test_what_cannot_be_looked_through_is_not_told() -> None:
    deep: Any = "bob@acme.test"
    for _ in range(100):
        deep = [deep]
    cycle: dict[str, Any] = {}
    cycle["again"] = cycle
    redaction = Redaction((HOOK,))
    assert leaks(str(redaction.value({"deep": deep, "cycle": cycle, "object": {"bob@acme.test"}}))) == []

    def broken(text: str) -> str:
        raise ValueError(text)

    assert Redaction((PIIRedactionHook(also=[broken]),)).text("Bob") == FAILED


def test_own_patterns_redactions_and_words_are_used() -> None:
    hook = PIIRedactionHook(
        patterns={"EMPLOYEE": r"\bE-[0-9]{4}\b", "ROOM": r"room (\w+)"},
        also=[lambda text: text.replace("Bob", "[NAME]")],
        replacement="<{kind}>",
    )
    assert hook.redact("Bob, E-1234, room 3b, a@b.test") == "[NAME], <EMPLOYEE>, room <ROOM>, <EMAIL>"


@pytest.mark.parametrize("pattern", ["(", "x*", "", r"(?=a)"])
def test_a_pattern_that_cannot_be_used_is_an_error(pattern: str) -> None:
    with pytest.raises(AgentError, match="patterns"):
        PIIRedactionHook(patterns={"X": pattern})


HOSTILE = [
    "a", "a@", "a@b.", "a.b@c.", "4", "4111 ", "DE89 ", "://a:b", "-----BEGIN PRIVATE KEY-----", 'password="', "sk-",
    "key=",
    ":", "1.1.1.", "+1 ", "\\", "0176-12", "bearer ", "eyJ", "secret: ", "[", '"', "(555) ", "123-45-", "%40", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_work_grows_with_the_text_and_not_faster(piece: str) -> None:
    """A search that goes back would not end on these within the life of a test."""
    text = piece * (3_000_000 // len(piece) // (10 if piece in SLOW else 1))
    assert isinstance(HOOK.redact(text), str)


SLOW = {"4111 ", "DE89 ", "://a:b", "sk-", "key="}
"""Texts of many finds, each of which is looked at."""
