"""`toolyard ps | watch | pause | resume | cancel | say`, of runs in other processes."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.agents.models.chat_server import Connection, text_turn
from tests.server.control_scene import LOOKS, SESSIONS, at_once, ended, playing, waits
from tests.server.yards import LONGEST_LINE, write_yard
from toolyard_agents.store.files import SessionFiles

pytestmark = pytest.mark.anyio


async def test_a_pause_holds_within_one_step_and_the_run_goes_on_when_it_is_resumed(tmp_path: Path) -> None:
    async with playing(tmp_path, waits(LOOKS), at_once(text_turn("alpha"))) as scene, scene.running(*scene.run) as run:
        await scene.until_asked(1)
        id = await scene.until_status("running")
        assert (await scene.at("pause", id[:6])).out == f"{id} pauses before its next step\n"
        scene.go_on.set()
        await scene.until_status("paused")
        assert (scene.yard.ends("list"), len(scene.chat.requests)) == ([], 1)
        assert (await scene.at("resume", id)).out == f"{id} goes on\n"
        assert (await ended(run))[:2] == (0, "alpha\n")
        assert scene.yard.ends("list") == ["ok"]
        (one,) = await scene.listed("--all")
        assert (one["status"], one["turns"], one["usage"]["total_tokens"]) == ("completed", 2, 36)


async def test_a_cancelled_run_ends_with_the_reason(tmp_path: Path) -> None:
    async with playing(tmp_path, at_once(Connection.gone)) as scene, scene.running(*scene.run) as run:
        await scene.until_asked(1)
        id = await scene.until_status("running")
        done = await scene.at("cancel", id[:4], "--reason", "enough")
        assert (done.code, done.out) == (0, f"{id} was cancelled, and has ended\n")
        code, _, err = await ended(run)
        assert (code, "cancelled: enough" in err) == (130, True)


async def test_a_paused_run_can_be_cancelled(tmp_path: Path) -> None:
    async with playing(tmp_path, waits(LOOKS)) as scene, scene.running(*scene.run, "--json") as run:
        await scene.until_asked(1)
        id = await scene.until_status("running")
        await scene.at("pause", id)
        scene.go_on.set()
        await scene.until_status("paused")
        assert (await scene.at("cancel", id)).code == 0
        code, out, _ = await ended(run)
        events = [json.loads(line) for line in out.splitlines()]
        assert (code, events[-1]["status"]) == (130, "cancelled")
        assert [event["content"] for event in events if event["type"] == "custom"] == ["paused"]
        assert scene.yard.ends("list") == []


async def test_what_is_said_reaches_the_model_after_the_answers_of_its_calls(tmp_path: Path) -> None:
    turns = (waits(LOOKS), at_once(text_turn("done")))
    async with playing(tmp_path, *turns) as scene, scene.running(*scene.run) as run:
        await scene.until_asked(1)
        id = await scene.until_status("running")
        said = await scene.at("say", id[:8], "-", stdin="Be \x1b[2Jbrief.")
        assert said.out == f"{id} tells its model at its next step\n"
        scene.go_on.set()
        assert (await ended(run))[:2] == (0, "done\n")
        assert [message["role"] for message in scene.messages(1)] == ["user", "assistant", "tool", "user"]
        assert scene.messages(1)[-1]["content"] == "Be \x1b[2Jbrief."
        assert "\x1b" not in (await scene.at("watch", id)).out


async def test_a_run_that_was_about_to_end_goes_on_with_what_is_said(tmp_path: Path) -> None:
    turns = (waits(text_turn("one")), at_once(text_turn("two")))
    async with playing(tmp_path, *turns) as scene, scene.running(*scene.run) as run:
        await scene.until_asked(1)
        id = await scene.until_status("running")
        assert (await scene.at("say", id, "And now?")).code == 0
        scene.go_on.set()
        assert (await ended(run))[0] == 0
        assert [message["role"] for message in scene.messages(1)] == ["user", "assistant", "user"]


async def test_a_run_whose_process_is_killed_is_dead_and_can_be_gone_on_with(tmp_path: Path) -> None:
    turns = (at_once(Connection.gone), at_once(text_turn("again")))
    async with playing(tmp_path, *turns) as scene:
        async with scene.running(*scene.run) as run:
            await scene.until_asked(1)
            id = await scene.until_status("running")
            run.kill()
            await run.wait()
        (dead,) = await scene.listed()
        assert (dead["status"], dead["pid"]) == ("dead", None)
        assert "its process is gone (dead)" in (await scene.at("say", id, "Are you there?")).err
        assert (await scene.at("watch", id)).code == 1
        done = await scene.at("run", "Go on", "--session", id[:5], "--agent", "./agent.yaml")
        assert (done.code, done.out) == (0, "again\n")
        assert [message["content"] for message in scene.messages(1)] == ["What is here?", "Go on"]
        assert [one["status"] for one in await scene.listed("--all")] == ["completed"]


async def test_watch_shows_what_happens_as_it_happens_and_ends_with_the_run(tmp_path: Path) -> None:
    turns = (at_once(LOOKS), waits(text_turn("alpha")), at_once(text_turn("beta")))
    async with playing(tmp_path, *turns) as scene, scene.running(*scene.run):
        id = await scene.until_status("running")
        async with scene.running("watch", id) as watch, scene.running("watch", id, "--json") as watch_json:
            assert watch.stdout
            lines = BufferedByteReceiveStream(watch.stdout)
            while b"<- list: " not in await lines.receive_until(b"\n", LONGEST_LINE):
                pass
            await scene.at("pause", id)
            await scene.at("say", id, "Hurry.")
            scene.go_on.set()
            while await lines.receive_until(b"\n", LONGEST_LINE) != b"[paused]":
                pass
            await scene.at("resume", id)
            code, _, err = await ended(watch)
            assert (code, err) == (0, f"session {id}: its run has ended: completed\n")
            _, out, _ = await ended(watch_json)
            kinds = [json.loads(line)["type"] for line in out.splitlines()]
            assert [kind for kind in kinds if kind not in ("usage", "stands")] == [
                "run", "user", "assistant", "tool", "assistant", "user", "assistant", "end",
            ]  # fmt: skip


async def test_whoever_leaves_a_watch_does_no_harm(tmp_path: Path) -> None:
    async with playing(tmp_path, waits(text_turn("alpha"))) as scene, scene.running(*scene.run) as run:
        id = await scene.until_status("running")
        async with scene.running("watch", id) as watch:
            assert watch.stdout
            await BufferedByteReceiveStream(watch.stdout).receive_until(b"> What is here?\n", LONGEST_LINE)
            watch.send_signal(signal.SIGINT)
            code, _, err = await ended(watch)
            assert (code, err) == (130, "")
        scene.go_on.set()
        assert (await ended(run))[:2] == (0, "alpha\n")


async def test_commands_to_a_run_that_has_ended_change_nothing(tmp_path: Path) -> None:
    async with playing(tmp_path, at_once(text_turn("alpha"))) as scene:
        assert (await scene.at(*scene.run)).code == 0
        (one,) = await scene.listed("--all")
        assert await scene.listed() == []
        folder = scene.yard.root / SESSIONS / one["id"]
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        for command in (("pause",), ("resume",), ("cancel",), ("say", "Hello?")):
            done = await scene.at(command[0], one["id"], *command[1:])
            assert (done.code, done.out) == (2, "")
            assert done.err == f"toolyard: no run of session {one['id']!r} goes on: completed; nothing was changed\n"
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


async def test_a_run_that_is_not_stored_leaves_nothing_and_is_not_listed(tmp_path: Path) -> None:
    async with playing(tmp_path, at_once(text_turn("alpha"))) as scene:
        assert (await scene.at(*scene.run, "--no-store")).out == "alpha\n"
        assert not (scene.yard.root / SESSIONS).exists()
        assert "there are no sessions in" in (await scene.at("ps", "--all")).err
        refused = await scene.at(*scene.run, "--no-store", "--session", "a")
        assert (refused.code, "leave out --no-store" in refused.err) == (2, True)


async def test_a_script_goes_on_with_the_session_that_the_result_names(tmp_path: Path) -> None:
    async with playing(tmp_path, at_once(text_turn("one")), at_once(text_turn("two"))) as scene:
        result = json.loads((await scene.at(*scene.run, "--json")).out.splitlines()[-1])
        done = await scene.at(*scene.run, "--session", result["session_id"])
        assert (done.code, done.out) == (0, "two\n")
        assert [message["role"] for message in scene.messages(1)] == ["user", "assistant", "user"]


def test_a_store_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    yard = write_yard(tmp_path)
    yard.write("agent.yaml", "model: scripted\n")
    yard.write(SESSIONS, "no folder")
    refused = yard.run("run", "hello", "--agent", "./agent.yaml")
    assert (refused.code, refused.out) == (2, "")
    assert (
        f"no session can be kept in {tmp_path / SESSIONS}: Not a directory; --no-store runs without one" in refused.err
    )
    assert yard.run("run", "hello", "--agent", "./agent.yaml", "--no-store").out == "hello\n"
    assert yard.run("ps").code == 0


def spoil(sessions: Path, model: Path) -> None:
    """Fill a store with what is no session, beginning with copies of one that is."""
    about, trace = (model / "about.json").read_bytes(), (model / "state.jsonl").read_bytes()
    spoilt: dict[str, dict[str, bytes]] = {
        "empty": {},
        "no-trace": {"about.json": about},
        "no-about": {"state.jsonl": trace},
        "half-about": {"about.json": about[:20], "state.jsonl": trace},
        "wrong-about": {"about.json": b"[1]", "state.jsonl": trace},
        "deep-about": {"about.json": b"[" * 60_000, "state.jsonl": trace},
        "\x1b[2J": {"about.json": about, "state.jsonl": trace},
    }
    for when in (b"NaN", b"1e400", b"-1", b"9" * 400):
        moved = re.sub(rb'"created_at": [^,]*', b'"created_at": ' + when, about)
        spoilt[f"at-{when[:5].decode()}"] = {"about.json": moved, "state.jsonl": trace}
    for name, files in spoilt.items():
        (sessions / name).mkdir()
        for file, content in files.items():
            (sessions / name / file).write_bytes(content)
    (sessions / "huge").mkdir()
    (sessions / "huge/about.json").write_bytes(about)
    with (sessions / "huge/state.jsonl").open("wb") as trace_file:
        trace_file.truncate(1 << 40)
    (sessions / "pipe").mkdir()
    (sessions / "pipe/about.json").write_bytes(about)
    os.mkfifo(sessions / "pipe/state.jsonl")
    os.mkfifo(sessions / "fifo")
    (sessions / "file").write_bytes(b"\0" * 100)
    (sessions / "link").symlink_to(model)
    (sessions / "linked").mkdir()
    for name in ("about.json", "state.jsonl", "lock"):
        (sessions / "linked" / name).symlink_to(model / name)
    (sessions / os.fsdecode(b"\xff\xfe")).mkdir()


@pytest.mark.parametrize("control", ["file", "fifo", "link", "folder"])
async def test_garbage_in_the_store_hides_no_session_and_stops_no_command(tmp_path: Path, control: str) -> None:
    turns = (at_once(text_turn("one")), waits(LOOKS), at_once(text_turn("two")))
    async with playing(tmp_path, *turns) as scene:
        assert (await scene.at(*scene.run)).code == 0
        (first,) = await scene.listed("--all")
        sessions = scene.yard.root / SESSIONS
        spoil(sessions, sessions / first["id"])
        path = sessions / first["id"] / "control.jsonl"
        path.unlink()
        lay: dict[str, Callable[[], Any]] = {
            "file": lambda: path.write_bytes(b'\xff{"type": "command"}\n[[[\n{"half": '),
            "fifo": lambda: os.mkfifo(path),
            "link": lambda: path.symlink_to(scene.yard.root / "agent.yaml"),
            "folder": path.mkdir,
        }
        lay[control]()
        path.chmod(0o600)
        agent = (scene.yard.root / "agent.yaml").read_bytes()
        async with scene.running(*scene.run, "--session", first["id"][:6]) as run:
            await scene.until_asked(2)
            assert await scene.until_status("running") == first["id"]
            paused = await scene.at("pause", first["id"])
            assert paused.code == (0 if control == "file" else 2), paused.err
            scene.go_on.set()
            if control == "file":
                await scene.until_status("paused")
                await scene.at("resume", first["id"])
            assert (await ended(run))[:2] == (0, "two\n")
        assert (scene.yard.root / "agent.yaml").read_bytes() == agent
        assert [one["id"] for one in await scene.listed("--all")] == [first["id"]]


async def test_what_others_may_write_to_steers_no_run(tmp_path: Path) -> None:
    turns = (at_once(text_turn("one")), waits(text_turn("two")))
    async with playing(tmp_path, *turns) as scene:
        assert (await scene.at(*scene.run)).code == 0
        (first,) = await scene.listed("--all")
        (scene.yard.root / SESSIONS / first["id"] / "control.jsonl").chmod(0o666)
        async with scene.running(*scene.run, "--session", first["id"]) as run:
            await scene.until_asked(2)
            refused = await scene.at("cancel", first["id"])
            assert (refused.code, "others may write to it" in refused.err) == (2, True)
            scene.go_on.set()
            code, out, err = await ended(run)
            assert (code, out) == (0, "two\n")
            assert "cannot be steered from another terminal" in err


def test_a_prefix_that_means_nothing_or_several_is_told(tmp_path: Path) -> None:
    yard, files = write_yard(tmp_path), SessionFiles(tmp_path / SESSIONS)
    states = [files.create(model="m\x1b[2J", profile="readonly", agent="a") for _ in range(17)]  # of hexadecimal ids
    states[0].add_user_message("\x1b[2Jhi\nthere")
    ids = [state.session_id for state in states]
    shared = next(id[0] for id in ids if [one[0] for one in ids].count(id[0]) > 1)
    several = yard.run("watch", shared)
    assert (several.code, f"several sessions have ids that begin with {shared!r}: " in several.err) == (2, True)
    for prefix in ("x\x1b[2J", "", "../..", "zz"):
        assert yard.run("cancel", prefix).err.startswith(f"toolyard: no session's id begins with {prefix!r}; ")
    table = yard.run("ps", "--all").out
    assert "\x1b" not in table
    head, *rows = [line.split() for line in table.splitlines()]
    assert (head[0], head[-1], len(rows)) == ("ID", "PROMPT", 17)
    assert sorted(row[0] for row in rows) == sorted(id[:8] for id in ids)
    assert {row[1] for row in rows} == {"idle"}
    assert [row[-2:] for row in rows if row[0] == ids[0][:8]] == [["\\u001b[2Jhi", "there"]]
    assert yard.run("watch", ids[1]).err == f"session {ids[1]}: it was never run\n"
