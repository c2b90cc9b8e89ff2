"""How often a step goes through the policy: no pass whose result is there already, none that nobody asks for."""

from __future__ import annotations

import pytest
import torch
from lightning import Callback, Trainer

from raiden.policy import LoraConfig, PolicyConfig
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from raiden.train.grpo.module import GRPOModule
from tests.engines.copied import CopyEngine
from tests.runs import write_samples_file


class Passes(Callback):
    """Counts forward passes through the policy, those with and those without a graph for the backward pass."""

    def __init__(self):
        self.with_graph = self.without = 0

    def on_train_start(self, trainer, pl_module):
        pl_module.model.register_forward_pre_hook(self.count)

    def count(self, *_):
        self.with_graph += torch.is_grad_enabled()
        self.without += not torch.is_grad_enabled()


@pytest.fixture
def passes(tiny_folder, tmp_path):
    """Those of one step of two prompts; the engine has a model of its own, so that only the update is counted."""

    def count(lora=None, **options):
        counter = Passes()
        module = GRPOModule(
            PolicyConfig(str(tiny_folder), lora=lora),
            engine=CopyEngine(),
            sampling=SamplingConfig(max_tokens=6),
            num_generations=4,
            rewards=RewardConfig(min_length=6, length_weight=0.5),
            seed=7,
            **options,
        )
        data = RoleplayDataModule(
            str(write_samples_file(tmp_path / "samples.json")), batch_size=2, tokenizer=str(tiny_folder), seed=7
        )
        trainer = Trainer(
            accelerator="cpu", max_epochs=1, limit_train_batches=1, limit_val_batches=0, logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            default_root_dir=tmp_path, callbacks=[counter],
        )  # fmt: skip
        trainer.fit(module, data)
        return counter.with_graph, counter.without

    return count


@pytest.mark.parametrize("lora", [None, LoraConfig(rank=4)])
def test_a_rollout_used_once_costs_one_pass(passes, lora):
    """Neither old log-probabilities nor, at beta 0, a reference; and the canary measures nothing anew."""
    assert passes(lora) == (1, 0)


def test_a_rollout_used_twice_costs_one_pass_more_for_the_old_log_probabilities(passes):
    assert passes(update=UpdateConfig(num_iterations=2)) == (2, 1)


def test_above_beta_0_a_policy_with_adapters_is_its_own_reference(passes):
    assert passes(LoraConfig(rank=4), objective=ObjectiveConfig(beta=0.1)) == (1, 1)


@pytest.mark.filterwarnings("error:.*lr_scheduler")
def test_where_nothing_is_learned_only_the_canary_looks(passes):
    assert passes(objective=ObjectiveConfig(min_reward_std=10.0)) == (0, 1)


def test_above_beta_0_there_is_always_something_to_learn(passes):
    assert passes(objective=ObjectiveConfig(beta=0.1, min_reward_std=10.0)) == (1, 0)
