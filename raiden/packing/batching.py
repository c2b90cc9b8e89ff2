"""Completions -> micro-batches within a token budget: packed prefix trees, or separate rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import torch
from torch import Tensor

from raiden.packing.attention import Attention, TreeAttention
from raiden.packing.layout import MIN_SAVED, Layout, pack


class Packing(Enum):
    """How completions stand in the rows of a model's passes."""

    SHARED = "shared"
    """One packed row, in which what they share stands once."""
    ROWS = "rows"
    """A row each, padded on the right to the longest of the batch."""
    ALONE = "rows of one length"
    """A row each, only those of the same length together: the model computes a row otherwise beside a longer one."""


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
class PackedRow:
    """How the tokens of a packed row see one another."""

    layout: Layout
    position_ids: Tensor
    """``(1, T)``"""
    tree: Attention


@dataclass(frozen=True)
class MicroBatch:
    """What one forward and backward pass computes: `M` scored tokens in `B` rows of `T`, one where they are packed.

    They serve `N` tokens of completions: as many as there are, or more where completions begin alike.
    """

    input_ids: Tensor
    """``(B, T)``"""
    predictors: Tensor
    """``(M,)``: where in the rows, one behind another, the token stands that predicts each target."""
    targets: Tensor
    """``(M,)``: the scored tokens; what completions share at their beginning is there once."""
    nodes: Tensor
    """``(N,)``: for each token of each completion, completion after completion, its index among the targets."""
    rows: Tensor
    """``(n,)``: index of each completion here among all of the rollout."""
    lengths: Tensor
    """``(n,)``: tokens of each of them."""
    packed: PackedRow | None = None
    """None: separate rows, which the model computes by its own attention and positions."""
    family: str | None = None
    """Of its groups."""
    is_filler: bool = False
    """Whether it is computed only because other processes have more passes; nothing is made of it."""

    @property
    def sequence(self) -> Tensor:
        """``(N,)``: for each scored token the index of its completion, as in `rows`."""
        return torch.arange(len(self.rows), device=self.rows.device).repeat_interleave(
            self.lengths, output_size=len(self.nodes)
        )


def micro_batches(
    groups: Sequence[Group], max_tokens: int, device: torch.device, packing: Packing = Packing.SHARED
) -> Iterator[MicroBatch]:
    """Packs groups, in order, into rows of at most `max_tokens` tokens; shared tokens count once.

    A group that is too long is split among rows, its prompt repeated. One completion is never split: if it is
    too long with its prompt, it gets a row of its own.

    Args:
        packing: of the model that computes them; separate rows are gone through by their length.
    """
    if packing is not Packing.SHARED:
        batches = row_batches(groups, max_tokens, together=packing is Packing.ROWS)
        return (_separate_rows(rows, device) for rows in batches)
    return (_micro_batch(own, layout, device) for own, layout in packed_rows(groups, max_tokens))


def packed_rows(groups: Sequence[Group], max_tokens: int) -> Iterator[tuple[list[Group], Layout]]:
    """The rows of `micro_batches` before they are tensors: each one's groups, and where their tokens stand."""
    current: list[Group] = []
    layout: Layout | None = None
    for group in (part for whole in groups for part in _split(whole, max_tokens)):
        joins = layout is not None and group.family == current[-1].family and len(layout) <= max_tokens
        together = pack_groups([*current, group]) if joins or layout is None else None
        if layout is not None and (together is None or len(together) > max_tokens):
            yield current, layout
            current, together = [], pack_groups([group])
        current, layout = [*current, group], together
    if layout is not None:
        yield current, layout


def num_micro_batches(groups: Sequence[Group], max_tokens: int, packing: Packing) -> int:
    """How many micro-batches the groups make."""
    if packing is Packing.SHARED:
        return sum(1 for _ in packed_rows(groups, max_tokens))
    return sum(1 for _ in row_batches(groups, max_tokens, together=packing is Packing.ROWS))


def _split(group: Group, max_tokens: int) -> Iterator[Group]:
    """Parts of a group that fit the budget, at least one completion each."""
    start = 0
    for i in range(1, len(group.completions)):
        longer = _part(group, start, i + 1)
        # Packing is needed only where the tokens would not fit one by one; MIN_SAVED: where no prompt is shared.
        most = len(longer.prompt) + sum(map(len, longer.completions)) + MIN_SAVED
        if most > max_tokens and len(pack_groups([longer])) > max_tokens:
            yield _part(group, start, i)
            start = i
    yield _part(group, start, len(group.completions))


def _part(group: Group, start: int, end: int) -> Group:
    return replace(group, completions=group.completions[start:end], rows=group.rows[start:end])


def _histories(groups: Sequence[Group]) -> list[tuple[int, ...]]:
    """What a pass reads for each completion: the prompt and all but the last token, which predicts nothing."""
    return [(*group.prompt, *completion[:-1]) for group in groups for completion in group.completions]


def _carriers(histories: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[int, ...]]:
    """For each history one that begins with it and that no longer one begins with."""
    carriers: dict[tuple[int, ...], tuple[int, ...]] = {}
    carrier: tuple[int, ...] = ()
    # In this order a history stands right behind those that begin with it.
    for history in sorted(set(histories), reverse=True):
        if carrier[: len(history)] != history:
            carrier = history
        carriers[history] = carrier
    return {history: carriers[history] for history in histories}


def pack_groups(groups: Sequence[Group]) -> Layout:
    """The row of the groups' histories; one that another begins with needs no place of its own."""
    return pack(list(dict.fromkeys(_carriers(_histories(groups)).values())))


def _micro_batch(groups: Sequence[Group], layout: Layout, device: torch.device) -> MicroBatch:
    histories = _histories(groups)
    carriers = _carriers(histories)
    paths = dict(zip(dict.fromkeys(carriers.values()), layout.paths(), strict=True))
    completions = [(len(group.prompt), completion) for group in groups for completion in group.completions]
    numbers: dict[tuple[int, int], int] = {}
    nodes: list[int] = []
    for history, (prompt, completion) in zip(histories, completions, strict=True):
        # The prompt's last token predicts the first one.
        scored = zip(paths[carriers[history]][prompt - 1 : len(history)], completion, strict=True)
        nodes += [numbers.setdefault(pair, len(numbers)) for pair in scored]

    def tensor(values: Iterable[int]) -> Tensor:
        return torch.tensor(list(values), dtype=torch.long, device=device)

    return MicroBatch(
        input_ids=tensor(layout.token_ids)[None],
        predictors=tensor(place for place, _ in numbers),
        targets=tensor(token for _, token in numbers),
        nodes=tensor(nodes),
        rows=tensor(row for group in groups for row in group.rows),
        lengths=tensor(len(completion) for _, completion in completions),
        packed=PackedRow(layout, tensor(layout.position_ids)[None], TreeAttention(layout, device)),
        family=groups[0].family,
    )


def _separate_rows(rows: Sequence[Row], device: torch.device) -> MicroBatch:
    """No mask is needed: what stands behind a row's own tokens is seen by none of them."""
    width = max(map(len, rows))
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    for place, row in zip(ids, rows, strict=True):
        place[: len(row)] = torch.tensor([*row.prompt, *row.completion])
    firsts = [i * width + len(row.prompt) - 1 for i, row in enumerate(rows)]
    predictors = [first + n for first, row in zip(firsts, rows, strict=True) for n in range(len(row.completion))]

    def tensor(values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=device)

    return MicroBatch(
        input_ids=ids.to(device),
        predictors=tensor(predictors),
        targets=tensor([token for row in rows for token in row.completion]),
        nodes=torch.arange(len(predictors), device=device),
        rows=tensor([row.number for row in rows]),
        lengths=tensor([len(row.completion) for row in rows]),
    )


@dataclass(frozen=True)
class Row:
    """A prompt and one completion of it, for models that the prefix tree does not compute."""

    prompt: Sequence[int]
    completion: Sequence[int]
    number: int
    """Index of the completion among all of the rollout."""

    def __len__(self) -> int:
        return len(self.prompt) + len(self.completion)


def rows_of(groups: Sequence[Group]) -> list[Row]:
    """One for each completion, shortest first."""
    rows = [
        Row(group.prompt, completion, number)
        for group in groups
        for completion, number in zip(group.completions, group.rows, strict=True)
    ]
    return sorted(rows, key=len)


def row_batches(groups: Sequence[Group], max_tokens: int, together: bool) -> Iterator[list[Row]]:
    """Rows of about one length, at most `max_tokens` tokens a batch, padding counted; one row at least.

    Args:
        together: whether rows of different lengths may stand in one batch.
    """
    batch: list[Row] = []
    for row in rows_of(groups):
        fits = len(row) * (len(batch) + 1) <= max_tokens and (together or len(row) == len(batch[0]) if batch else True)
        if batch and not fits:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
