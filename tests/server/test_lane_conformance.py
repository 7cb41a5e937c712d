"""What the conformance suites send is answered alike by the lane and by the SDK's server.

`python -m tests.conformance.recording` writes the traffic down anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.fixture import runtime_of
from tests.conformance.recording import TRAFFIC
from tests.server.lane_pair import Pair, pair

ASKING = {"test_sampling", "test_elicitation", "test_elicitation_sep1034_defaults", "test_elicitation_sep1330_enums"}
"""They wait for what the client says in another request, which depends on the one before."""
METHOD = re.compile(r'"method": ?"([^"]*)"')
STAYING = "subscriptions/listen"
"""Its answer has no end."""


def traffic() -> Iterator[Any]:
    for number, line in enumerate(TRAFFIC.read_text().splitlines()):
        said = json.loads(line)
        if STAYING in said["body"] or any(f'"{name}"' in said["body"] for name in ASKING):
            continue
        yield pytest.param(said["headers"], said["body"].encode("latin-1"), id=f"{number} {_told(said['body'])}")


def _told(body: str) -> str:
    found = METHOD.search(body)
    return found[1] if found else "none"


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with pair(runtime_of) as both:
        yield both


@pytest.mark.parametrize(("headers", "body"), list(traffic()))
def test_what_a_suite_sends_is_answered_alike(servers: Pair, headers: list[list[str]], body: bytes) -> None:
    lane, sdk = servers.both(body, *((name, value) for name, value in headers))
    assert lane == sdk
