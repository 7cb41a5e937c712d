"""What a file is, by its first bytes."""

from __future__ import annotations

_BINARIES = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x7fELF", "a program or library"),
    (b"MZ\x90\x00", "a Windows program"),
    (b"\xca\xfe\xba\xbe", "a Java class or a macOS program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\x00asm", "a WebAssembly module"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet table"),
    (b"ID3", "MP3 audio"),
    (b"OggS", "Ogg audio or video"),
)

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def image_type(head: bytes) -> str | None:
    """The MIME type of an image that a model can look at."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return next((mime_type for magic, mime_type in _IMAGES if head.startswith(magic)), None)


def binary_kind(head: bytes) -> str | None:
    """What a well-known binary file is, even where its beginning could pass for text."""
    return next((kind for magic, kind in _BINARIES if head.startswith(magic) and _is_no_text(magic, head)), None)


def _is_no_text(magic: bytes, head: bytes) -> bool:
    """`BZh`, `ID3`, `PAR1` and `OggS` are also how a text may begin."""
    return not magic.isalnum() or b"\0" in head
