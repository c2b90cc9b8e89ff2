"""How large, long and deep the files of strangers may be; all that reads one asks here.

A bound is many times what real files have. It keeps a small file from becoming gigabytes, or hours, when it is opened.
"""

import io
import zipfile
from pathlib import Path
from typing import Any

from raiden.core.errors import InputError

MAX_FILE_BYTES = 2**30
"""A file that is read whole: parsed, JSON takes up to ten times as much. Large character collections have 200 MB."""
MAX_RECORD_BYTES = 2**26
"""A JSON record. A whole world in a card's character book takes some megabytes, pictures as base64 some tens."""
MAX_JSON_DEPTH = 100
"""Lists in lists. Cards with the extensions of several programs have ten; Python's own limit is near 1000."""
MAX_YAML_VALUES = 10**5
"""Of a YAML text with aliases, each counted with all that it stands for. Configurations have some hundreds."""
MAX_MEMBER_BYTES = MAX_RECORD_BYTES
"""A file unpacked from an archive."""
MAX_MEMBERS = 2**14
"""Files in an archive. Cards have some hundreds of pictures with them."""
MAX_INDEX_BYTES = 2**28
"""The index of a checkpoint's shards. 14 B parameters on 8 processes, with their optimizer states, take 3 MB."""
MAX_TEMPLATE_SECONDS = 10.0
"""Processor time that a chat template may take for one conversation. They take a thousandth."""
MAX_TEMPLATE_BYTES = 2**29
"""Memory of the process that renders them, 30 MiB without one."""
MAX_PROMPT_CHARACTERS = 2**24
"""Text that a template makes of one conversation. A context of a million tokens has four million."""
MAX_CONFIG_BYTES = 2**24
"""A configuration, a chat template, a model's index of its weights. The largest model has an index of 7 MB."""
MAX_TOKENIZER_BYTES = 2**28
"""A model's `tokenizer.json`. That of a vocabulary of 262,144 tokens has 33 MB."""

MAX_MODEL_SIZES = {
    "vocab_size": 2**22,
    "max_position_embeddings": 2**26,
    "n_positions": 2**26,
    **dict.fromkeys(("hidden_size", "n_embd", "d_model"), 2**16),
    **dict.fromkeys(("intermediate_size", "moe_intermediate_size", "n_inner", "ffn_dim", "d_ff"), 2**20),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "num_layers", "max_window_layers"), 2**10),
    **dict.fromkeys(("num_attention_heads", "num_key_value_heads", "n_head", "num_heads", "head_dim"), 2**12),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 2**12),
}
"""What a model's `config.json` may ask for, by name. Models of a trillion parameters stay far below each."""


def refuse_larger(path: str | Path, limit: int, error: type[InputError], remedy: str) -> None:
    """Looks at a file's size; one that is not there passes.

    Args:
        limit: in bytes.
        remedy: what to do about a file that is too large.

    Raises:
        InputError: of the class `error`; the message names file, size and limit.
    """
    path = Path(path)
    if path.is_file() and (size := path.stat().st_size) > limit:
        raise error(f"{path}: has {size:,} bytes, and at most {limit:,} are read; {remedy}.")


def is_deeper(value: Any, depth: int = MAX_JSON_DEPTH) -> bool:
    """Whether lists and objects of a JSON value lie in each other to more than this depth.

    >>> is_deeper([[1], {"a": [2]}], 3), is_deeper([[1], {"a": [2]}], 2)
    (False, True)
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        inside = (inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer))
        level = [inner for inner in inside if isinstance(inner, dict | list)]
    return bool(level)


def read_member(content: bytes, name: str, path: str | Path, error: type[InputError]) -> bytes:
    """A file unpacked from a zip archive.

    Raises:
        InputError: of the class `error`: the archive has too many files, or this one is too large.
        KeyError: it is not there. What zipfile raises for damage goes through as well.
    """
    num = content.count(b"PK\x01\x02")  # counted before zipfile makes an object of each entry
    if num > MAX_MEMBERS:
        raise error(f"{path}: an archive of {num:,} files, and at most {MAX_MEMBERS:,} are read; take some out.")
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(name) as file:
        unpacked = file.read(MAX_MEMBER_BYTES + 1)  # the size that the archive tells may be wrong
    if len(unpacked) > MAX_MEMBER_BYTES:
        raise error(f"{path}: {name} unpacks to more than {MAX_MEMBER_BYTES:,} bytes, which are not read; shorten it.")
    return unpacked
