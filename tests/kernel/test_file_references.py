"""References in files: every process of a state folder reads them, and nobody but their owner."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import UnknownName
from toolyard_kernel.profiles.builtin import READONLY
from toolyard_kernel.references.files import FileReferences
from toolyard_kernel.references.store import LASTS

pytestmark = pytest.mark.anyio

ANN = Caller(id="ann", profile=READONLY)
HERS = Caller(id="ann/agent", profile=READONLY, on_behalf_of="ann")
OTHERS = (Caller(id="bob", profile=READONLY), Caller(id="ann", profile=READONLY, tenant="other"))


async def test_what_one_process_keeps_another_one_reads_for_its_owner_alone(tmp_path: Path) -> None:
    id = await FileReferences(folder=tmp_path).keep(ANN, "line\r\nÖ\ud800")
    another = FileReferences(folder=tmp_path)
    assert [await another.text(caller, id) for caller in (ANN, HERS)] == ["line\r\nÖ?"] * 2
    for caller in OTHERS:
        with pytest.raises(UnknownName, match="there is no reference"):
            await another.text(caller, id)


async def test_only_the_owner_of_the_process_can_read_the_files(tmp_path: Path) -> None:
    await FileReferences(folder=tmp_path / "references").keep(ANN, "secret")
    made = list((tmp_path / "references").rglob("*"))
    assert {path.stat().st_mode & 0o077 for path in made} == {0}
    assert not [path for path in made if "ann" in str(path.relative_to(tmp_path))]


@pytest.mark.parametrize("id", ["../../secret", "ref_" + "0" * 32, "ref_/../x", "", "ref_" + "0" * 31 + "\n"])
async def test_no_id_leads_elsewhere(tmp_path: Path, id: str) -> None:
    (tmp_path / "secret").write_text("secret")
    references = FileReferences(folder=tmp_path / "references")
    await references.keep(ANN, "kept")
    with pytest.raises(UnknownName):
        await references.text(ANN, id)


async def test_a_reference_ends_with_its_time_and_the_oldest_make_room(tmp_path: Path) -> None:
    now = [1_000_000.0]
    references = FileReferences(folder=tmp_path, clock=lambda: now[0], most=10)
    first = await references.keep(ANN, "x" * 6)
    now[0] += 1
    second = await references.keep(ANN, "y" * 6)
    assert await references.text(ANN, second) == "y" * 6
    with pytest.raises(UnknownName):
        await references.text(ANN, first)
    now[0] += LASTS
    with pytest.raises(UnknownName):
        await references.text(ANN, second)
    await references.keep(ANN, "z")
    assert len(list(tmp_path.glob("*/*"))) == 1
