"""Values too big for a context are kept, glimpsed once, read a page at a time, and seen by their owner alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agents.runtime.yard import SAFE, Products, drain, large, results_of, runtime_of, script, spec_of
from tests.agents.storage.places import KINDS, place
from toolyard import PermissionProfile, StorageSpec, define_reference, define_specialist
from toolyard.testing import NoLedger
from toolyard_agents.references.references import References
from toolyard_agents.storage.memory import MemoryStorage
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.references.overflow import Overflow
from toolyard_kernel.references.pages import page_of

pytestmark = pytest.mark.anyio


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[StorageSpec]:
    with place(request.param, tmp_path) as found:
        yield found


async def test_a_value_has_one_id_and_its_glimpse_is_made_once(storage: StorageSpec) -> None:
    made: list[int] = []

    def glimpse(payload: dict[str, Any]) -> dict[str, int]:
        made.append(1)
        return {"size": len(payload)}

    Kind = define_reference("kind", schema={"type": "object"}, glimpse=glimpse)  # noqa: N806 - a kind
    async with runtime_of(spec_of(storage, references=[Kind, Products])) as runtime:
        ref = await runtime.create_reference(Kind, {"b": 1, "a": "ö\0\ud800"})
        same = await runtime.create_reference("kind", {"a": "ö\0\ud800", "b": 1})
        other = await runtime.create_reference("other", {"a": "ö\0\ud800", "b": 1})
        assert ref == same != other
        for _ in range(3):
            assert await runtime.reference_glimpse(ref.id) == {"size": 2}
        assert len(made) == 2, "once for each creation, and never for reading"
        assert await runtime.resolve_reference(ref) == {"b": 1, "a": "ö\0\ud800"}
        for bad, kind in (("x", Kind), ({"skus": [1]}, "products"), (object(), "any"), (float("nan"), "any")):
            with pytest.raises(ValueError):  # noqa: PT011 - each says where in its own way
                await runtime.create_reference(kind, bad)
        with pytest.raises(LookupError, match="ref_none"):
            await runtime.resolve_reference("ref_none")


async def test_a_reference_lasts_as_long_as_its_kind_says() -> None:
    now = [1000.0]
    storage = MemoryStorage(clock=lambda: now[0])
    spec = define_reference("short", schema={}, ttl=10)
    references = References(storage=storage, tenant="acme:v1", specs={"short": spec}, clock=lambda: now[0])
    ref = await references.create("ann", "short", 1)
    now[0] += 9
    assert await references.resolve("ann", ref) == 1
    await references.create("ann", "short", 1)
    now[0] += 9
    assert await references.resolve("ann", ref) == 1, "kept anew, it lasts anew"
    now[0] += 2
    with pytest.raises(LookupError):
        await references.resolve("ann", ref)


async def test_an_agent_reads_a_reference_a_page_at_a_time(storage: StorageSpec) -> None:
    async with runtime_of(spec_of(storage), ledger=NoLedger()) as runtime, asyncio.timeout(SAFE):
        skus = [f"sku-{number}" for number in range(3000)]
        ref = await runtime.create_reference(Products, {"skus": skus})
        asked = script(("glimpse_ref", {"ref": ref.id}), ("resolve_ref", {"ref": "ref_none"}))
        events = await drain(runtime.run_specialist("helper", asked, "t"))
        assert json.loads(results_of(events)[0])["glimpse"] == {"count": 3000}
        assert "no reference 'ref_none'" in results_of(events)[1]
        text, offset = "", 0
        while True:
            page = json.loads(
                results_of(
                    await drain(
                        runtime.run_specialist(
                            "helper", script(("resolve_ref", {"ref": ref.id, "offset": offset})), "p"
                        )
                    )
                )[0]
            )
            text += page["text"]
            if "next_offset" not in page:
                break
            offset = page["next_offset"]
        assert json.loads(text) == {"skus": skus}


async def test_a_result_that_is_too_long_is_kept_and_read_on() -> None:
    small = PermissionProfile.model_validate({"profile": "small", "limits": {"output_bytes": 1000}})
    agents = [define_specialist("a", prompt="x", tools=[large], profile=small)]
    async with runtime_of(spec_of(agents=agents)) as runtime, asyncio.timeout(SAFE):
        (cut,) = results_of(await drain(runtime.query(script(("large", {"size": 500})), "t")))
        assert cut.startswith("0000000\n")
        assert cut.endswith("0000499\n")
        assert len(cut) < 1500
        ref = cut.split("resolve_ref and ref ")[1].split()[0]
        assert await runtime.resolve_reference(ref) == "".join(f"{number:07d}\n" for number in range(500))
        page = script(("resolve_ref", {"ref": ref, "offset": 400}))
        (told,) = results_of(await drain(runtime.query(page, "t")))
        assert json.loads(told)["text"].startswith("0000050\n")


async def test_of_two_times_the_longer_one_counts() -> None:
    now = [1000.0]
    storage = MemoryStorage(clock=lambda: now[0])
    references = References(storage=storage, tenant="acme:v1", specs={}, clock=lambda: now[0])
    kept = await references.create("ann", "note", "x")
    assert kept == await references.create("ann", "note", "x", ttl=10)
    now[0] += 11
    assert await references.resolve("ann", kept) == "x"


class Stuck:
    """A store that never comes back."""

    async def keep(self, caller: Caller, text: str) -> str:
        await asyncio.Event().wait()
        return ""

    async def text(self, caller: Caller, id: str) -> str:
        return ""


async def test_a_store_that_hangs_holds_no_call() -> None:
    caller = Caller(id="ann", profile=PermissionProfile.model_validate({}))
    async with asyncio.timeout(SAFE):
        assert await Overflow(store=Stuck(), has_tool=True).kept(caller, "x") == ""


@given(text=st.text(max_size=3000), limit=st.integers(20, 2000))
def test_the_pages_of_a_text_are_the_text(text: str, limit: int) -> None:
    whole, offset = "", 0
    for _ in range(len(text) + 1):
        page = page_of(text, offset, limit)
        whole += page["text"]
        assert page["length"] == len(text)
        if "next_offset" not in page:
            break
        assert page["next_offset"] > offset
        offset = page["next_offset"]
    assert whole == text
