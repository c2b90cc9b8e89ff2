"""What each layer made of tokens of an earlier pass: a row that begins with them goes on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import torch
from torch import Tensor

from raiden.packing.attention import Attention
from raiden.packing.scoring import Scoring

MIN_KNOWN = 16
"""Tokens; a shorter known beginning is computed again."""


@dataclass(frozen=True)
class CachedPrefix:
    """Tokens from the start of a sequence on, and what each layer made of them."""

    tokens: tuple[int, ...]
    keys: Sequence[Tensor]
    """``(1, kv_heads, n, head_dim)`` of each layer."""
    values: Sequence[Tensor]

    @property
    def num_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in (*self.keys, *self.values))

    def cut(self, length: int) -> CachedPrefix:
        """Its first tokens alone; what is left out gives its memory back."""
        if length == len(self.tokens):
            return self
        keys, values = ([t[:, :, :length].clone() for t in tensors] for tensors in (self.keys, self.values))
        return CachedPrefix(self.tokens[:length], keys, values)


def num_equal(some: Sequence[int], others: Sequence[int]) -> int:
    """Length of their common beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))


class Continued:
    """Attention of a row whose first tokens are known: their queries are not there, and need no answer."""

    def __init__(self, attention: Attention, prefix: CachedPrefix) -> None:
        self.attention = attention
        self.prefix = prefix

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        num_known = len(self.prefix.tokens)
        key = torch.cat([self.prefix.keys[layer], key], dim=2)
        value = torch.cat([self.prefix.values[layer], value], dim=2)
        absent = query.new_zeros(*query.shape[:2], num_known, query.shape[3])
        out = self.attention(layer, torch.cat([absent, query], dim=2), key, value, scale, scoring)
        return out[:, :, num_known:]


class PrefixCache:
    """Those of the prompts that were read last, within a bound; the least recently used goes first.

    Args:
        max_bytes: of keys and values.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._known: list[CachedPrefix] = []

    @property
    def num_bytes(self) -> int:
        return sum(known.num_bytes for known in self._known)

    def longest(self, tokens: tuple[int, ...]) -> CachedPrefix | None:
        """The most that is known of a prompt, never all of it: its last token has to be read for what follows."""
        best, length = None, MIN_KNOWN - 1
        for known in self._known:
            shared = min(num_equal(known.tokens, tokens), len(tokens) - 1)
            if shared > length:
                best, length = known, shared
        if best is None:
            return None
        self._known.remove(best)
        self._known.append(best)
        return best.cut(length)

    def keep(self, prefix: CachedPrefix) -> None:
        """Keeps a prompt that was read, in place of those that it goes on from."""
        self._known = [known for known in self._known if known.tokens != prefix.tokens[: len(known.tokens)]]
        self._known.append(prefix)
        while self.num_bytes > self.max_bytes:
            self._known.pop(0)

    def clear(self) -> None:
        self._known = []
