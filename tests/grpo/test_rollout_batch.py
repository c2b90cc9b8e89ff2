"""A rollout as one flat record: where each token stands, and what has a pass."""

from __future__ import annotations

import torch

from raiden.packing import Group, micro_batches
from raiden.train.grpo import ObjectiveConfig
from raiden.train.grpo.batch import make_batch
from tests.grpo.records import make_rollout

CPU = torch.device("cpu")
ROLLOUTS = [
    make_rollout([60, 61], [[30], [31, 32, 33]], [1.0, 0.0]),
    make_rollout([62], [[40, 41], [42]], [0.5, 0.5]),  # without a signal
    make_rollout([63], [[50, 51], [52, 53, 54]], [0.0, 1.0], truncated=[1]),
]
"""Their tokens stand at 0, 1 to 3, 4 and 5, 6, 7 and 8, 9 to 11."""


def test_what_has_a_pass_is_neither_a_group_without_a_signal_nor_a_masked_completion():
    batch = make_batch(ROLLOUTS, ObjectiveConfig(mask_truncated=True), CPU)
    first, second, third = batch.groups
    assert first == Group((60, 61), [(30,), (31, 32, 33)], [0, 1], first.family)
    assert second is None
    assert third == Group((63,), [(50, 51)], [4], third.family)
    assert batch.num_tokens.tolist() == [1, 3, 2, 1, 2, 0]
    assert batch.advantages[2:4].tolist() == [0, 0]
    assert batch.advantages[0] == -batch.advantages[1] > 0.7 - 1e-3


def test_the_places_of_a_micro_batch_are_those_of_its_completions_in_the_record():
    batch = make_batch(ROLLOUTS, ObjectiveConfig(beta=0.1), CPU)
    groups = [batch.groups[2], batch.groups[0]]
    (packed,) = micro_batches(groups, 1000, CPU)
    assert sorted(packed.rows.tolist()) == [0, 1, 4, 5]
    standing = {0: [0], 1: [1, 2, 3], 4: [7, 8], 5: [9, 10, 11]}
    assert batch.places(packed).tolist() == [place for row in packed.rows.tolist() for place in standing[row]]


def test_what_is_split_by_rows_is_joined_again_and_what_is_missing_is_zero():
    batch = make_batch(ROLLOUTS, ObjectiveConfig(), CPU)
    values = torch.arange(12.0)
    by_row = batch.split(values)
    assert by_row[1].tolist() == [1, 2, 3]
    assert torch.equal(batch.join(by_row), values)
    assert batch.join({5: by_row[5]}).tolist() == [0] * 9 + [9, 10, 11]
    assert batch.split(None) == {}
    assert batch.join({}) is None
