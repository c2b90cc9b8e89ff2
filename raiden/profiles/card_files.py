"""Character cards in pictures and archives: the JSON inside, or why there is none."""

from __future__ import annotations

import base64
import binascii
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from raiden.errors import ProfileError
from raiden.limits import open_picture, read_member

_PNG = b"\x89PNG\r\n\x1a\n"
_ZIP = b"PK\x03\x04"

_CHUNKS = ("ccv3", "chara")
"""Keywords of the text chunks that hold a card, version 3 first: a card may be there in both versions."""
_PICTURE_FAULTS = (OSError, EOFError, SyntaxError, ValueError, struct.error)  # Pillow's own are among OSError
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
)
_CARD_FILE = "card.json"


def unpack_card(content: bytes, path: str | Path) -> tuple[bytes, str]:
    """The JSON of a card, and the place in the file where it was found; other files as they are.

    Raises:
        ProfileError: a picture or an archive is damaged or has no card.
    """
    if content.startswith(_PNG):
        return _card_in_png(content, path)
    if content.startswith(_ZIP):
        return _card_in_archive(content, path), f"{path} ({_CARD_FILE})"
    return content, str(path)


def _card_in_png(content: bytes, path: str | Path) -> tuple[bytes, str]:
    texts = _text_chunks(content, path)
    if not texts:
        raise ProfileError(f"{path}: a picture without a character card (no `ccv3` or `chara` text); give the card.")
    keyword = next(iter(texts))
    try:
        return base64.b64decode("".join(texts[keyword].split()), validate=True), f"{path} ({keyword})"
    except (binascii.Error, ValueError) as fault:
        raise ProfileError(f"{path}: `{keyword}` is not base64 ({fault}); export the card again.") from fault


def _text_chunks(content: bytes, path: str | Path) -> Mapping[str, str]:
    """The text chunks that hold a card, the newest version first."""
    try:
        with open_picture(content, path, ProfileError, ("PNG",)) as image:
            if _CHUNKS[0] not in image.info:
                image.load()  # chunks may stand behind the pixels
            return {keyword: image.info[keyword] for keyword in _CHUNKS if keyword in image.info}
    except ProfileError:
        raise
    except _PICTURE_FAULTS as fault:
        raise ProfileError(f"{path}: a damaged PNG picture ({fault}); export the card again.") from fault


def _card_in_archive(content: bytes, path: str | Path) -> bytes:
    try:
        return read_member(content, _CARD_FILE, path, ProfileError)
    except ProfileError:
        raise
    except KeyError as fault:
        raise ProfileError(f"{path}: an archive without {_CARD_FILE}; give a character card.") from fault
    except _ARCHIVE_FAULTS as fault:
        raise ProfileError(f"{path}: an archive that cannot be opened ({fault}); export the card again.") from fault
