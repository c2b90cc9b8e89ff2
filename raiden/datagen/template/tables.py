"""The package's own tables of words and sentences."""

from typing import Any

from raiden.core.shipped import load_table


def table(name: str) -> dict[str, Any]:
    """A table of the `data` folder: `labels`, or the sentences of a language (`zh`, `ja`, `en`, `ko`)."""
    return load_table(__package__, name)
