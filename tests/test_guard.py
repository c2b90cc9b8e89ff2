"""Steps whose values are not finite numbers: skipped, counted, told, and in a row the end of the run."""

from __future__ import annotations

import math
import warnings
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import pytest
import torch
from lightning import Callback, Trainer

from raiden.core.errors import ConfigError, EngineError, TrainingError
from raiden.core.types import Reward
from raiden.policy import PolicyConfig
from raiden.rewards import RewardConfig
from raiden.rollout.canary import CanaryConfig
from raiden.rollout.engines import SamplingConfig, TransformersEngine
from raiden.train.checkpoints import AtomicCheckpointIO
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import ObjectiveConfig, RolloutUpdate, UpdateConfig
from raiden.train.grpo.module import GRPOModule
from raiden.train.guard import StepGuard
from raiden.train.optimization import OptimizerConfig
from raiden.train.sft import SFTModule
from tests.engines.copied import CopyEngine
from tests.runs import write_samples_file

LAYER = "layers.1.mlp.down_proj.weight"


class Log(Callback):
    """Of each step: its metrics, and the weights and the optimizer's states after it."""

    def __init__(self):
        self.metrics, self.states = [], []

    def on_train_batch_end(self, trainer, pl_module, *_):
        self.metrics.append({name: float(value) for name, value in trainer.callback_metrics.items()})
        self.states.append(state_of(pl_module))


def state_of(module):
    weights = [p.detach().clone() for p in module.model.parameters()]
    states = module.optimizers().state.values()
    return weights + [value.clone() for state in states for value in state.values()]


class Planted(GRPOModule):
    """Has a fault in some of its steps, from the moment on when the completions are there."""

    steps = (2,)

    def _update_policy(self, rollouts):
        if self.num_steps_done + 1 not in self.steps:
            return super()._update_policy(rollouts)
        with self.planted():
            return super()._update_policy(rollouts)

    def planted(self):
        return Huge(self.model.get_submodule("model.norm").weight)


class Huge:
    """A weight so large that logits overflow, as long as the block lasts."""

    def __init__(self, weight):
        self.weight = weight

    def __enter__(self):
        self.before = self.weight.detach().clone()
        self.weight.data.fill_(3e38)

    def __exit__(self, *_):
        self.weight.data.copy_(self.before)


class NoGradient(Planted):
    """A gradient that overflows where loss and log-probabilities are finite."""

    def planted(self):
        return self.model.get_parameter(f"model.{LAYER}").register_hook(lambda gradient: gradient * math.inf)


class PlantedLoss(Planted):
    """A fault in the losses of some completions, told by none of their tokens."""

    rows: tuple[int, ...]

    @contextmanager
    def planted(self):
        loss_of = RolloutUpdate._loss

        def planted(update, model, batch, *arguments):
            loss = loss_of(update, model, batch, *arguments)
            return self.spoil(loss) if set(batch.rows.tolist()) & set(self.rows) else loss

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RolloutUpdate, "_loss", planted)
            yield


class HugeSum(PlantedLoss):
    """Two losses that are finite alone."""

    rows = (2, 5)

    def spoil(self, loss):
        return loss + 3e38


class HugeGradient(PlantedLoss):
    rows = (1,)

    def spoil(self, loss):
        loss.register_hook(lambda gradient: gradient * math.inf)
        return loss


class NoReference(Planted):
    def planted(self):
        with self.policy.reference() as reference:
            return Huge(reference.get_submodule("model.norm").weight)


class BrokenAfterwards(Planted):
    """An optimizer that makes a NaN of finite gradients."""

    def planted(self):
        def breaks(*_):
            self.model.get_parameter(f"model.{LAYER}").data[3, 5] = math.nan

        return self.optimizers().optimizer.register_step_post_hook(breaks)


class Unscored:
    """An infinite reward for the third completion of the second step."""

    def __init__(self, value):
        self.value, self.calls = value, 0

    def __call__(self, sample, text, truncated=False):
        self.calls += 1
        total = self.value if self.calls == 8 + 3 else (len(text) % 7) / 7
        return Reward(total, {"accuracy": total, "format": 1.0}, (), "made up")


class Mute(TransformersEngine):
    """Reports an impossible token in the second step."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def generate(self, prompts, seeds, sampling):
        self.calls += 1
        groups = super().generate(prompts, seeds, sampling)
        if self.calls == 2:
            groups[1][2] = replace(groups[1][2], sampling_logps=(-1.0, -math.inf, *groups[1][2].sampling_logps[2:]))
        return groups


@pytest.fixture
def train(tiny_folder, tmp_path):
    """Trains for four steps of two prompts with four completions; gives the module and the log."""

    def run(kind=GRPOModule, steps=4, vrar=None, ckpt_path=None, planted=(2,), lora=None, **options):
        log = Log()
        grpo = {
            "sampling": SamplingConfig(max_tokens=6),
            "rewards": RewardConfig(min_length=6, length_weight=0.5),
            "num_generations": 4,
        }
        module = kind(
            PolicyConfig(str(tiny_folder), lora=lora),
            optimizer=OptimizerConfig(lr=1e-2, schedule="linear"),
            seed=7,
            **{**(grpo if issubclass(kind, GRPOModule) else {}), **options},
        )
        module.steps = planted
        module.scorer.vrar = vrar or module.scorer.vrar
        data = RoleplayDataModule(
            str(write_samples_file(tmp_path / "samples.json")), batch_size=2, tokenizer=str(tiny_folder), seed=7
        )
        trainer = Trainer(
            accelerator="cpu", limit_val_batches=0, logger=False, enable_checkpointing=False, max_epochs=1,
            enable_progress_bar=False, default_root_dir=tmp_path, plugins=[AtomicCheckpointIO()], callbacks=[log],
            limit_train_batches=steps, enable_model_summary=False,
        )  # fmt: skip
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            trainer.fit(module, data, ckpt_path=ckpt_path)
        log.told = [str(w.message) for w in caught if str(w.message).startswith("Skipped")]
        log.trainer = trainer
        return module, log

    return run


def assert_skipped_once(log, words):
    """The second step of four, and it alone; the schedule went on."""
    assert [metrics["update/skipped"] for metrics in log.metrics] == [0, 1, 1, 1]
    assert [metrics["lr"] for metrics in log.metrics] == pytest.approx([1e-2, 7.5e-3, 5e-3, 2.5e-3])
    first, second, third, _ = log.states
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(second, third, strict=True))
    assert all(value.isfinite().all() for value in log.states[-1])
    (told,) = log.told
    assert told.startswith("Skipped: in step 2 the ")
    assert words in told


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        (Planted, {}, 'log-probability is nan, at token 0 of completion 0 of the question "'),
        (
            Planted,
            {"update": UpdateConfig(prompts_per_update=1, num_iterations=2)},
            "log-probability is nan, at token",
        ),
        (Planted, {"engine": CopyEngine(), "canary": CanaryConfig(1e-3)}, "log-probability is nan, at token 0"),
        (
            NoReference,
            {"objective": ObjectiveConfig(beta=0.1)},
            "log-probability under the reference is nan, at ",
        ),
        (NoGradient, {}, "gradient norm is inf, most of it (alone inf) from completion 0 of the question"),
        (
            HugeSum,
            {"update": UpdateConfig(micro_batch_tokens=1)},
            "loss is inf, most of it (alone 3e+38) from completion 2 of the question",
        ),
        (HugeGradient, {}, "gradient norm is nan, most of it (alone nan) from completion 1 of the question"),
    ],
    ids=["policy", "in parts", "with a canary", "reference", "gradient", "sum", "gradient of one"],
)
def test_a_step_with_a_value_that_is_no_number_changes_nothing_and_the_run_goes_on(train, kind, options, words):
    _, log = train(kind, **options)
    assert_skipped_once(log, words)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_reward_that_is_no_number_skips_the_step(train, value):
    _, log = train(vrar=Unscored(value))
    assert_skipped_once(log, f'reward is {value}, at completion 2 of the question "')
    assert not math.isfinite(log.metrics[1]["reward"])


def test_a_log_probability_of_the_engines_that_is_no_number_skips_the_step(train):
    _, log = train(engine=Mute())
    assert_skipped_once(
        log, "log-probability that the engine reported is -inf, at token 1 of completion 2 of the ques"
    )


def test_an_engine_with_weights_of_its_own_that_are_no_numbers_is_the_canarys(train):
    class Broken(CopyEngine):
        def update_weights(self, weights):
            super().update_weights((name, w * math.nan if self.calls else w) for name, w in list(weights))

    with pytest.raises(EngineError, match="canary"):
        train(engine=Broken(), canary=CanaryConfig(1e-3))


def test_supervised_steps_are_skipped_by_the_same_guard(train):
    class PlantedSFT(SFTModule):
        def backpropagate(self, losses, num_losses):
            norm = self.model.get_submodule("model.norm").weight
            with Huge(norm) if self.num_steps_done == 1 else nullcontext():
                return super().backpropagate(losses, num_losses)

    _, log = train(PlantedSFT)
    assert_skipped_once(log, 'log-probability is nan, at token 0 of completion 0 of the question "')


def test_so_many_in_a_row_end_the_run_with_the_value_that_began_it(train):
    with pytest.raises(TrainingError) as stop:
        train(Planted, planted=(2, 3, 4), steps=5, max_skipped=2)
    message = str(stop.value)
    assert "2 steps in a row (`watch.max_skipped`) were skipped" in message
    assert "in step 2 the log-probability is nan, at token 0 of completion 0 of the question" in message


def test_a_step_that_is_taken_begins_the_count_anew(train):
    _, log = train(Planted, planted=(1, 3), max_skipped=2)
    assert [metrics["update/skipped"] for metrics in log.metrics] == [1, 1, 2, 2]


def test_the_count_goes_on_after_a_resume(train, tmp_path):
    _, log = train(Planted, steps=3)
    log.trainer.save_checkpoint(tmp_path / "a.ckpt", weights_only=False)
    resumed, _ = train(Planted, steps=3, ckpt_path=tmp_path / "a.ckpt")  # nothing is left to do
    assert resumed.guard.num_skipped == 1


def test_a_weight_that_breaks_in_the_optimizer_stops_the_run_in_the_same_step(train):
    with pytest.raises(
        TrainingError, match=rf"step 2 made weights .* \(1 weights, the first: model\.{LAYER}\[3, 5\] is nan"
    ):
        train(BrokenAfterwards)


def test_less_than_one_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"`watch\.max_skipped` must be at least 1, got 0"):
        StepGuard(0)
