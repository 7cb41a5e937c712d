"""Personal data and secrets, as they are found in texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

_RAW: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "corpus.yaml").read_text())
FOUND = {kind: ["".join(one.split("+")) if kind == "secret" else one for one in finds] for kind, finds in _RAW.items()}
"""Finds by their kinds."""

PEM = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"
NAMED = {
    "DB_PASSWORD=hunter2word": "hunter2word",
    'password: "correct horse battery"': "correct horse battery",
    '{"client_secret": "s3cr3t of ours"}': "s3cr3t of ours",
    '{\\"api_key\\": \\"k3y of ours\\"}': "k3y of ours",
    "Authorization: Bearer q1w2e3r4t5z6": "q1w2e3r4t5z6",
    "Authorization: Basic Ym9iOmh1bnRlcjM=": "Ym9iOmh1bnRlcjM=",
    "curl -H 'authorization: token z9y8x7w6v5'": "z9y8x7w6v5",
    "postgres://bob:p4ssw0rd@db.acme.test/shop": "p4ssw0rd",
    "https://s0me-l0ng-t0ken-0f-0urs@git.acme.test": "s0me-l0ng-t0ken-0f-0urs",
    "the password is swordfish9": "swordfish9",
    "?token=a8f5f167f44f4964e6c998dee827110c&x": "a8f5f167f44f4964e6c998dee827110c",
    f"-----BEGIN PRIVATE KEY-----\n{PEM}\n-----END PRIVATE KEY-----": PEM,
    f"-----BEGIN RSA PRIVATE KEY-----\n{PEM[:40]}": PEM[:40],
    "ssn 123456789": "123456789",
    "phone: 030 1234567": "030 1234567",
}
"""Texts, and what in them must not be told."""

HARMLESS = (
    "2026-11-26T22:50:56.123456+00:00",
    "call 9f86d081884c7d65 took 12.345678 s, 1764197456.1234567",
    "0123456789012345, 4111111111111112, 0.4111111111111111",
    "version 10.0.22631, lodash@4.17.21, std::vector, 12:30:45, v1.2.3.4",
    "a risk-assessment-of-the-whole-project, basic understanding, bearer authentication",
    "DE89370400440532013001",
    "127.0.0.1 and ::1 and 0.0.0.0",
    "max_tokens=4096, key: value, total_tokens: 12",
    "000-12-3456, 666-12-3456",
    "a @mention, a@b, @decorator, x@",
    "11/24/2026 10:30, 2024-01-02 03:04",
)

ALL = "\n".join([*(find for finds in FOUND.values() for find in finds), *NAMED])
"""All of it as one text, a line for each."""
SECRETS = [*(find for finds in FOUND.values() for find in finds), *NAMED.values()]


def leaks(text: str) -> list[str]:
    """What is found in a text, however JSON may have escaped it."""
    unescaped = text.replace("\\\\", "\\").replace('\\"', '"')
    return [one for one in SECRETS if any(form in text or form in unescaped for form in _forms(one))]


def _forms(one: str) -> set[str]:
    return {one, json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1]}


def nested(value: Any = ALL) -> dict[str, Any]:
    """The text at several depths, as a name and as numbers."""
    return {"a": {"b": [value, {str(value): value}]}, "card": 4111111111111111, "password": "hunter2word", "n": 3}
