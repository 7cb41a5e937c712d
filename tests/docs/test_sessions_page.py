"""The commands of docs/sessions.md do what it says, in its order."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.models.chat_server import Connection, text_turn
from tests.server.control_scene import LOOKS, Scene, at_once, ended, playing, waits

pytestmark = pytest.mark.anyio

PAGE = (Path(__file__).parents[2] / "docs/sessions.md").read_text()
FIRST, MEANWHILE, AFTERWARDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def commands(block: str, id: str = "") -> Iterator[list[str]]:
    """What a shell makes of the lines, for a session with this id instead of `3f`."""
    for line in block.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "toolyard"
        yield [id[:8] if argument == "3f" else argument for argument in arguments]


async def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path) -> None:
    turns = (waits(LOOKS), at_once(LOOKS), at_once(Connection.gone), at_once(text_turn("They are blue.")))
    (run,) = commands(FIRST)
    async with playing(tmp_path, *turns) as scene, scene.running(*run) as running:
        await scene.until_asked(1)
        id = await scene.until_status("running")
        ps, watch, pause, say, resume, cancel = commands(MEANWHILE, id)
        assert id[:8] in (await scene.at(*ps)).out
        async with scene.running(*watch) as watching:
            assert (await scene.at(*pause)).out == f"{id} pauses before its next step\n"
            assert (await scene.at(*say)).out == f"{id} tells its model when it is resumed\n"
            scene.go_on.set()
            await scene.until_status("paused")
            assert (await scene.at(*resume)).out == f"{id} goes on\n"
            await scene.until_asked(3)
            assert "Skip the pictures." in _said(scene, 1)
            assert (await scene.at(*cancel)).out == f"{id} was cancelled, and has ended\n"
            assert (await ended(watching))[0] == 0
        assert (await ended(running))[0] == 130
        ps_all, go_on = commands(AFTERWARDS, id)
        assert "cancelled" in (await scene.at(*ps_all)).out
        assert (await scene.at(*go_on)).out == "They are blue.\n"
        assert _said(scene, 3)[-1] == "And now the pictures."
        assert [one["status"] for one in json.loads((await scene.at("ps", "--all", "--json")).out)] == ["completed"]


def _said(scene: Scene, request: int) -> list[str]:
    return [message["content"] for message in scene.messages(request) if message["role"] == "user"]
