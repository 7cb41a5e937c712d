"""Every block of docs/agents.md and docs/graphs.md runs, in its order, and prints what it says."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from tests.docs.pasting import DOCS, Reader, blocks_of, kinds_of, promised
from toolyard import Runtime
from toolyard_agents.policies.policy import Policy
from toolyard_agents.results import STATUS, StopReason

pytestmark = pytest.mark.anyio

PAGES = {name: (DOCS / name).read_text() for name in ("agents.md", "graphs.md")}


@pytest.fixture
async def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Reader]:
    monkeypatch.chdir(tmp_path)
    reader = Reader()
    yield reader
    for runtime in (one for one in reader.names.values() if isinstance(one, Runtime)):
        await runtime.close()


@pytest.mark.parametrize("name", PAGES)
async def test_the_blocks_print_what_they_say(name: str, reader: Reader) -> None:
    drawings = blocks_of(PAGES[name], "mermaid")
    with anyio.fail_after(60):
        for block in blocks_of(PAGES[name]):
            drawn = [*drawings.pop(0).splitlines(), ""] if "to_mermaid()" in block else []
            assert await reader.paste(block) == promised(block) + drawn
    assert drawings == []


def test_there_is_no_other_kind_of_block() -> None:
    assert set(kinds_of(PAGES["agents.md"])) == {"python"}
    assert set(kinds_of(PAGES["graphs.md"])) == {"python", "mermaid"}


@pytest.mark.parametrize("reason", STATUS)
def test_each_reason_to_stop_is_in_the_table_with_its_status(reason: StopReason) -> None:
    assert f"| `{reason}` | `{STATUS[reason]}` |" in PAGES["agents.md"]


async def test_the_policy_of_ones_own_is_one_and_is_played_again(reader: Reader) -> None:
    for block in blocks_of(PAGES["agents.md"]):
        await reader.paste(block)
    policy: Policy = reader.names["SecondThoughts"]()
    shop = reader.names["shop"]
    first = await shop("One.", "Two.", policy=policy).run("clerk", "Say it.")
    again = await shop(policy=policy).replay(first.trace_id, "clerk")
    assert (first.text, again.text, again.messages) == ("Two.", "Two.", first.messages)
