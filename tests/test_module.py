"""The loop on a tiny model: what a step changes, what it leaves alone, what it writes down."""

from __future__ import annotations

import pytest
import torch
from lightning import Callback, Trainer

from raiden.core.errors import ConfigError
from raiden.core.types import Reward
from raiden.policy import LoraConfig, PolicyConfig
from raiden.rewards import RewardConfig
from raiden.rollout.engines import HeldOutSampling, SamplingConfig
from raiden.rollout.rollouts import completion_seed
from raiden.train.checkpoints import AtomicCheckpointIO
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from raiden.train.grpo.module import GRPOModule
from raiden.train.optimization import OptimizerConfig
from tests.runs import write_samples_file


@pytest.fixture
def train(tiny_folder, tmp_path):
    """Trains for some steps, at once; gives the module and the trainer."""

    def run(steps=1, ckpt_path=None, lora=None, limits=None, callbacks=(), vrar=None, warmup_steps=0, **options):
        module = GRPOModule(
            PolicyConfig(str(tiny_folder), lora=lora),
            sampling=SamplingConfig(max_tokens=12),
            rewards=RewardConfig(min_length=6, length_weight=0.5),
            optimizer=OptimizerConfig(lr=1e-2, schedule="linear", warmup_steps=warmup_steps),
            num_generations=4,
            seed=7,
            **options,
        )
        module.scorer.vrar = vrar or module.scorer.vrar
        data = RoleplayDataModule(
            str(write_samples_file(tmp_path / "samples.json")), batch_size=2, tokenizer=str(tiny_folder), seed=7
        )
        trainer = Trainer(
            accelerator="cpu", limit_val_batches=0, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, default_root_dir=tmp_path, plugins=[AtomicCheckpointIO()],
            callbacks=list(callbacks), **(limits or {"max_epochs": 1, "limit_train_batches": steps}),
        )  # fmt: skip
        trainer.fit(module, data, ckpt_path=ckpt_path)
        return module, trainer

    return run


def weights(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def test_a_step_changes_the_policy_and_not_the_reference(train, tiny_model):
    module, _ = train(objective=ObjectiveConfig(beta=0.1))
    start = weights(tiny_model)
    with module.policy.reference() as reference:
        assert all(torch.equal(p, start[name]) for name, p in reference.named_parameters())
        assert not any(p.requires_grad for p in reference.parameters())
    assert any(not torch.equal(p, start[name]) for name, p in module.model.named_parameters())


def test_the_reference_is_in_no_checkpoint(train, tmp_path):
    _, trainer = train(objective=ObjectiveConfig(beta=0.1))
    trainer.save_checkpoint(tmp_path / "a.ckpt", weights_only=False)
    state = torch.load(tmp_path / "a.ckpt", weights_only=False)["state_dict"]
    assert all(name.startswith("model.") for name in state)
    assert not any("reference" in name for name in state)


def test_lora_trains_adapters_only_and_checkpoints_them_only(train, tiny_model, tmp_path):
    module, trainer = train(steps=2, lora=LoraConfig(rank=4), objective=ObjectiveConfig(beta=0.1))
    start = weights(tiny_model)
    for name, p in module.model.named_parameters():
        plain = name.removeprefix("base_model.model.").replace(".base_layer", "")
        if "lora_" not in name:
            assert torch.equal(p, start[plain]), name
    assert any(p.abs().sum() > 0 for name, p in module.model.named_parameters() if "lora_B" in name)
    trainer.save_checkpoint(tmp_path / "a.ckpt", weights_only=False)
    assert all("lora_" in name for name in torch.load(tmp_path / "a.ckpt", weights_only=False)["state_dict"])


def test_a_lora_checkpoint_restores_the_adapters(train, tmp_path):
    trained, trainer = train(steps=2, lora=LoraConfig(rank=4))
    trainer.save_checkpoint(tmp_path / "a.ckpt", weights_only=False)
    restored, _ = train(steps=2, lora=LoraConfig(rank=4), ckpt_path=tmp_path / "a.ckpt")  # nothing is left to do
    expected = weights(trained.model)
    assert all(torch.equal(p, expected[name]) for name, p in restored.model.named_parameters())


def test_several_optimizer_steps_a_rollout(train):
    module, trainer = train(steps=2, update=UpdateConfig(prompts_per_update=1, num_iterations=2))
    assert module.num_steps_done == 2
    assert trainer.global_step == 2  # of up to eight optimizer steps


def test_the_schedule_spans_the_run_in_steps(train):
    module, _ = train(steps=4, update=UpdateConfig(prompts_per_update=1))
    assert module.lr_schedulers().get_last_lr()[0] == pytest.approx(0)


class Steps(Callback):
    """What each step was counted as, by the module and by the trainer, and its learning rate; saves one of them."""

    def __init__(self, save_at=None, path=None):
        self.counts, self.rates = [], []
        self.save_at, self.path = save_at, path

    def on_train_batch_end(self, trainer, module, *args):
        self.counts.append((module.num_steps_done, trainer.global_step))
        self.rates.append(float(trainer.callback_metrics["lr"]))
        if module.num_steps_done == self.save_at:
            trainer.save_checkpoint(self.path, weights_only=False)


def flat_rewards(sample, text, truncated=False):
    return Reward(0.5, {"accuracy": 0.5, "format": 1.0}, (), "all earn the same")


@pytest.mark.parametrize("vrar", [flat_rewards, None], ids=["nothing to learn", "several optimizer steps a rollout"])
def test_max_steps_counts_rollouts(train, vrar):
    steps = Steps()
    limits = {"max_epochs": -1, "max_steps": 6}  # an epoch has four steps
    module, _ = train(limits=limits, callbacks=[steps], vrar=vrar, update=UpdateConfig(prompts_per_update=1))
    assert steps.counts == [(n, n) for n in range(1, 7)]
    assert steps.rates == pytest.approx([1e-2 * (1 - n / 6) for n in range(6)])
    assert module.lr_schedulers().get_last_lr()[0] == pytest.approx(0)


@pytest.mark.parametrize("save_at", [2, 4, 5])
def test_a_run_limited_by_steps_resumes_anywhere(train, tmp_path, save_at):
    limits = {"max_epochs": -1, "max_steps": 6}
    whole, _ = train(limits=limits, callbacks=[Steps(save_at, tmp_path / "a.ckpt")])
    rest = Steps()
    resumed, _ = train(limits=limits, callbacks=[rest], ckpt_path=tmp_path / "a.ckpt")
    assert rest.counts == [(n, n) for n in range(save_at + 1, 7)]
    assert rest.rates == pytest.approx([1e-2 * (1 - n / 6) for n in range(save_at, 6)])
    expected = weights(whole.model)
    assert all(torch.equal(p, expected[name]) for name, p in resumed.model.named_parameters())


def test_a_run_of_an_earlier_version_that_goes_on_within_its_warm_up_is_told_so(train, tmp_path):
    limits = {"max_epochs": -1, "max_steps": 4}
    train(limits=limits, warmup_steps=3, callbacks=[Steps(2, tmp_path / "a.ckpt")])
    saved = torch.load(tmp_path / "a.ckpt", weights_only=False)
    earlier = 1e-2 * 2 / 3  # from 0: two thirds of the way after two of three steps
    saved["lr_schedulers"][0]["_last_lr"] = [earlier]
    saved["optimizer_states"][0]["param_groups"][0]["lr"] = earlier
    torch.save(saved, tmp_path / "a.ckpt")
    rest = Steps()
    with pytest.warns(UserWarning, match="learning rate, 0.00666667, where 0.0075 would be due"):
        train(limits=limits, warmup_steps=3, callbacks=[rest], ckpt_path=tmp_path / "a.ckpt")
    assert rest.rates == pytest.approx([earlier, 1e-2])


@pytest.mark.parametrize("max_steps", [3, 2])
def test_a_run_that_has_reached_its_limit_takes_no_further_step(train, tmp_path, max_steps):
    train(limits={"max_epochs": -1, "max_steps": 3}, callbacks=[Steps(3, tmp_path / "a.ckpt")])
    rest = Steps()
    train(limits={"max_epochs": -1, "max_steps": max_steps}, callbacks=[rest], ckpt_path=tmp_path / "a.ckpt")
    assert rest.counts == []


def test_the_same_seed_gives_the_same_weights(train):
    first, second = train(steps=2)[0], train(steps=2)[0]
    a, b = weights(first.model), weights(second.model)
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_held_out_replies_are_greedy_and_as_long_as_in_training_unless_that_is_what_is_changed(tiny_folder):
    def held_out(val_sampling):
        sampling = SamplingConfig(temperature=0.7, top_p=0.9, max_tokens=16)
        return GRPOModule(PolicyConfig(str(tiny_folder)), sampling=sampling, val_sampling=val_sampling).val_sampling

    greedy = SamplingConfig(temperature=0.0, max_tokens=16)
    assert held_out(None) == held_out(HeldOutSampling()) == greedy
    assert held_out(HeldOutSampling(max_tokens=64)) == SamplingConfig(temperature=0.0, max_tokens=64)
    assert held_out(HeldOutSampling(temperature=0.5)) == SamplingConfig(temperature=0.5, max_tokens=16)
    with pytest.raises(ConfigError, match=r"val_sampling\.max_tokens"):
        held_out(HeldOutSampling(max_tokens=0))


def test_completion_seeds_differ_by_run_step_sample_and_index():
    seeds = {
        completion_seed(run, step, sample, index)
        for run in (0, 1)
        for step in (0, 1)
        for sample in ("a", "b")
        for index in (0, 1)
    }
    assert len(seeds) == 16
    assert completion_seed(3, 5, "a", 1) == completion_seed(3, 5, "a", 1)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_cosine_without_an_end_is_refused(tiny_folder, tmp_path):
    module = GRPOModule(PolicyConfig(str(tiny_folder)))
    data = RoleplayDataModule(str(write_samples_file(tmp_path / "s.json")), tokenizer=str(tiny_folder))
    trainer = Trainer(
        accelerator="cpu", max_epochs=-1, max_steps=-1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, default_root_dir=tmp_path,
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r"model\.optimizer\.schedule"):
        trainer.fit(module, data)
