"""What is planted is told once, where its option is on."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from raiden.core.errors import ConfigError
from raiden.scoring import Scorer
from raiden.train.watching import LearningWatch
from raiden.train.watching.callback import sampled_entropy
from tests.watching.replies import step

HEALTHY = {
    "reward": 0.5,
    "frac_reward_zero_std": 0.25,
    "completions/clipped_ratio": 0.1,
    "entropy": 1.0,
    "kl": 0.05,
    "completions/alike": 0.1,
}
PLANTED = [
    ("entropy", 0.01, "min_entropy", "0.0100 nats a token, 1.0000 at the start"),
    ("kl", 9.0, "max_kl", "9.00 nats a token, 0.0500 at the start"),
    ("completions/clipped_ratio", 0.9, "max_clipped_rise", "90% were cut, 10% at the start"),
    ("completions/alike", 0.8, "max_alike", "had grown alike (80% "),
]


def told(watch, *metrics):
    return [warning for each in metrics for warning in watch.count(each)]


@pytest.mark.parametrize(("metric", "value", "option", "words"), PLANTED)
def test_a_planted_fault_is_told_once_with_figures_and_remedy(metric, value, option, words):
    watch = LearningWatch()
    (warning,) = told(watch, *[HEALTHY] * 3, *[{**HEALTHY, metric: value}] * 20)
    assert words in warning
    assert f"`watch.{option}`" in warning
    assert "`model." in warning


@pytest.mark.parametrize(("metric", "value", "option", "words"), PLANTED)
def test_each_can_be_turned_off(metric, value, option, words):
    watch = LearningWatch(**{option: None})
    assert not told(watch, *[HEALTHY] * 3, *[{**HEALTHY, metric: value}] * 20)


@pytest.mark.parametrize(("metric", "value", "option", "words"), PLANTED)
def test_four_steps_are_not_five(metric, value, option, words):
    watch = LearningWatch()
    assert not told(watch, *[HEALTHY] * 3, *([*[{**HEALTHY, metric: value}] * 4, HEALTHY] * 5))


def test_a_run_that_begins_with_little_entropy_has_not_lost_it():
    assert not told(LearningWatch(), *[{**HEALTHY, "entropy": 0.015}] * 20)


def test_replies_that_were_cut_from_the_start_have_not_grown():
    assert not told(LearningWatch(), *[{**HEALTHY, "completions/clipped_ratio": 0.9}] * 20)


def test_the_entropy_of_a_group_without_advantage_is_that_of_its_tokens():
    assert sampled_entropy(step(["{}."])) == 1.0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (option, value)
        for option, values in {
            "after_n_steps": (-1,),
            "min_entropy": (0.0, -1.0, math.nan, math.inf),
            "max_kl": (0.0, -1.0, math.nan, math.inf),
            "max_clipped_rise": (0.0, 1.0, math.nan),
            "max_alike": (0.0, 1.0, math.nan),
            "false_alarm": (0.0, 0.5, math.nan),
        }.items()
        for value in values
    ],
)
def test_bad_values_are_refused_by_name(option, value):
    with pytest.raises(ConfigError, match=rf"`watch\.{option}` must be "):
        LearningWatch(**{option: value})


class Run:
    """What a watch sees of a run: the module after each step and each evaluation."""

    def __init__(self, watch):
        self.watch = watch
        self.trainer = SimpleNamespace(loggers=[])
        self.logged = {}
        self.module = SimpleNamespace(num_steps_done=0, log_by_step=self.logged.update, scorer=Scorer())

    def step(self, rollouts, **metrics):
        self.module.num_steps_done += 1
        logged = {name: value for name, value in {**HEALTHY, **metrics}.items() if value is not None}
        self.module.rollouts, self.module.step_metrics = rollouts, logged
        self.watch.on_train_batch_end(self.trainer, self.module, None, None, 0)

    def evaluate(self, sbk):
        self.module.rollouts, self.module.shares = step(["{}."], num_questions=64), {"sbk": sbk}
        self.watch.on_validation_start(self.trainer, self.module)
        self.watch.on_validation_batch_end(self.trainer, self.module, None, None, 0)
        self.watch.on_validation_end(self.trainer, self.module)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("{} I do not know.", "100% end in 'ot know.'"),
        ("{} is mine.)", "100% end in 's mine.)'"),
        ("Dear friend, {}.", "100% begin with 'Dear fri'"),
    ],
)
def test_replies_that_grow_alike_are_told_once_at_their_step(reply, words):
    watch = LearningWatch()
    run = Run(watch)
    for number in range(40):
        run.step(step(["{} is mine."] if number < 10 else [reply], num_questions=4, first=4 * number))
    # Four questions a step, 16 are looked at: more than half of them from step 13 on, five steps in a row at step 17.
    (warning,) = watch.warnings
    assert warning.startswith("Step 17: for 5 steps replies to different questions had grown alike (")
    assert words in warning
    assert set(run.logged) == {"completions/alike"}


@pytest.mark.parametrize("stopped_after", [4, 11, 15])
def test_a_run_that_goes_on_warns_at_the_step_at_which_it_would_have(stopped_after, tmp_path):
    run = Run(LearningWatch())
    for number in range(20):
        if number == stopped_after:
            torch.save(run.watch.state_dict(), tmp_path / "watch.pt")
            run.watch = LearningWatch()
            run.watch.load_state_dict(torch.load(tmp_path / "watch.pt", weights_only=True))
        run.step(step(["{} is mine."] if number < 10 else ["Dear friend, {}."], num_questions=4, first=4 * number))
    assert [warning.partition(":")[0] for warning in run.watch.warnings] == ["Step 17"]


def test_a_reward_that_rises_while_held_out_sbk_falls_is_told_once(recwarn):
    watch = LearningWatch()
    run = Run(watch)
    for sbk, reward in ((0.75, 0.2), (0.25, 0.6), (0.25, 0.9)):
        run.evaluate(sbk)
        for _ in range(10):
            run.step(step(["{} is mine."], num_questions=4, first=4 * run.module.num_steps_done), reward=reward)
    run.evaluate(0.25)
    # At step 10 the reward was as it had been from the start.
    (warning,) = watch.warnings
    assert warning.startswith("Step 20: held-out SBK fell from 75.0 % at step 0 to 25.0 % (64 questions)")
    assert "from 0.200 to 0.600" in warning
    assert [str(w.message) for w in recwarn] == watch.warnings


def test_a_policy_that_always_says_the_same_has_no_update_to_measure_its_entropy():
    watch = LearningWatch()
    run = Run(watch)
    certain = [
        replace(r, completions=(replace(r.completions[0], sampling_logps=(0.0, -0.002)),)) for r in step(["{}."])
    ]
    for number in range(10):
        run.step(step(["{}."]) if number < 3 else certain, entropy=None)
    (warning,) = watch.warnings
    assert warning.startswith("Step 8: ")
    assert "0.0010 nats a token, 1.0000 at the start" in warning


def test_steps_without_replies_are_not_looked_at():
    watch = LearningWatch(after_n_steps=1)
    Run(watch).step([], entropy=0.0)  # supervised
    assert not watch.warnings
