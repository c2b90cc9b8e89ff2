"""Tree attention run by run, by PyTorch's public function: where a device's kernels do not tell their normalisers, and
where scores are not plain (sliding windows, caps as in Gemma 2, sinks as in gpt-oss)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from raiden.packing.layout import Run
from raiden.packing.masks import run_mask, window_mask


@dataclass(frozen=True)
class Scoring:
    """What a layer does to its scores, beside scaling them."""

    window: int | None = None
    """A token sees itself and those before it, this many in all."""
    cap: float | None = None
    """``cap * tanh(score / cap)``"""
    sinks: Tensor | None = None
    """``(heads,)``: the score of a key without a value, beside those that a token sees."""

    @property
    def fused(self) -> bool:
        """Whether PyTorch's attention computes it, by a mask."""
        return self.cap is None and self.sinks is None

    def is_plain(self, length: int) -> bool:
        """Whether nothing is done to the scores of sequences of at most so many tokens."""
        return self.fused and (self.window is None or length <= self.window)

    def weights(self, scores: Tensor, hidden: Tensor | None) -> Tensor:
        """What the scores weigh, in their own type.

        Args:
            hidden: true for the keys that a token does not see; None: it sees all.

        Shape:
            - scores, output: ``(kv_heads, groups, tokens, keys)``
            - hidden: what broadcasts to it
        """
        if self.cap is not None:
            scores = self.cap * (scores / self.cap).tanh()
        if hidden is not None:
            scores = scores.masked_fill(hidden, -torch.inf)
        wide = torch.promote_types(scores.dtype, torch.float32)
        if self.sinks is None:
            return scores.softmax(dim=-1, dtype=wide).to(scores.dtype)
        sinks = self.sinks.to(scores.dtype).view(*scores.shape[:2], 1, 1).expand(*scores.shape[:3], 1)
        return torch.cat([scores, sinks], dim=-1).softmax(dim=-1, dtype=wide)[..., :-1].to(scores.dtype)


def scoring_of(asked: Mapping[str, Any]) -> Scoring | None:
    """By the arguments that a layer gives its attention function; None: plain scores."""
    scoring = Scoring(asked.get("sliding_window"), asked.get("softcap"), asked.get("s_aux"))
    return None if scoring.fused and scoring.window is None else scoring


class ScoredRuns:
    """Each run against the part of its own sequence that it may see."""

    def __init__(self, runs: Sequence[Run], device: torch.device) -> None:
        self.runs = runs
        self.device = device
        self.firsts = [sum(len(runs[i]) for i in run.before) for run in runs]
        """Where each run begins in its sequences."""
        self._masks: dict[tuple[int, int, int], Tensor] = {}

    def is_plain(self, scoring: Scoring) -> bool:
        """Whether all sequences fit into the window, and nothing else is asked."""
        longest = max(first + len(run) for first, run in zip(self.firsts, self.runs, strict=True))
        return scoring.is_plain(longest)

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring) -> Tensor:
        """Attention output; shapes as in `cascade_attention`."""
        # A key head and the query heads that share it are a row of the batch: (kv_heads, groups or 1, T, head_dim).
        lengths = [len(run) for run in self.runs]
        queries = query[0].unflatten(0, (key.shape[1], -1)).split(lengths, dim=2)
        keys, values = (states.transpose(0, 1).split(lengths, dim=2) for states in (key, value))
        outputs = []
        for number, run in enumerate(self.runs):
            seen = [*run.before, number]
            # Keys that even the run's first token does not see any more are left out.
            start = max(0, self.firsts[number] + 1 - scoring.window) if scoring.window is not None else 0
            own_keys, own_values = (torch.cat([s[i] for i in seen], dim=2)[:, :, start:] for s in (keys, values))
            outputs.append(self._attend(queries[number], own_keys, own_values, scale, scoring))
        return torch.cat(outputs, dim=2).flatten(0, 1)[None]

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring) -> Tensor:
        """The attention of one run, whose own keys are the last ones."""
        mask = self._mask(query.shape[2], key.shape[2], scoring.window)
        if scoring.fused:
            one_for_all = (-1, query.shape[1], -1, -1)
            return scaled_dot_product_attention(
                query, key.expand(one_for_all), value.expand(one_for_all), attn_mask=mask, scale=scale
            )
        return scoring.weights(query @ key.transpose(2, 3) * scale, ~mask) @ value

    def _mask(self, length: int, num_keys: int, window: int | None) -> Tensor:
        """Which keys each token of a run sees; true where it does."""
        size = (length, num_keys - length, window or num_keys)
        if size not in self._masks:
            self._masks[size] = window_mask(*size, self.device)
        return self._masks[size]


class RunByRun:
    """Each run against the runs before it in its own sequence.

    No score is computed that is not used, but for the upper triangle of a run's own tokens. Keys and values are never
    repeated for the query heads that share them.
    """

    def __init__(self, runs: Sequence[Run], device: torch.device) -> None:
        self.runs = runs
        self.lengths = [len(run) for run in runs]
        sizes = {(len(run), sum(self.lengths[i] for i in run.before)) for run in runs if run.before}
        self.masks = {size: run_mask(*size, device) for size in sizes}
        """By the numbers of a run's tokens and of those before it; a run with none before it is plainly causal."""

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Attention output; shapes as in `cascade_attention`."""
        # A key head and the query heads that share it are a row of the batch: (kv_heads, groups or 1, T, head_dim).
        queries = query[0].unflatten(0, (key.shape[1], -1)).split(self.lengths, dim=2)
        keys = key.transpose(0, 1).split(self.lengths, dim=2)
        values = value.transpose(0, 1).split(self.lengths, dim=2)
        outputs = []
        for number, run in enumerate(self.runs):
            seen = [*run.before, number]
            outputs.append(self._attend(queries[number], _joined(keys, seen), _joined(values, seen), scale))
        return torch.cat(outputs, dim=2).flatten(0, 1)[None]

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """The attention of one run, whose own keys are the last ones."""
        groups, length = query.shape[1:3]
        mask = self.masks.get((length, key.shape[2] - length))
        one_for_all = (-1, groups, -1, -1)
        return scaled_dot_product_attention(
            query,
            key.expand(one_for_all),
            value.expand(one_for_all),
            attn_mask=mask,
            is_causal=mask is None,
            scale=scale,
        )


def _joined(parts: Sequence[Tensor], numbers: Sequence[int]) -> Tensor:
    return torch.cat([parts[i] for i in numbers], dim=2) if len(numbers) > 1 else parts[numbers[0]]
