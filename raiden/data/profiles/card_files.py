"""Character cards in pictures and archives: every text in the file that may be a card, the likeliest first.

What has nothing to do with the card (pixels, checksums, other chunks) is not looked at: the chunks of a PNG are walked
through by hand, for Pillow refuses the whole picture where one of them is damaged.
"""

import base64
import binascii
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from raiden.core.errors import ProfileError
from raiden.core.limits import MAX_MEMBER_BYTES, read_member

_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURES = {_PNG: "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WebP", b"GIF8": "GIF"}

_CHUNKS = ("ccv3", "chara")
"""Keywords of the text chunks that hold a card, version 3 first: a card may be there in both versions."""
# Damaged offsets and lengths are found where they are used; RuntimeError: encrypted, or packed in an unknown way.
_ARCHIVE_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
)
_CARD_FILES = re.compile(r"(?:.*/)?card\.json|characters/[^/]+/character\.json", re.IGNORECASE)
"""A .charx has its card in `card.json`, a Backyard archive one file for each character."""


@dataclass(frozen=True)
class Found:
    """A text that may be a card."""

    content: bytes
    place: str
    notes: list[str] = field(default_factory=list)


def unpack_card(content: bytes, path: str | Path) -> list[list[Found | ProfileError]]:
    """The texts of a file that may be cards, one list for each character; other files as they are.

    A picture may hold its card several times: the first in a list that can be read is the card.

    Raises:
        ProfileError: a picture or an archive has no card.
    """
    found: list[Found | ProfileError] = []
    if content.startswith(_PNG):
        found = list(_cards_in_png(content, path))
    # A .charx may begin with a picture: the archive is at the end.
    if not found and zipfile.is_zipfile(io.BytesIO(content)):
        return _cards_in_archive(content, path)
    if found:
        return [found]
    for signature, name in _PICTURES.items():
        if content.startswith(signature):
            raise ProfileError(
                f"{path}: a {name} picture without a character card (no `ccv3` or `chara` text in it); "
                "give the card, or a PNG exported with it."
            )
    if content.startswith(b"PK\x03\x04"):
        raise ProfileError(f"{path}: an archive that cannot be opened (cut off or damaged); export the card again.")
    return [[Found(content, str(path))]]


def _cards_in_png(content: bytes, path: str | Path) -> Iterator[Found | ProfileError]:
    chunks: dict[str, list[tuple[bytes, list[str]]]] = {keyword: [] for keyword in _CHUNKS}
    for keyword, text, notes in _text_chunks(content):
        if keyword.lower() in chunks:
            chunks[keyword.lower()].append((text, notes))
    for keyword, texts in chunks.items():
        for number, (text, notes) in enumerate(reversed(texts)):
            place = f"{path} ({keyword})"
            # Programs that add a second one write it behind the first.
            more = (
                [] if number or len(texts) == 1 else [f"kept, not used: {len(texts) - 1} earlier `{keyword}` chunks"]
            )
            decoded = _decoded(text)
            if decoded is None:
                yield ProfileError(f"{place}: the card in the picture is not base64; export the card again.")
            else:
                yield Found(decoded, place, notes + more)


def _text_chunks(content: bytes) -> Iterator[tuple[str, bytes, list[str]]]:
    """Keyword, text and notes of each text chunk that is whole: tEXt, zTXt, iTXt."""
    at = len(_PNG)
    while at + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        if len(body) < length:
            return
        if kind in (b"tEXt", b"zTXt", b"iTXt") and b"\x00" in body[:80]:
            checksum = content[at + 8 + length : at + 12 + length]
            is_whole = checksum == struct.pack(">I", zlib.crc32(kind + body))
            keyword, rest = body.split(b"\x00", 1)
            if (text := _unpacked(kind, rest)) is not None:
                notes = [] if is_whole else ["the picture is damaged (a wrong checksum); look at what was read"]
                yield keyword.decode("latin-1"), text, notes
        at += 12 + length


def _unpacked(kind: bytes, rest: bytes) -> bytes | None:
    """The text behind a chunk's keyword; None where it cannot be unpacked."""
    is_packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\x01")
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        parts = rest[2:].split(b"\x00", 2)
        if len(parts) < 3:
            return None
        rest = parts[2]
    if not is_packed:
        return rest
    try:
        text = zlib.decompressobj().decompress(rest, MAX_MEMBER_BYTES + 1)
    except zlib.error:
        return None
    return text if len(text) <= MAX_MEMBER_BYTES else None


def _decoded(text: bytes) -> bytes | None:
    """What stands in base64, of either alphabet and with or without padding; JSON as it is."""
    text = b"".join(text.split()).rstrip(b"\x00") if not text.lstrip().startswith(b"{") else text
    if text.lstrip().startswith(b"{"):
        return text
    text = text.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _cards_in_archive(content: bytes, path: str | Path) -> list[list[Found | ProfileError]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if _CARD_FILES.fullmatch(name)]
        found = [[Found(read_member(content, name, path, ProfileError), f"{path} ({name})")] for name in names]
    except ProfileError:
        raise
    except (KeyError, *_ARCHIVE_FAULTS) as fault:
        raise ProfileError(f"{path}: an archive that cannot be opened ({fault}); export the card again.") from fault
    if not found:
        raise ProfileError(f"{path}: an archive without card.json; give a character card.")
    return [[*one] for one in found]
