"""Keys and values of the profiles that a frozen reference has seen, kept from step to step within a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import torch
from torch import Tensor
from transformers import PreTrainedModel

from raiden.packing import Attention, Layout, Scoring
from raiden.packing.batching import MicroBatch, PackedRow
from raiden.packing.layout import MIN_SHARED
from raiden.packing.logps import token_logps


class ReferenceCache:
    """Log-probabilities under a model that never changes, without computing a known profile again.

    What prompts of a family have in common is found as they come: the first leaves its whole beginning, the next one
    cuts that down to what both share. The least recently used family goes first.
    """

    def __init__(self, max_bytes: int) -> None:
        """
        Args:
            max_bytes: of the keys and values that are kept from one pass to the next.
        """
        self.max_bytes = max_bytes
        self._known: OrderedDict[str, _Beginning] = OrderedDict()

    @property
    def num_bytes(self) -> int:
        """Of the keys and values that are kept now."""
        return sum(beginning.num_bytes for beginning in self._known.values())

    @torch.no_grad()
    def token_logps(self, model: PreTrainedModel, batch: MicroBatch, temperature: float) -> Tensor:
        """As `raiden.train.grpo.token_logps`; the micro-batch has a family.

        Shape:
            - output: ``(N,)``
        """
        assert batch.family is not None
        assert batch.packed is not None
        tokens = _beginning_of(batch.packed.layout)
        known = self._known.pop(batch.family, None)
        num_known = 0 if known is None else _num_equal(known.tokens, tokens)
        if known is None or num_known < MIN_SHARED:
            recorded = _Recorded(batch.packed.tree, len(tokens))
            logps, _ = token_logps(model, replace(batch, packed=replace(batch.packed, tree=recorded)), temperature)
            known = _Beginning(tokens, recorded.keys, recorded.values)
        else:
            known = known.cut(num_known)
            logps, _ = token_logps(model, _continued(batch, batch.packed, known), temperature)
        self._keep(batch.family, known)
        return logps

    def _keep(self, family: str, beginning: _Beginning) -> None:
        self._known[family] = beginning
        while self.num_bytes > self.max_bytes:
            self._known.popitem(last=False)


@dataclass(frozen=True)
class _Beginning:
    """Tokens from the start of a sequence on, and what each layer made of them."""

    tokens: tuple[int, ...]
    keys: Sequence[Tensor]
    """``(1, kv_heads, n, head_dim)`` of each layer."""
    values: Sequence[Tensor]

    @property
    def num_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in (*self.keys, *self.values))

    def cut(self, length: int) -> _Beginning:
        """Its first tokens alone; what is left out gives its memory back."""
        if length == len(self.tokens):
            return self
        keys, values = ([t[:, :, :length].clone() for t in tensors] for tensors in (self.keys, self.values))
        return _Beginning(self.tokens[:length], keys, values)


def _beginning_of(layout: Layout) -> tuple[int, ...]:
    """What all sequences of the row begin with, or those of its first tree."""
    root = layout.segments[0]
    # The last token of a prompt predicts a scored one: it is computed in any case.
    return layout.token_ids[: root.end if root.prompt is None else root.end - 1]


def _num_equal(some: Sequence[int], others: Sequence[int]) -> int:
    """Length of their common beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))


class _Recorded:
    """Attention that keeps each layer's keys and values of the row's first tokens."""

    def __init__(self, attention: Attention, num_tokens: int) -> None:
        self.attention = attention
        self.num_tokens = num_tokens
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        assert layer == len(self.keys), "layers are called in order"
        self.keys.append(key[:, :, : self.num_tokens].clone())
        self.values.append(value[:, :, : self.num_tokens].clone())
        return self.attention(layer, query, key, value, scale, scoring)


class _Continued:
    """Attention of a row whose first tokens are known: their queries are not there, and need no answer."""

    def __init__(self, attention: Attention, beginning: _Beginning) -> None:
        self.attention = attention
        self.beginning = beginning

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        num_known = len(self.beginning.tokens)
        key = torch.cat([self.beginning.keys[layer], key], dim=2)
        value = torch.cat([self.beginning.values[layer], value], dim=2)
        absent = query.new_zeros(*query.shape[:2], num_known, query.shape[3])
        out = self.attention(layer, torch.cat([absent, query], dim=2), key, value, scale, scoring)
        return out[:, :, num_known:]


def _continued(batch: MicroBatch, packed: PackedRow, known: _Beginning) -> MicroBatch:
    """The rest of a row."""
    num_known = len(known.tokens)
    return replace(
        batch,
        input_ids=batch.input_ids[:, num_known:],
        predictors=batch.predictors - num_known,
        packed=replace(packed, position_ids=packed.position_ids[:, num_known:], tree=_Continued(packed.tree, known)),
    )
