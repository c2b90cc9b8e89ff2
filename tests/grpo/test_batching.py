"""Micro-batches of any size: nothing lost, nothing counted twice, the same gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from raiden.packing import Group, MicroBatch, micro_batches
from raiden.packing.batching import _split, row_batches
from raiden.train.grpo import ObjectiveConfig, UpdateConfig

from .records import assert_close, backward, make_rollout, make_update

CPU = torch.device("cpu")
PROFILE = [(7 * i) % 290 + 3 for i in range(40)]
OBJECTIVES = {
    "grpo": ObjectiveConfig(loss="grpo", entropy_coef=0.05),
    "bnpo": ObjectiveConfig(loss="bnpo", ratio_level="sequence", beta=0.1),
    "dr_grpo": ObjectiveConfig(loss="dr_grpo", epsilon_high=0.3),
    "dapo": ObjectiveConfig(loss="dapo", delta=2.0, beta=0.1, advantage_scale="batch"),
}


@st.composite
def many_groups(draw: st.DrawFn) -> list[Group]:
    tokens = st.integers(1, 4)
    groups, row = [], 0
    for _ in range(draw(st.integers(1, 5))):
        prompt = [9] * draw(st.sampled_from([0, 0, 16, 30])) + draw(st.lists(tokens, min_size=1, max_size=12))
        completions = draw(st.lists(st.lists(tokens, min_size=1, max_size=9), min_size=1, max_size=4))
        groups.append(Group(prompt, completions, list(range(row, row + len(completions)))))
        row += len(completions) + draw(st.integers(0, 2))  # rows of masked completions are left out
    return groups


def scored(batch: MicroBatch) -> dict[int, list[int]]:
    """Target tokens by row."""
    parts = batch.targets[batch.nodes].split(batch.lengths.tolist())
    return {row: part.tolist() for row, part in zip(batch.rows.tolist(), parts, strict=True)}


@given(many_groups(), st.integers(1, 120))
def test_every_completion_is_scored_once_whatever_the_budget(groups, budget):
    found: list[tuple[int, list[int]]] = []
    for batch in micro_batches(groups, budget, CPU):
        found += scored(batch).items()
    expected = [(row, c) for g in groups for row, c in zip(g.rows, g.completions, strict=True)]
    assert sorted(found) == sorted(expected)


@given(many_groups(), st.integers(1, 120))
def test_the_budget_is_kept_but_for_a_single_completion(groups, budget):
    for batch in micro_batches(groups, budget, CPU):
        assert batch.input_ids.shape[1] <= budget or len(batch.rows) == 1


@pytest.mark.parametrize("together", [True, False])
@given(groups=many_groups(), budget=st.integers(1, 120))
def test_rows_apart_keep_the_budget_padding_counted_but_for_a_single_one(together, groups, budget):
    for rows in row_batches(groups, budget, together):
        assert len(rows) * max(map(len, rows)) <= budget or len(rows) == 1


@given(many_groups(), st.integers(1, 120))
def test_each_target_is_predicted_from_the_token_before_it(groups, budget):
    prompts = {row: g.prompt for g in groups for row in g.rows}
    for batch in micro_batches(groups, budget, CPU):
        predictors = batch.predictors[batch.nodes].split(batch.lengths.tolist())
        for row, parts in zip(batch.rows.tolist(), predictors, strict=True):
            before = [prompts[row][-1], *scored(batch)[row][:-1]]
            assert batch.input_ids[0, parts].tolist() == before
            first = len(prompts[row]) - 1
            assert batch.packed.position_ids[0, parts].tolist() == list(range(first, first + len(before)))


@given(many_groups(), st.integers(1, 120))
def test_a_micro_batch_is_closed_only_when_what_comes_next_does_not_fit(groups, budget):
    parts = [part for group in groups for part in _split(group, budget)]
    used = 0
    batches = list(micro_batches(groups, budget, CPU))
    for batch in batches[:-1]:
        size = next(
            n for n in range(1, len(parts)) if sum(len(p.rows) for p in parts[used : used + n]) == len(batch.rows)
        )
        (longer, *_) = micro_batches(parts[used : used + size + 1], 10_000, CPU)
        assert longer.input_ids.shape[1] > budget
        used += size


def test_the_sequence_of_a_token_is_the_place_of_its_completion():
    (batch,) = micro_batches([Group([1, 2], [[3, 4], [5]], [4, 7]), Group([6], [[8, 9]], [2])], 100, CPU)
    assert batch.rows.tolist() == [4, 7, 2]
    assert batch.lengths.tolist() == [2, 1, 2]
    assert batch.sequence.tolist() == [0, 0, 1, 2, 2]


def test_a_shared_profile_counts_once_in_the_budget():
    # 40 tokens of profile, and a question token and one of the completion's two each: 44 together, 42 alone.
    groups = [Group([*PROFILE, 1], [[5, 6]], [0]), Group([*PROFILE, 2], [[5, 6]], [1])]
    assert [b.input_ids.shape[1] for b in micro_batches(groups, 44, CPU)] == [44]
    assert [b.input_ids.shape[1] for b in micro_batches(groups, 43, CPU)] == [42, 42]


def test_no_groups_make_no_micro_batches():
    assert list(micro_batches([], 100, CPU)) == []


@pytest.mark.parametrize("name", OBJECTIVES)
def test_any_budget_gives_the_same_loss_and_gradients(tiny_model, old_model, reference, name):
    rollouts = [
        make_rollout([*PROFILE, 50, 51], [[7, 8, 9], [10], [11, 12, 13, 14, 15]], [1.0, 0.0, 0.3]),
        make_rollout([*PROFILE, 50, 52, 53], [[20, 21], [22, 23, 24, 25], [26]], [0.0, 0.0, 1.0]),
        make_rollout([60, 61, 62], [[30], [31, 32], [33]], [0.5, 0.7, 0.3]),
    ]
    results = []
    # 41 tokens of both long prompts, 3 + 5 and 3 + 5 behind them, and 4: the last token of a completion is not read,
    # so that one of a single token needs none. 61 in one row; 46 splits the long groups; at 1 each is alone.
    for budget, num_batches in {10_000: 1, 61: 1, 60: 2, 46: 5, 1: 9}.items():
        config = UpdateConfig(micro_batch_tokens=budget, num_iterations=2)
        update = make_update(rollouts, OBJECTIVES[name], config)
        update.compute_old_logps(old_model)
        if OBJECTIVES[name].beta:
            update.compute_ref_logps(reference)
        assert len(list(update.losses(tiny_model, range(3)))) == num_batches
        results.append(backward(update, tiny_model, range(3)))
    assert results[0][0] != 0
    for other in results[1:]:
        assert_close(other, results[0], atol=1e-5)
