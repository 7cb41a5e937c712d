"""Every command of docs/traces.md runs, in its order."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from tests.server.yards import Ran, write_yard

PAGE = (Path(__file__).parents[2] / "docs/traces.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_commands_do_what_the_page_says(tmp_path: Path) -> None:
    assert [kind for kind, _ in BLOCKS] == ["yaml", "sh", "sh"]
    yard = write_yard(tmp_path)
    yard.write("clerk.yaml", BLOCKS[0][1])
    listing = {"ID": "", "OTHER": ""}
    done: dict[str, Ran] = {}
    for command in (line for _, block in BLOCKS[1:] for line in block.splitlines()):
        _, *words = shlex.split(command)
        done[command] = yard.run(*(listing.get(word, word) for word in words))
        if words[:2] == ["trace", "list"]:
            other, first = yard.run("trace", "list", "--json").json
            listing = {"ID": first["id"][:8], "OTHER": other["id"]}
    codes = {command: ran.code for command, ran in done.items()}
    assert codes == {command: int(command.startswith("toolyard trace diff")) for command in codes}
    outs = [ran.out for ran in done.values()]
    assert "\n├─ step 1" in outs[3]
    assert outs[4].startswith("different: prompt\n")
    assert outs[5] == "same\n"
    assert json.loads(outs[6])["schema_version"].startswith("ATIF-")
    assert outs[7].startswith("# clerk (")
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == 2


def test_the_page_names_the_fields_that_lines_have(tmp_path: Path) -> None:
    yard = write_yard(tmp_path)
    yard.write("clerk.yaml", BLOCKS[0][1])
    yard.run("run", "hi", "--agent", "./clerk.yaml", "--trace-dir", "here")
    (path,) = (tmp_path / "here").iterdir()
    line = json.loads(path.read_text().splitlines()[1])
    assert {"v", "seq", "trace_id", "run_id", "agent", "time", "type"} <= set(line)
