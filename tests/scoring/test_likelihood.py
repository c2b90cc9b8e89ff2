"""Replies that the frozen reference finds unlikelier than the reference answers."""

from __future__ import annotations

import pytest
import torch
from lightning import Trainer

from raiden.core.processes import ALONE
from raiden.core.types import Prompt, Reward
from raiden.policy import PolicyConfig, load_policy
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig
from raiden.rollout.likelihood import reference_logps, with_likelihood
from raiden.train.checkpoints import AtomicCheckpointIO
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import ObjectiveConfig, RolloutUpdate
from raiden.train.grpo.module import GRPOModule
from raiden.train.optimization import OptimizerConfig
from tests.grpo.records import SAMPLE
from tests.padded import padded_logps
from tests.runs import write_samples_file

CPU = torch.device("cpu")


def test_log_probabilities_are_those_of_one_padded_row_a_completion(tiny_folder, plain_model):
    policy = load_policy(PolicyConfig(str(tiny_folder)), with_reference=True)
    prompts = [Prompt(SAMPLE, (60, 61, 62)), Prompt(SAMPLE, (63, 64))]
    completions = [[(30, 31, 32), ()], [(34,), (36, 37)]]
    found = reference_logps(policy, prompts, completions, 1.0, 64, ALONE, CPU)
    pairs = [(p.token_ids, ids) for p, group in zip(prompts, completions, strict=True) for ids in group if ids]
    slow = iter(padded_logps(plain_model, pairs))
    for group, ids in zip(found, completions, strict=True):
        for logps, tokens in zip(group, ids, strict=True):
            expected = next(slow) if tokens else torch.zeros(0)
            torch.testing.assert_close(logps, expected.detach(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("nats", "value"), [(1.0, 0.0), (2.0, 0.0), (2.5, -0.5), (3.0, -1.0), (9.0, -1.0)])
def test_the_component_begins_at_the_band_and_ends_a_nat_beyond_it(nats, value):
    reward = with_likelihood(Reward(1.0, {"accuracy": 1.0, "format": 1.0}, (), "Right."), nats, 2.0, 0.4)
    assert reward.components["unlikely"] == pytest.approx(value)
    assert reward.total == pytest.approx(1 + 0.4 * value)
    assert ("nats a token" in reward.reason) == (value < 0)


def fit(tiny_folder, tmp_path, beta, **rewards):
    module = GRPOModule(
        PolicyConfig(str(tiny_folder)),
        sampling=SamplingConfig(max_tokens=8),
        rewards=RewardConfig(min_length=6, length_weight=0.5, **rewards),
        objective=ObjectiveConfig(beta=beta),
        optimizer=OptimizerConfig(lr=1e-2, schedule="constant"),
        num_generations=4,
        seed=7,
    )
    data = RoleplayDataModule(
        str(write_samples_file(tmp_path / "samples.json")), batch_size=2, tokenizer=str(tiny_folder), seed=7
    )
    trainer = Trainer(
        accelerator="cpu", limit_val_batches=0, logger=False, enable_checkpointing=False, max_epochs=1,
        enable_progress_bar=False, default_root_dir=tmp_path, plugins=[AtomicCheckpointIO()], limit_train_batches=2,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, data)
    return module, trainer.callback_metrics


def test_a_run_measures_the_band_and_says_what_it_costs(tiny_folder, tmp_path):
    module, metrics = fit(tiny_folder, tmp_path, 0.0, unlikely_weight=0.5)
    assert 3 < module.unlikely_limit < 8  # random weights: log(300) = 5.7 nats a token
    assert float(metrics["time/likelihood"]) > 0
    assert -1 <= float(metrics["rewards/unlikely/mean"]) <= 0
    _, without = fit(tiny_folder, tmp_path, 0.0)
    assert "time/likelihood" not in without


def test_the_kl_takes_the_log_probabilities_that_are_there(tiny_folder, tmp_path, monkeypatch):
    plain, _ = fit(tiny_folder, tmp_path, 0.1)
    # A limit that nothing reaches: the same rewards, and so the same run.
    monkeypatch.setattr(RolloutUpdate, "compute_ref_logps", None)
    module, metrics = fit(tiny_folder, tmp_path, 0.1, unlikely_weight=0.5, unlikely_limit=1e3)
    assert float(metrics["kl"]) > 0
    for name, weight in plain.model.named_parameters():
        torch.testing.assert_close(module.model.get_parameter(name), weight, atol=1e-6, rtol=1e-5)
