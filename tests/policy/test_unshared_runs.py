"""Whole runs of models that the prefix tree does not compute, or whose files hold weights in another form."""

from __future__ import annotations

import pytest
import torch
from lightning import Trainer
from transformers import AutoModelForCausalLM, AutoTokenizer

from raiden.policy import LoraConfig, PolicyConfig, export_policy
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig
from raiden.train.checkpoints import AtomicCheckpointIO
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import ObjectiveConfig
from raiden.train.grpo.module import GRPOModule
from raiden.train.optimization import OptimizerConfig
from tests.runs import write_samples_file

from .architectures import tiny


@pytest.fixture
def folder(request, tiny_folder, tmp_path):
    """A tiny random model of a family, with the tiny tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    config = tiny(request.param)
    config.update(
        {"vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def train(folder, num_steps, ckpt_path=None, **policy):
    module = GRPOModule(
        PolicyConfig(str(folder), **policy),
        sampling=SamplingConfig(max_tokens=8),
        rewards=RewardConfig(min_length=6, length_weight=0.5),
        objective=ObjectiveConfig(beta=0.1),
        optimizer=OptimizerConfig(lr=1e-2, schedule="constant"),
        num_generations=3,
        seed=7,
    )
    samples = str(write_samples_file(folder.parent / "samples.json"))
    trainer = Trainer(
        accelerator="cpu", limit_val_batches=0, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        default_root_dir=folder.parent, plugins=[AtomicCheckpointIO()], max_epochs=-1, max_steps=num_steps,
    )  # fmt: skip
    trainer.fit(module, RoleplayDataModule(samples, batch_size=2, tokenizer=str(folder), seed=7), ckpt_path=ckpt_path)
    return module, trainer


@pytest.mark.parametrize("folder", ["Qwen3.5", "Mamba 2"], indirect=True)
def test_a_run_in_separate_rows_samples_what_it_learns_from_and_goes_on_to_the_same_weights(folder):
    with pytest.warns(UserWarning, match=r"not shared: .* about \d\.\d times the tokens"):
        whole, trainer = train(folder, 1)
    assert whole.step_metrics["sampling/sampling_logp_difference/max"] < 1e-4
    trainer.save_checkpoint(folder.parent / "one.ckpt")
    resumed, _ = train(folder, 2, folder.parent / "one.ckpt")
    straight, _ = train(folder, 2)
    expected = straight.model.state_dict()
    assert all(torch.equal(weight, expected[name]) for name, weight in resumed.model.state_dict().items())


@pytest.mark.parametrize("folder", ["Nemotron-H", "Qwen3 MoE", "gpt-oss"], indirect=True)
def test_an_export_of_adapters_that_were_trained_with_checkpointing_is_the_policy(folder, tmp_path):
    module, _ = train(folder, 2, lora=LoraConfig(rank=2), gradient_checkpointing=True)
    exported = AutoModelForCausalLM.from_pretrained(export_policy(module.policy, tmp_path / "export"))
    ids = torch.arange(12)[None] + 5
    with torch.no_grad():
        theirs = exported.eval()(input_ids=ids).logits
        ours = module.model.eval()(input_ids=ids).logits
        before = AutoModelForCausalLM.from_pretrained(folder).eval()(input_ids=ids).logits
    torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-4)
    assert (theirs - before).abs().max() > 1e-3
