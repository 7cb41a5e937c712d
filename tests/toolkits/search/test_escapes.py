"""No path, pattern or glob leads out of the root, and none becomes an option of ripgrep."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from tests.toolkits.search.yard import CANARY, Door, Recording, door, found_in, needs_ripgrep, write

pytestmark = pytest.mark.anyio

SWAPS = 300


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Every way out of the root leads to the canary."""
    write(tmp_path, {"secret.txt": CANARY, f"outside/{CANARY}": CANARY, "outside/secret.txt": CANARY})
    root = write(tmp_path / "root", {"notes.txt": "inside", "sub/notes.txt": "inside"})
    targets = {
        "link": "../secret.txt",
        "absolute": str(tmp_path / "secret.txt"),
        "up": "..",
        "out": "../outside",
        "sub/out": "../../outside",
        "loop": "loop",
        "chain": "out",
        "magic": "/proc/self/root",
        "fd": "/proc/self/fd",
        "environ": "/proc/self/environ",
    }
    for name, target in targets.items():
        (root / name).symlink_to(target)
    return root


PATHS = [
    *("..", "../", "../outside", "./../outside", "sub/../../outside", "../root/../outside", "sub/../.."),
    *("../secret.txt", "sub/..", "sub/../notes.txt", "link", "absolute", "up", "up/outside", "out", "out/"),
    *("out/secret.txt", "sub/out", "chain", "loop", "magic", "magic/etc", "fd", "fd/0", "environ"),
    *("/", "/etc", "/etc/passwd", "//etc", "/proc/self/environ", "~", "~root", "$HOME", "file:///etc/passwd"),
    *("-", "--", "-f/etc/passwd", "--pre=cat", "--files", "", "\0", "notes.txt\0", "a\nb", "\ud800", "..\\outside"),
    *("%2e%2e/outside", "\uff0e\uff0e/outside", "\u2025/outside", "a/" * 3000, "x" * 300),
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ascii(path)[:30])
async def test_a_path_that_leads_out_is_an_error_that_gives_nothing_away(search: Door, path: str) -> None:
    for outcome in (await search.grep(".", path=path), await search.glob("**/*", path=path)):
        assert outcome.status == "tool_error"
        assert CANARY not in outcome.text
        assert "root:x:" not in outcome.text
        assert "Traceback" not in outcome.text


async def test_no_link_is_followed_and_none_is_found(search: Door) -> None:
    assert found_in(await search.grep(".")) == ["notes.txt", "1:inside", "sub/notes.txt", "1:inside"]
    for pattern in ("**/*", "**", "*/**", "{*,*/*,*/*/*}"):
        assert set(found_in(await search.glob(pattern))) <= {"notes.txt", "sub/notes.txt"}
    for pattern in ("out/*", "up/**", "magic/etc/*", "link", "out/../secret.txt"):
        outcome = await search.glob(pattern)
        assert CANARY not in outcome.text
        assert not outcome.ok or found_in(outcome) == []


@pytest.mark.parametrize(
    "name",
    ["-e", "--pre=touch made", "-f", "--files", "-", "--", "--follow", "-uuu", "$(touch made)", "a;touch made", "a\nb"],
)
async def test_a_file_whose_name_looks_like_an_option_is_searched_like_any_other(
    search: Door, root: Path, name: str
) -> None:
    write(root, {name: "alpha", f"z/{name}": "alpha"})
    shown = name.replace("\n", "\\n")
    assert found_in(await search.grep("alpha")) == [shown, "1:alpha", f"z/{shown}", "1:alpha"]
    assert found_in(await search.grep("alpha", path=name)) == [shown, "1:alpha"]
    assert not (root / "made").exists()


@needs_ripgrep
async def test_a_config_of_ripgrep_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, {"ripgreprc": "--pre=./evil\n--follow\n", "evil": "#!/bin/sh\necho alpha"})
    (root / "evil").chmod(0o755)
    monkeypatch.setenv("RIPGREP_CONFIG_PATH", str(root / "ripgreprc"))
    backend = Recording()
    outcome = await door(root, backend=backend, ripgrep=True).grep("inside|^alpha")
    assert found_in(outcome) == ["notes.txt", "1:inside", "sub/notes.txt", "1:inside"]
    assert backend.ran
    assert all("RIPGREP_CONFIG_PATH" not in command.environment for command, _ in backend.ran)


@needs_ripgrep
async def test_a_link_that_ripgrep_is_made_to_follow_shows_nothing(root: Path) -> None:
    """Between the look at a folder and ripgrep's, a file has become a link that leads out."""

    class Swapping(Recording):
        async def run(self, command):  # type: ignore[no-untyped-def]
            (root / "sub/notes.txt").unlink()
            (root / "sub/notes.txt").symlink_to("../../secret.txt")
            return await super().run(command)

    outcome = await door(root, backend=Swapping(), ripgrep=True).grep("inside|canary")
    assert found_in(outcome) == ["notes.txt", "1:inside"]
    assert CANARY not in outcome.text


def swapping_a_file(root: Path) -> Callable[[], None]:
    """`swap` is a file, then a link out, with nothing between the two."""
    new = root / ".new"

    def swap() -> None:
        new.write_text("inside")
        new.replace(root / "swap")
        new.symlink_to("../secret.txt")
        new.replace(root / "swap")

    return swap


def swapping_a_folder(root: Path) -> Callable[[], None]:
    """`swap` is a folder, then a link to a folder outside."""
    write(root, {"swap/secret.txt": "inside"})
    (root / ".evil").symlink_to("../outside")

    def swap() -> None:
        (root / "swap").rename(root / ".kept")
        (root / ".evil").rename(root / "swap")
        (root / "swap").rename(root / ".evil")
        (root / ".kept").rename(root / "swap")

    return swap


@pytest.mark.parametrize("arrange", [swapping_a_file, swapping_a_folder])
async def test_a_folder_that_changes_while_it_is_searched_never_shows_what_is_outside(
    search: Door, root: Path, arrange: Callable[[Path], Callable[[], None]]
) -> None:
    swap = arrange(root)
    swapper = Thread(target=lambda: [swap() for _ in range(SWAPS)])
    swapper.start()
    while swapper.is_alive():
        for outcome in (
            await search.grep("inside|canary"),
            await search.grep("inside|canary", path="swap"),
            await search.glob("**/*"),
            await search.glob("*", path="swap"),
        ):
            assert CANARY not in outcome.text
    swapper.join()


async def test_special_files_are_passed_over(search: Door, root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert found_in(await search.grep(".")) == ["notes.txt", "1:inside", "sub/notes.txt", "1:inside"]
    outcome = await search.grep(".", path="pipe")
    assert outcome.status == "tool_error"
    assert "FIFO" in outcome.text
