"""The TypeScript clients, each in its own era, do everything a client does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.targets import TRANSPORTS, findings, needs_node, run_node, target

HERE = Path(__file__).parent


@needs_node
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("client", ["sdk_1", "client_2"])
def test_a_client_lists_calls_hears_progress_answers_asks_and_cancels(
    tmp_path: Path, client: str, transport: str
) -> None:
    with target(tmp_path, transport) as goal:
        found = findings(run_node(HERE / f"{client}.mjs", json.dumps(goal.address), cwd=tmp_path))
    assert found["tools"] == ["add", "count", "erase", "heard", "stopped", "wait"]
    assert found["sum"] == "5"
    assert (found["counted"], found["progress"]) == ("counted", [[1, 3], [2, 3], [3, 3]])
    assert found["approved"]["content"][0]["text"] == "erased a"
    assert found["declined"]["isError"] is True
    assert "refused by the user" in found["declined"]["content"][0]["text"]
    assert (found["cancelled"], found["stopped"]) == ("cancelled", "stopped")
    yard = goal.yard
    assert (yard.ends("add"), yard.ends("count"), yard.ends("wait")) == (["ok"], ["ok"], ["cancelled"])
    assert [status for status in yard.ends("erase") if status != "input_required"] == ["ok", "denied"]
    assert len(yard.started("erase")) == 1
