"""Groups without a signal: what counts as one, how they are sampled again, what is written down of it."""

from __future__ import annotations

import pytest
import torch
from lightning import Callback, Trainer

from raiden.core.errors import ConfigError
from raiden.policy import PolicyConfig
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig, TransformersEngine
from raiden.rollout.rollouts import group_seeds, score_groups
from raiden.train.checkpoints import AtomicCheckpointIO, NewestCheckpoints, checkpoints_of
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import ObjectiveConfig
from raiden.train.grpo.module import GRPOModule
from raiden.train.optimization import OptimizerConfig
from tests.grpo.records import make_rollout
from tests.runs import write_samples_file

VARIED = make_rollout([1], [[2, 3], [4]], [1.0, 0.0])  # 3 tokens
FLAT = make_rollout([1], [[2, 3, 4], [5, 6]], [0.5, 0.5])  # 5 tokens
NOISY = make_rollout([1], [[2], [3]], [0.5, 0.501])  # standard deviation 0.001 / sqrt(2) = 0.0007
CUT = make_rollout([1], [[2, 3], [4, 5]], [1.0, 0.0], truncated=[0, 1])


class Rounds:
    """A sampler that gives what was written for it, and writes down what it was asked for."""

    def __init__(self, *rounds):
        self.rounds = rounds
        self.asked = []

    def sample_groups(self, prompts, mini_batches, sampling, num_generations, step, attempt):
        assert mini_batches == [range(len(prompts))]
        self.asked.append((prompts, attempt))
        return list(self.rounds[attempt])


def sample(rounds, max_resamples, objective=ObjectiveConfig()):
    """What a step samples for the prompts 0, 1, 2, ..."""
    module = GRPOModule(PolicyConfig("nowhere"), objective=objective, max_resamples=max_resamples)
    module.sampler = rounds
    return module._sample(list(range(len(rounds.rounds[0]))))


@pytest.mark.parametrize(
    ("rollout", "objective", "has_signal"),
    [
        (VARIED, ObjectiveConfig(), True),
        (FLAT, ObjectiveConfig(), False),
        (FLAT, ObjectiveConfig(min_reward_std=0.0), False),
        (NOISY, ObjectiveConfig(), True),
        (NOISY, ObjectiveConfig(min_reward_std=0.0006), True),
        (NOISY, ObjectiveConfig(min_reward_std=0.0008), False),
        (CUT, ObjectiveConfig(), True),
        (CUT, ObjectiveConfig(mask_truncated=True), False),
    ],
)
def test_a_group_has_a_signal_where_its_rewards_spread_and_something_is_trained_on(rollout, objective, has_signal):
    assert objective.has_signal(rollout) is has_signal


def test_equal_rewards_have_no_spread_however_they_round():
    # 0.1 + 0.2 is not 0.3: the components of these rewards were added up in another order.
    assert make_rollout([1], [[2]] * 3, [0.1] * 3).reward_std == 0
    assert not ObjectiveConfig().has_signal(make_rollout([1], [[2]] * 3, [0.3, 0.1 + 0.2, 0.3]))


def test_groups_without_spread_are_sampled_again_until_the_bound():
    rounds = Rounds([FLAT, VARIED, FLAT, VARIED], [VARIED, FLAT], [FLAT], [FLAT])
    sampled = sample(rounds, max_resamples=3)
    assert rounds.asked == [([0, 1, 2, 3], 0), ([0, 2], 1), ([2], 2), ([2], 3)]
    assert sampled.rollouts == [VARIED, VARIED, FLAT, VARIED]
    assert sampled.first == [FLAT, VARIED, FLAT, VARIED]
    # Without a signal were 5 groups of 5 tokens, beside 3 groups of 3.
    assert sampled.metrics(ObjectiveConfig()) == {
        "frac_reward_zero_std": 1 / 4,
        "sampling/wasted_share": 25 / 34,
        "sampling/rounds": 4,
    }


def test_no_group_is_sampled_again_without_being_asked_for():
    rounds = Rounds([FLAT, VARIED])
    sampled = sample(rounds, max_resamples=0)
    assert rounds.asked == [([0, 1], 0)]
    assert sampled.metrics(ObjectiveConfig())["sampling/wasted_share"] == 5 / 8


def test_where_all_groups_have_a_signal_there_is_one_round():
    rounds = Rounds([VARIED, VARIED])
    assert sample(rounds, max_resamples=5).metrics(ObjectiveConfig()) == {
        "frac_reward_zero_std": 0,
        "sampling/wasted_share": 0,
        "sampling/rounds": 1,
    }
    assert len(rounds.asked) == 1


def test_a_tolerance_makes_noise_worth_another_round():
    objective = ObjectiveConfig(min_reward_std=0.01)
    sampled = sample(Rounds([NOISY, FLAT], [VARIED, NOISY]), max_resamples=1, objective=objective)
    assert sampled.rollouts == [VARIED, NOISY]
    assert sampled.metrics(objective)["frac_reward_zero_std"] == 1 / 2


def test_bounds_below_zero_are_refused_by_name():
    with pytest.raises(ConfigError, match=r"model\.objective\.min_reward_std"):
        ObjectiveConfig(min_reward_std=-1.0)
    with pytest.raises(ConfigError, match=r"model\.max_resamples"):
        GRPOModule(PolicyConfig("nowhere"), max_resamples=-1)


class Log(Callback):
    """Metrics and rollouts of each step."""

    def __init__(self):
        self.metrics, self.rollouts = [], []

    def on_train_batch_end(self, trainer, pl_module, *_):
        self.metrics.append({name: float(value) for name, value in trainer.callback_metrics.items()})
        self.rollouts.append(pl_module.rollouts)


@pytest.fixture
def train(tiny_folder, tmp_path):
    """Four steps of two prompts, whose rewards are a few lengths: groups of three are often flat."""

    def run(folder="run", ckpt_path=None, steps=4, **options):
        log = Log()
        module = GRPOModule(
            PolicyConfig(str(tiny_folder)),
            **{
                "sampling": SamplingConfig(max_tokens=4),
                "rewards": RewardConfig(min_length=4, length_weight=0.5),
                "objective": ObjectiveConfig(min_reward_std=0.1),
                "optimizer": OptimizerConfig(lr=1e-2, schedule="constant"),
                "num_generations": 3,
                "max_resamples": 3,
                "seed": 9,
                **options,
            },
        )
        data = RoleplayDataModule(
            str(write_samples_file(tmp_path / "samples.json")), batch_size=2, tokenizer=str(tiny_folder), seed=7
        )
        trainer = Trainer(
            accelerator="cpu", max_epochs=1, limit_train_batches=steps, limit_val_batches=0, logger=False,
            enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path / folder,
            plugins=[AtomicCheckpointIO()], callbacks=[log, NewestCheckpoints(every_n_steps=2, keep=9)],
        )  # fmt: skip
        trainer.fit(module, data, ckpt_path=ckpt_path)
        return module, log, data

    return run


def test_a_run_trains_on_the_first_group_with_a_signal(train, tiny_model, tiny_tokenizer):
    module, log, data = train(steps=1)
    engine = TransformersEngine()
    engine.start(tiny_model, tiny_tokenizer, 1000, torch.float32, torch.device("cpu"))
    rounds, tokens = [], 0
    for prompt, trained in zip(data.train_dataloader().batch(0), log.rollouts[0], strict=True):
        for attempt in range(4):
            seeds = group_seeds([prompt], 3, module.seed, 0, attempt)
            (group,) = score_groups(
                module.scorer, [prompt], engine.generate([prompt.token_ids], seeds, module.sampling)
            )
            tokens += 3 * len(prompt.token_ids) + sum(len(c.token_ids) for c in group.completions)
            if group.reward_std > 0.1:
                break
        rounds.append(attempt + 1)
        assert trained.prompt == prompt
        assert [c.token_ids for c in trained.completions] == [c.token_ids for c in group.completions]
    assert max(rounds) > 1
    assert log.metrics[0]["sampling/rounds"] == max(rounds)
    assert module.num_tokens == tokens
    assert log.metrics[0]["time/scoring"] > 0
    assert log.metrics[0]["time/sampling"] > 0


def test_the_logged_reward_is_that_of_the_first_groups(train):
    """Chosen groups would flatter the policy."""
    (with_more,), (without,) = (train(steps=1, max_resamples=n, folder=str(n))[1].metrics for n in (3, 0))
    assert with_more["sampling/rounds"] > 1 == without["sampling/rounds"]
    for name in ("reward", "reward_std", "rewards/length/mean", "completions/mean_length"):
        assert with_more[name] == without[name], name
    assert with_more["frac_reward_zero_std"] < without["frac_reward_zero_std"]


def test_rewards_that_never_vary_end_at_the_bound(train):
    module, log, _ = train(steps=1, rewards=RewardConfig(), max_resamples=2)
    assert log.metrics[0]["sampling/rounds"] == 3
    assert log.metrics[0]["sampling/wasted_share"] == log.metrics[0]["frac_reward_zero_std"] == 1
    assert "loss" not in log.metrics[0]
    assert len(module.rollouts) == 2


def test_a_resumed_run_resamples_as_one_never_stopped(train, tmp_path):
    whole, log, _ = train()
    (checkpoint,) = (path for path in checkpoints_of(tmp_path / "run") if path.name == "step-00000002.ckpt")
    resumed, rest, _ = train("resumed", ckpt_path=checkpoint)
    assert len(rest.rollouts) == 2
    assert rest.rollouts == log.rollouts[2:]
    assert max(metrics["sampling/rounds"] for metrics in rest.metrics) > 1
    expected = dict(whole.model.named_parameters())
    assert all(torch.equal(p, expected[name]) for name, p in resumed.model.named_parameters())
