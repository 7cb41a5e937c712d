"""`SessionStore`: real sessions of real agents, with the model that echoes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from toolyard_agents.agent import Agent
from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.models.noop import NoopModel
from toolyard_agents.state.state import State
from toolyard_agents.store.store import SessionStore
from toolyard_kernel.errors import UnknownName

pytestmark = pytest.mark.anyio


def echoing(work: Path, profile: str = "readonly") -> Agent:
    return Agent(AgentConfig(model="scripted", profile=profile, working_dir=str(work)))


def said(state: State) -> list[str]:
    return [message.content for message in state.messages]


def test_the_default_folder_is_in_the_configuration() -> None:
    assert SessionStore().folder == Path(os.environ["XDG_CONFIG_HOME"]) / "toolyard" / "sessions"
    assert not SessionStore().folder.exists()
    assert SessionStore().list() == []
    assert SessionStore().get_latest_id() is None


async def test_a_session_is_stored_while_it_runs_and_goes_on_in_another_store(tmp_path: Path) -> None:
    store = SessionStore(str(tmp_path / "sessions"))
    session = store.create_session(echoing(tmp_path))
    statuses: list[str] = []
    await session.run("one", on_event=lambda event: statuses.append(store.list()[0].status))
    assert set(statuses[:-1]) == {"running"}
    again = SessionStore(tmp_path / "sessions").resume(session.state.session_id, echoing(tmp_path, "developer"))
    await again.run("two")
    assert said(again.state) == ["one", "one", "two", "two"]
    trace = tmp_path / "sessions" / session.state.session_id / "state.jsonl"
    assert State.from_jsonl(trace).entries == again.state.entries
    (info,) = store.list()
    assert (info.model, info.profile, info.status, info.first_prompt) == ("scripted", "developer", "completed", "one")
    assert store.get_latest_id() == info.id == session.state.session_id


async def test_an_older_session_object_notices_that_its_session_has_gone_on(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    old = store.create_session(echoing(tmp_path))
    new = store.resume(old.state.session_id, echoing(tmp_path))
    await new.run("one")
    with pytest.raises(OSError, match="has gone on elsewhere since"):
        await old.run("two")
    await new.run("three")
    assert said(store.resume(old.state.session_id, echoing(tmp_path)).state) == ["one", "one", "three", "three"]


def test_a_model_that_is_an_object_is_listed_by_its_name(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    store.create_session(Agent(name="quiet", model=NoopModel(), tools=[]))
    assert store.list()[0].model == NoopModel().name


def test_a_deleted_session_cannot_be_resumed(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    session_id = store.create_session(echoing(tmp_path)).state.session_id
    store.delete(session_id)
    with pytest.raises(UnknownName, match=session_id):
        store.resume(session_id, echoing(tmp_path))
