"""Completions -> micro-batches: packed prefix trees within a token budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from raiden.packing.attention import Attention, TreeAttention
from raiden.packing.layout import Layout, pack


@dataclass(frozen=True)
class Group:
    """A prompt and those of its completions that are trained on."""

    prompt: Sequence[int]
    completions: Sequence[Sequence[int]]
    rows: Sequence[int]
    """Index of each completion among all of the rollout."""
    family: str | None = None
    """Groups of different families never stand in one row."""


@dataclass(frozen=True)
class MicroBatch:
    """What one forward and backward pass computes; `N` scored tokens in a packed row of `T`."""

    input_ids: Tensor
    """``(1, T)``"""
    position_ids: Tensor
    """``(1, T)``"""
    layout: Layout
    tree: Attention
    predictors: Tensor
    """``(N,)``: where in the row the token stands that predicts each scored token."""
    targets: Tensor
    """``(N,)``: the scored tokens, completion after completion."""
    rows: Tensor
    """``(n,)``: index of each completion here among all of the rollout, in the order of the targets."""
    lengths: Tensor
    """``(n,)``: tokens of each of them."""
    family: str | None = None
    """Of its groups."""

    @property
    def sequence(self) -> Tensor:
        """``(N,)``: for each scored token the index of its completion, as in `rows`."""
        return torch.arange(len(self.rows), device=self.rows.device).repeat_interleave(self.lengths)


def micro_batches(groups: Sequence[Group], max_tokens: int, device: torch.device) -> Iterator[MicroBatch]:
    """Packs groups, in order, into rows of at most `max_tokens` tokens; shared tokens count once.

    A group that is too long is split among rows, its prompt repeated. One completion is never split: if it is
    too long with its prompt, it gets a row of its own.
    """
    return (_micro_batch(own, layout, device) for own, layout in packed_rows(groups, max_tokens))


def packed_rows(groups: Sequence[Group], max_tokens: int) -> Iterator[tuple[list[Group], Layout]]:
    """The rows of `micro_batches` before they are tensors: each one's groups, and where their tokens stand."""
    current: list[Group] = []
    layout: Layout | None = None
    for group in (part for whole in groups for part in _split(whole, max_tokens)):
        joins = layout is not None and group.family == current[-1].family and _may_fit(layout, group, max_tokens)
        together = _pack([*current, group]) if joins or layout is None else None
        if layout is not None and (together is None or len(together) > max_tokens):
            yield current, layout
            current, together = [], _pack([group])
        current, layout = [*current, group], together
    if layout is not None:
        yield current, layout


def _may_fit(layout: Layout, group: Group, max_tokens: int) -> bool:
    """Of a group's prompt the last token at least is its own, and so are its completions: told without packing."""
    return len(layout) + 1 + sum(map(len, group.completions)) <= max_tokens


def filler_batches(
    shares: Sequence[Sequence[Group]], rank: int, max_tokens: int, device: torch.device
) -> Iterator[MicroBatch]:
    """As many small micro-batches as a process lacks beside the busiest: gathering shards needs everyone.

    Args:
        shares: the groups of each process, by rank.
    """
    if len(shares) == 1:
        return
    counts = [sum(1 for _ in packed_rows(share, max_tokens)) for share in shares]
    for _ in range(max(counts) - counts[rank]):
        group = next(group for share in shares for group in share)
        yield from micro_batches([replace(group, completions=group.completions[:1], rows=group.rows[:1])], 1, device)


def _split(group: Group, max_tokens: int) -> Iterator[Group]:
    """Parts of a group that fit the budget, at least one completion each."""
    start, used = 0, len(group.prompt)
    for i, completion in enumerate(group.completions):
        if i > start and used + len(completion) > max_tokens:
            yield replace(group, completions=group.completions[start:i], rows=group.rows[start:i])
            start, used = i, len(group.prompt)
        used += len(completion)
    yield replace(group, completions=group.completions[start:], rows=group.rows[start:])


def _pack(groups: list[Group]) -> Layout:
    return pack([g.prompt for g in groups], [g.completions for g in groups])


def _micro_batch(groups: list[Group], layout: Layout, device: torch.device) -> MicroBatch:
    predictors: list[int] = []
    targets: list[int] = []
    rows: list[int] = []
    lengths: list[int] = []
    for segment in layout.segments:
        if segment.prompt is None:
            continue
        rows += groups[segment.prompt].rows
        for start, end in segment.completions:
            # The prompt's last token predicts the first of each completion.
            predictors += [segment.end - 1, *range(start, end - 1)]
            targets += layout.token_ids[start:end]
            lengths.append(end - start)

    def tensor(values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=device)

    return MicroBatch(
        input_ids=tensor(layout.token_ids)[None],
        position_ids=tensor(layout.position_ids)[None],
        layout=layout,
        tree=TreeAttention(layout, device),
        predictors=tensor(predictors),
        targets=tensor(targets),
        rows=tensor(rows),
        lengths=tensor(lengths),
        family=groups[0].family,
    )
