"""`read` tells texts of several encodings from images and from what is no text."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from tests.toolkits.files.yard import Door, frame_of, lines_of
from toolyard_kernel.content import Image
from toolyard_toolkits.files.decoding import CHUNK

pytestmark = pytest.mark.anyio

TEXT = "naïve café\nsecond line\n"
LINES = [(1, "naïve café"), (2, "second line")]


@pytest.mark.parametrize(
    ("content", "label"),
    [
        (TEXT.encode(), ""),
        (TEXT.encode("utf-8-sig"), "UTF-8 with BOM"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "UTF-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-32"), "UTF-32"),
        (TEXT.encode("latin-1"), "latin-1"),
    ],
)
async def test_a_text_is_shown_whatever_its_encoding_which_is_named(
    files: Door, root: Path, content: bytes, label: str
) -> None:
    (root / "text").write_bytes(content)
    outcome = await files.read("text")
    assert lines_of(outcome) == LINES
    about = f"text: 2 lines, {len(content)} bytes"
    assert frame_of(outcome)[0] == (f"{about}, {label}" if label else about)


@pytest.mark.parametrize(
    ("content", "shown", "label"),
    [
        (b"a\r\nb\r\n", ["a", "b"], "CRLF line endings"),
        (b"a\rb\r", ["a", "b"], "CR line endings"),
        (b"a\r\nb\nc", ["a", "b", "c"], "mixed line endings"),
        (b"10%\r20%\rdone\nb\n", ["10%\r20%\rdone", "b"], "mixed line endings"),
        (b"a\n\n\nb\n", ["a", "", "", "b"], ""),
        ("a\u2028b\x0bc\x0cd\x85e\n".encode(), ["a\u2028b\x0bc\x0cd\x85e"], ""),
        ("a\r\nb".encode("utf-16"), ["a", "b"], "CRLF line endings"),
    ],
)
async def test_lines_end_where_grep_and_git_end_them(
    files: Door, root: Path, content: bytes, shown: list[str], label: str
) -> None:
    (root / "text").write_bytes(content)
    outcome = await files.read("text")
    assert lines_of(outcome) == list(enumerate(shown, 1))
    assert label in frame_of(outcome)[0]
    assert label or "endings" not in frame_of(outcome)[0]


@pytest.mark.parametrize("offset", [-3, -2, -1, 0, 1])
async def test_a_character_or_a_line_end_on_the_edge_of_a_chunk_stays_whole(
    files: Door, root: Path, offset: int
) -> None:
    before = "x" * 63 + "\n"
    filler = before * (CHUNK // 64 - 1) + "y" * (64 + offset - 1)
    (root / "text").write_bytes(f"{filler}€\r\nend\r\n".encode())
    outcome = await files.read("text", start_line=CHUNK // 64)
    assert [line for _, line in lines_of(outcome)] == ["y" * (63 + offset) + "€", "end"]


async def test_one_odd_byte_far_into_a_file_makes_all_of_it_latin_1(files: Door, root: Path) -> None:
    (root / "text").write_bytes(b"plain\n" * CHUNK + b"caf\xe9\n")
    outcome = await files.read("text", start_line=CHUNK + 1)
    assert lines_of(outcome) == [(CHUNK + 1, "café")]
    assert "latin-1" in frame_of(outcome)[0]


def zipped() -> bytes:
    with io.BytesIO() as target:
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("a.txt", "a")
        return target.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
        (zipped(), "a ZIP archive"),
        (gzip.compress(b"text", mtime=0), "gzip data"),
        (b"SQLite format 3\x00" + bytes(100), "an SQLite database"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "a program"),
        (b"text with a \0 in it", "binary data"),
        (b"caf\xe9 \x01", "binary data"),
        (b"caf\xe9\n" * CHUNK + b"\0", "binary data"),
        (bytes(range(1, 256)), "binary data"),
    ],
)
async def test_what_is_no_text_is_refused_by_the_name_of_what_it_is(
    files: Door, root: Path, content: bytes, kind: str
) -> None:
    (root / "file.bin").write_bytes(content)
    outcome = await files.read("file.bin")
    assert outcome.status == "tool_error"
    assert outcome.text.startswith(f"file.bin: this is {kind}")
    assert f"({len(content)} bytes)" in outcome.text
    assert "use a tool that" in outcome.text


async def test_words_that_look_like_magic_bytes_are_text(files: Door, root: Path) -> None:
    for word in ("BZh", "ID3", "PAR1", "OggS", "RIFF", "MZ", "PK"):
        (root / "text").write_text(f"{word} is a word\n")
        assert lines_of(await files.read("text")) == [(1, f"{word} is a word")]


IMAGES = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff\xe0", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
]
FIVE_MIB = 5 * 1024 * 1024


@pytest.mark.parametrize(("magic", "mime_type"), IMAGES)
async def test_an_image_is_shown_as_one_whatever_its_name(
    files: Door, root: Path, magic: bytes, mime_type: str
) -> None:
    data = magic + bytes(range(256)) * 400
    (root / "picture.txt").write_bytes(data)
    outcome = await files.read("picture.txt")
    assert outcome.content == (Image(data=data, mime_type=mime_type),)


async def test_an_image_of_five_mebibytes_is_refused_and_one_byte_less_is_not(files: Door, root: Path) -> None:
    (root / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n".ljust(FIVE_MIB - 1, b"\0"))
    (root / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n".ljust(FIVE_MIB, b"\0"))
    assert (await files.read("a.png")).ok
    refused = await files.read("b.png")
    assert refused.status == "tool_error"
    assert f"{FIVE_MIB} bytes" in refused.text
    assert refused.content[1:] == ()
