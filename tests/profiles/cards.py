"""A good character card of version 3, to be changed by tests, and the files that hold cards."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo


def card(**changes: Any) -> dict[str, Any]:
    """A card with these fields of `data` changed; `...` takes a field out."""
    data = {
        "name": "Ada",
        "description": "{{char}} keeps a bakery in York.",
        "personality": "blunt, generous",
        "scenario": "{{user}} waits at the counter.",
        "first_mes": "Next!",
        "mes_example": "<START>\n{{user}}: A loaf?\n{{char}}: Rye or wheat?",
    }
    data = {key: value for key, value in {**data, **changes}.items() if value is not ...}
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}


def write_text(path: Path, value: Any) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2), "utf-8")
    return path


def encoded(value: Any) -> str:
    """A card as it stands in a picture."""
    return base64.b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()


def png(chunks: dict[str, str], kind: str = "tEXt", size: tuple[int, int] = (4, 4), at_the_end: bool = False) -> bytes:
    """A picture with text chunks of a kind: tEXt, zTXt or iTXt."""
    info = PngInfo()
    for keyword, text in chunks.items():
        if kind == "iTXt":
            info.add_itxt(keyword, text)
        else:
            info.add_text(keyword, text, zip=kind == "zTXt")
    file = io.BytesIO()
    Image.new("1", size).save(file, "PNG", pnginfo=info)
    return _chunks_last(file.getvalue()) if at_the_end else file.getvalue()


def _chunks_last(content: bytes) -> bytes:
    """The same picture with its text behind the pixels, where most programs write it."""
    chunks, start = [], 8
    while start < len(content):
        end = start + 12 + int.from_bytes(content[start : start + 4])
        chunks.append(content[start:end])
        start = end
    chunks.sort(key=lambda chunk: [b"IHDR", b"IDAT", b"tEXt", b"IEND"].index(chunk[4:8]))
    return content[:8] + b"".join(chunks)


def charx(files: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()
