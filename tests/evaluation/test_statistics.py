"""Intervals, p-values and pass@k: hand-worked numbers, slow versions beside the fast ones, and how often they hold."""

import random
from itertools import combinations, product
from statistics import fmean, quantiles

import numpy as np
import pytest

from raiden.evaluation.comparison import compare
from raiden.evaluation.statistics import (
    Difference,
    bootstrap_interval,
    compare_paired,
    estimate,
    pass_at_k,
    sign_flip_p_value,
    student_quantile,
)
from tests.evaluation.rows import drawn


@pytest.mark.parametrize(("df", "quantile"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (9, 2.2622), (30, 2.0423)])
def test_students_quantiles_are_those_of_the_printed_tables(df, quantile):
    assert student_quantile(0.975, df) == pytest.approx(quantile, abs=5e-5)
    assert student_quantile(0.025, df) == pytest.approx(-quantile, abs=5e-5)


def test_the_mean_is_over_samples_and_not_over_characters():
    found = estimate([1, 1, 1, 0], ["a", "a", "a", "b"])
    assert (found.mean, found.num_samples, found.num_characters) == (0.75, 4, 2)


def test_with_two_characters_the_interval_reaches_from_one_to_the_other():
    # Draws of two out of two are aa, ab, ba, bb; the expanded percentiles (10^-40) take the extremes.
    low, high = bootstrap_interval(np.array([2.0, 1.0]), np.array([2.0, 4.0]))
    assert (low, high) == (0.25, 1.0)


def test_one_character_has_no_interval():
    found = estimate([1, 0], ["a", "a"])
    assert (found.low, found.high, found.is_trusted) == (0.5, 0.5, False)


@pytest.mark.parametrize(("value", "low", "high"), [(0, 0, 0.3694), (1, 0.6306, 1)])
def test_no_spread_is_no_certainty(value, low, high):
    # With a rate of 0.6306 (of characters that are right), eight of eight are right in 0.6306^8 = 2.5 % of draws.
    found = estimate([value] * 16, [f"{i // 2}" for i in range(16)])
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_the_interval_is_that_of_a_slow_bootstrap():
    rng = random.Random(3)
    values = {c: [float(rng.random() < 0.3 + 0.03 * c) for _ in range(3 + c % 4)] for c in range(14)}
    means = []
    for _ in range(20_000):
        again = [value for c in rng.choices(list(values), k=14) for value in values[c]]
        means.append(fmean(again))
    # 14 characters: Student's 2.1604 (13 df) times sqrt(14/13) = 2.2419, of which the normal share below is 0.01248.
    cuts = quantiles(means, n=10_000)
    found = estimate([v for own in values.values() for v in own], [c for c, own in values.items() for _ in own])
    assert found.low == pytest.approx(cuts[124], abs=0.012)
    assert found.high == pytest.approx(cuts[9874], abs=0.012)


def test_sign_flips_are_counted_by_hand():
    # Of ±3 ±1, all four reach 2; of ±1 ±2 ±3, two of eight reach 6; no difference is no surprise.
    assert sign_flip_p_value(np.array([3.0, -1.0])) == 1.0
    assert sign_flip_p_value(np.array([1.0, 2.0, 3.0])) == 0.25
    assert sign_flip_p_value(np.array([0.0, 0.0])) == 1.0


def test_characters_that_do_not_differ_change_no_p_value():
    assert sign_flip_p_value(np.array([1.0, 2.0, 3.0] + [0.0] * 40)) == 0.25


def test_drawn_signs_come_near_to_all_signs():
    sums = np.array([0.5, 1, 1.5, -0.5, 2, 1, -1, 0.25, 1, 0.75, -0.25, 1, 0.5, -1, 1.25, 0.5])
    hits = sum(abs(sum(s * v for s, v in zip(signs, sums, strict=True))) >= abs(sums.sum()) - 1e-9
               for signs in product((-1, 1), repeat=16))  # fmt: skip
    assert sign_flip_p_value(sums) == pytest.approx(hits / 2**16, abs=0.006)


@pytest.mark.parametrize(("num", "right", "k"), [(5, 2, 1), (5, 2, 3), (6, 1, 6), (4, 0, 2), (4, 4, 1)])
def test_pass_at_k_is_the_share_of_choices_with_a_right_one(num, right, k):
    draws = [True] * right + [False] * (num - right)
    choices = [any(choice) for choice in combinations(draws, k)]
    assert pass_at_k(num, right, k) == pytest.approx(fmean(choices))


@pytest.mark.parametrize(
    ("low", "high", "p_value", "num_characters", "verdict"),
    [
        (0.01, 0.3, 0.04, 5, "better"),
        (-0.3, -0.01, 0.04, 9, "worse"),
        (0.0, 0.3, 0.04, 9, "no difference shown"),
        (-0.1, 0.0, 0.04, 9, "no difference shown"),
        (0.01, 0.3, 0.0625, 5, "no difference shown"),
        (0.2, 0.3, 0.01, 4, "too few characters"),
    ],
)
def test_the_words_follow_interval_and_p_value(low, high, p_value, num_characters, verdict):
    assert Difference(0.5, 0.6, 0.1, low, high, p_value, 40, num_characters).verdict == verdict


def test_a_paired_difference_is_that_of_the_means():
    found = compare_paired([0, 1, 0, 0], [1, 1, 0.5, 0], ["a", "a", "b", "b"])
    assert (found.before, found.after, found.difference) == (0.25, 0.625, 0.375)
    assert (found.low, found.high) == (0.25, 0.5)  # only a twice: 1/2; only b twice: 0.5/2
    assert found.p_value == 0.5  # ±1 ±0.5: two of four reach 1.5


def test_the_same_replies_are_no_difference():
    found = compare_paired([1, 0, 1, 0, 1], [1, 0, 1, 0, 1], list("abcde"))
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)
    assert found.verdict == "no difference shown"


def rates(num_characters: int, seed: int) -> list[list[float]]:
    """Chances to be right: characters differ from one another, and questions within a character."""
    rng = np.random.default_rng(seed)
    own = rng.beta(2, 2, size=num_characters)
    return [list(np.clip(rate + rng.normal(0, 0.2, rng.integers(4, 10)), 0, 1)) for rate in own]


@pytest.mark.parametrize("num_characters", [8, 20])
def test_the_interval_of_a_mean_holds_nearly_as_often_as_it_says(num_characters):
    # Characters are drawn from Beta(2, 2), so the mean that is estimated is 0.5.
    rng = np.random.default_rng(num_characters)
    hits = 0
    for seed in range(300):
        sizes = rng.integers(4, 12, size=num_characters)
        right = rng.binomial(sizes, rng.beta(2, 2, size=num_characters))
        low, high = bootstrap_interval(right.astype(float), sizes.astype(float), seed, 2000)
        hits += low <= 0.5 <= high
    assert 0.92 <= hits / 300 <= 0.985


def test_two_draws_of_a_model_show_no_difference_in_95_of_100():
    model = rates(20, seed=1)
    characters = [row["character_name"] for row in drawn(model, 0).rows]
    verdicts = []
    for seed in range(100):
        first, second = ([row["accuracy"] for row in drawn(model, 2 * seed + i).rows] for i in (0, 1))
        verdicts.append(compare_paired(first, second, characters, seed, 2000).verdict)
    assert verdicts.count("no difference shown") >= 95


def test_a_model_that_got_better_is_called_better():
    model = rates(20, seed=1)
    improved = [[min(1.0, rate + 0.3) for rate in own] for own in model]
    found = compare(drawn(model, 1, 4), drawn(improved, 2, 4))
    assert found.differences["sbk"].verdict == "better"
    assert compare(drawn(improved, 2, 4), drawn(model, 1, 4)).differences["sbk"].verdict == "worse"
    assert found.differences["sbk"].p_value < 0.001
