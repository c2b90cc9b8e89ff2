"""Warnings about runs that go on without learning."""

import pytest

from raiden.core.errors import ConfigError
from raiden.train.watching import LearningWatch

GOOD = {"reward": 0.5, "frac_reward_zero_std": 0.5, "completions/clipped_ratio": 0.5}


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        ("frac_reward_zero_std", 1.0, "model.sampling.temperature"),
        ("completions/clipped_ratio", 1.0, "model.sampling.max_tokens"),
    ],
)
def test_what_lasts_is_told_once_with_its_remedy(metric, value, words):
    watch = LearningWatch(after_n_steps=3)
    told = [watch.count({**GOOD, metric: value}) for _ in range(5)]
    assert [len(warnings) for warnings in told] == [0, 0, 1, 0, 0]
    assert words in told[2][0]
    assert "3 steps" in told[2][0]


def test_a_good_step_begins_the_count_anew():
    watch = LearningWatch(after_n_steps=2)
    bad = {**GOOD, "frac_reward_zero_std": 1.0}
    assert [len(watch.count(step)) for step in (bad, GOOD, bad, bad)] == [0, 0, 0, 1]


def test_zero_never_warns():
    watch = LearningWatch(after_n_steps=0)
    assert not any(watch.count({**GOOD, "frac_reward_zero_std": 1.0}) for _ in range(5))


def test_a_negative_number_is_refused():
    with pytest.raises(ConfigError, match=r"watch\.after_n_steps"):
        LearningWatch(after_n_steps=-1)


def test_a_step_that_says_nothing_of_a_fault_leaves_its_count():
    watch = LearningWatch(after_n_steps=2)
    assert [len(watch.count(step)) for step in ({"kl": 9.0}, {"reward": 0.5}, {"kl": 9.0})] == [0, 0, 1]


def test_it_is_told_again_only_after_fifty_healthy_steps():
    bad = {**GOOD, "frac_reward_zero_std": 1.0}
    for healthy, again in ((49, 0), (50, 1)):
        watch = LearningWatch(after_n_steps=2)
        told = [len(watch.count(step)) for step in [*[bad] * 5, *[GOOD] * healthy, *[bad] * 5]]
        assert sum(told[:5]) == 1
        assert sum(told[5:]) == again


def test_a_restored_watch_goes_on_counting():
    bad = {**GOOD, "frac_reward_zero_std": 1.0}
    before, after = LearningWatch(after_n_steps=3), LearningWatch(after_n_steps=3)
    before.count(bad)
    after.load_state_dict(before.state_dict())
    assert [len(after.count(step)) for step in (bad, bad, bad)] == [0, 1, 0]
    again = LearningWatch(after_n_steps=3)
    again.load_state_dict(after.state_dict())
    assert not again.count(bad)
