"""Keys and values of the profiles that a frozen reference has seen, kept from step to step within a bound."""

from collections import OrderedDict
from dataclasses import replace

import torch
from torch import Tensor
from transformers import PreTrainedModel

from raiden.packing import Attention, Scoring
from raiden.packing.batching import MicroBatch, PackedRow
from raiden.packing.cached_prefix import MIN_KNOWN, CachedPrefix, Continued, num_equal
from raiden.packing.logps import token_logps


class ReferenceCache:
    """Log-probabilities under a model that never changes, without computing a known profile again.

    What prompts of a family have in common is found as they come: the first leaves its whole beginning, the next one
    cuts that down to what both share. At most `max_bytes` are kept; the least recently used family goes first.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._known: OrderedDict[str, CachedPrefix] = OrderedDict()

    @property
    def num_bytes(self) -> int:
        """Of the keys and values that are kept now."""
        return sum(prefix.num_bytes for prefix in self._known.values())

    @torch.no_grad()
    def token_logps(self, model: PreTrainedModel, batch: MicroBatch, temperature: float) -> Tensor:
        """As `raiden.packing.token_logps`; the micro-batch has a family.

        Shape:
            - output: ``(N,)``
        """
        assert batch.family is not None
        assert batch.packed is not None
        # What all sequences of the row begin with, or those of its first tree; what predicts is computed in any case.
        layout = batch.packed.layout
        tokens = layout.token_ids[: min(layout.segments[0].end, int(batch.predictors.min()))]
        known = self._known.pop(batch.family, None)
        num_known = 0 if known is None else num_equal(known.tokens, tokens)
        if known is None or num_known < MIN_KNOWN:
            recorded = _Recorded(batch.packed.tree, len(tokens))
            logps, _ = token_logps(model, replace(batch, packed=replace(batch.packed, tree=recorded)), temperature)
            known = CachedPrefix(tokens, recorded.keys, recorded.values)
        else:
            known = known.cut(num_known)
            logps, _ = token_logps(model, _continued(batch, batch.packed, known), temperature)
        self._known[batch.family] = known
        while self.num_bytes > self.max_bytes:
            self._known.popitem(last=False)
        return logps


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


def _continued(batch: MicroBatch, packed: PackedRow, known: CachedPrefix) -> MicroBatch:
    """The rest of a row."""
    num_known = len(known.tokens)
    return replace(
        batch,
        input_ids=batch.input_ids[:, num_known:],
        predictors=batch.predictors - num_known,
        packed=replace(packed, position_ids=packed.position_ids[:, num_known:], tree=Continued(packed.tree, known)),
    )
