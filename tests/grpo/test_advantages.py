"""Advantages, by hand and against Python's statistics."""

from __future__ import annotations

from itertools import chain
from statistics import mean, stdev

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from raiden.train.grpo import group_advantages

# Group 1: mean 1/2, sample deviation sqrt(4 * 0.25 / 3) = 0.577350. Group 2: mean 0.2, no spread.
# Both together: mean 0.35; squares 2 * 0.4225 + 2 * 0.1225 + 4 * 0.0225 = 1.18; sqrt(1.18 / 7) = 0.410575.
REWARDS = torch.tensor([1.0, 0.0, 0.0, 1.0, 0.2, 0.2, 0.2, 0.2])


@pytest.mark.parametrize(
    ("scale", "size"),
    [
        ("group", 0.865876),  # 0.5 / (0.577350 + 0.0001)
        ("batch", 1.217508),  # 0.5 / (0.410575 + 0.0001)
        ("none", 0.5),
    ],
)
def test_the_scale_says_whose_deviation_divides(scale, size):
    expected = torch.tensor([size, -size, -size, size, 0, 0, 0, 0])
    torch.testing.assert_close(group_advantages(REWARDS, 4, scale), expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
@pytest.mark.parametrize("reward", [0.1, 0.7 * 0.3, 1 / 3, 1e6 / 7])
def test_equal_rewards_give_exactly_zero(scale, reward):
    # The mean of seven times 0.1 is not 0.1 in floating point.
    rewards = torch.tensor([reward] * 7 + [0.0] * 6 + [1.0])
    assert group_advantages(rewards, 7, scale)[:7].tolist() == [0.0] * 7


def test_a_group_of_two_ends_at_plus_and_minus_one_over_root_two():
    # Deviations +-d/2, sample deviation d / sqrt(2): +-0.707107 but for the 1e-4.
    advantages = group_advantages(torch.tensor([5.0, 3.0]), 2)
    torch.testing.assert_close(advantages, torch.tensor([0.707057, -0.707057]), rtol=0, atol=1e-6)


@given(
    st.integers(2, 5).flatmap(
        lambda size: st.lists(st.lists(st.integers(0, 8), min_size=size, max_size=size), min_size=1, max_size=4)
    ),
    st.sampled_from(["group", "batch", "none"]),
)
def test_advantages_are_those_of_the_statistics_module(eighths, scale):
    groups = [[e / 8 for e in group] for group in eighths]
    deviation = {
        "group": lambda group: stdev(group) + 1e-4,
        "batch": lambda group: stdev(chain(*groups)) + 1e-4,
        "none": lambda group: 1.0,
    }[scale]
    slow = [(r - mean(group)) / deviation(group) for group in groups for r in group]
    fast = group_advantages(torch.tensor(groups).flatten(), len(groups[0]), scale)
    torch.testing.assert_close(fast, torch.tensor(slow), rtol=0, atol=1e-5)


def test_adding_a_constant_to_a_groups_rewards_changes_nothing():
    shifted = REWARDS + torch.tensor([8.0] * 4 + [-2.0] * 4)
    torch.testing.assert_close(group_advantages(shifted, 4), group_advantages(REWARDS, 4), rtol=0, atol=1e-6)
