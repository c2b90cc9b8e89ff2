"""The package's own tables of words and sentences."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=8)
def table(name: str) -> dict[str, Any]:
    """A table of the `data` folder: `labels`, or the sentences of a language (`zh`, `ja`, `en`, `ko`)."""
    return tomllib.loads((files(__package__) / "data" / f"{name}.toml").read_text(encoding="utf-8"))
