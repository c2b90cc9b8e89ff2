"""Amazon's binary framing of events (vnd.amazon.eventstream), which botocore reads but does not write.

A frame: its length, the length of its headers, a checksum of both; headers; payload; a checksum of all before.
"""

from __future__ import annotations

import json
import struct
from typing import Any
from zlib import crc32

_STRING = 7
"""The type of a header whose value is text."""


def encode_event(kind: str, payload: dict[str, Any]) -> bytes:
    """One event as a frame."""
    names = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(_header(name, value) for name, value in names.items())
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", len(headers) + len(body) + 16, len(headers))
    frame = prelude + struct.pack(">I", crc32(prelude)) + headers + body
    return frame + struct.pack(">I", crc32(frame))


def _header(name: str, value: str) -> bytes:
    name_bytes, value_bytes = name.encode(), value.encode()
    return (
        struct.pack(">B", len(name_bytes)) + name_bytes + struct.pack(">BH", _STRING, len(value_bytes)) + value_bytes
    )
