"""The reward rises while held-out accuracy falls."""

from __future__ import annotations

import pytest

from raiden.train.watching.held_out import HeldOutFall, chance_of_fall


def run(evaluations, rewards, chance=0.02):
    """What each evaluation says; `rewards` are those of the five steps before it."""
    fall = HeldOutFall(chance)
    said = []
    for number, ((share, num), reward) in enumerate(zip(evaluations, rewards, strict=True)):
        for step in range(5 * number - 4, 5 * number + 1):
            if step > 0:
                fall.add_step(step, reward)
        said.append(fall.evaluated(5 * number, share, num))
    return [text is not None for text in said], said[-1]


def test_a_fall_beside_a_rising_reward_is_told_with_its_figures():
    told, text = run([(0.2, 64), (45 / 64, 64), (0.25, 64)], [0, 0.5, 0.9])
    assert told == [False, False, True]
    for words in ("from 70.3 % at step 5 to 25.0 %", "64 questions", "from 0.500 to 0.900"):
        assert words in text


def test_a_fall_beside_a_falling_reward_is_not():
    assert run([(0.2, 64), (0.7, 64), (0.4, 64)], [0, 0.9, 0.5])[0] == [False, False, False]


def test_a_rise_of_both_is_not():
    assert not any(run([(0.2, 64), (0.4, 64), (0.7, 64)], [0, 0.5, 0.9])[0])


def test_the_chance_of_a_fall_is_fishers_exact_one():
    # Four of five right, then one: of the C(10, 5) = 252 ways to have five right of ten, those with at most one among
    # the last five are C(5, 1) * C(5, 4) + C(5, 0) * C(5, 5) = 26.
    assert chance_of_fall(4, 5, 1, 5) == pytest.approx(26 / 252)


@pytest.mark.parametrize(("right", "told"), [(3, False), (2, True)])
def test_a_fall_must_be_more_than_noise(right, told):
    """Six of six, then three: C(6, 3) / C(12, 9) = 20/220 = 0.091; then two: C(6, 2) / C(12, 8) = 15/495 = 0.030.

    Of a chance of 0.1 each of two comparisons has 0.05.
    """
    fall = HeldOutFall(0.1)
    fall.evaluated(0, 0.0, 6)
    for step, (share, reward) in enumerate([(1.0, 0.5), (right / 6, 0.9)], start=1):
        fall.add_step(step, reward)
        text = fall.evaluated(step, share, 6)
    assert (text is not None) is told


def test_the_more_evaluations_the_larger_a_fall_must_be():
    assert run([(0.1, 64), (0.7, 64), (0.45, 64)], [0, 0.5, 0.9])[0][-1]
    assert not run([(0.1, 64), *[(0.7, 64)] * 30, (0.45, 64)], [0, *[0.5] * 30, 0.9])[0][-1]


def test_a_fall_from_the_untrained_model_is_measured_against_the_first_steps():
    fall = HeldOutFall(0.02)
    assert fall.evaluated(0, 0.7, 64) is None
    for step in range(1, 16):
        fall.add_step(step, step / 15)
    assert "from 0.200 to 0.867" in fall.evaluated(15, 0.3, 64)  # steps 1 to 5 and 11 to 15


def test_a_fall_is_told_once_until_it_has_been_made_up_for():
    shares = [(0.2, 64), (0.7, 64), (0.3, 64), (0.3, 64), (0.7, 64), (0.3, 64)]
    assert run(shares, [0, 0.5, 0.9, 0.9, 0.9, 0.95])[0] == [False, False, True, False, False, True]


def test_a_run_without_rewards_says_nothing():
    fall = HeldOutFall(0.02)
    assert [fall.evaluated(step, share, 64) for step, share in ((0, 0.7), (5, 0.2))] == [None, None]
