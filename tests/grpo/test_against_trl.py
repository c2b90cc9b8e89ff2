"""Losses, gradients, metrics and advantages against TRL's own GRPOTrainer.

Where the two differ on purpose, the comparison is made where they agree:
- bnpo divides by the tokens of the whole update, in TRL by those of each micro-batch: TRL gets one micro-batch.
- A group without advantage is left out where neither KL nor entropy ask for it: TRL's entropy is then one of more
  tokens, and not compared.
- With the ratio of a sequence TRL counts clipped sequences, and here it is clipped tokens: not compared.
"""

from __future__ import annotations

import pytest
import torch
from datasets import Dataset
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from trl import GRPOConfig, GRPOTrainer

from raiden.core.types import Rollout
from raiden.train.grpo import ObjectiveConfig, RolloutUpdate, UpdateConfig, group_advantages
from tests.padded import padded_logps

from .records import assert_close, backward, gradients, make_rollout, make_update, pairs_of

LOSSES = ["grpo", "bnpo", "dr_grpo", "dapo"]
MAX_TOKENS = 8
PROFILE = [(7 * i) % 290 + 3 for i in range(20)]
ROLLOUTS = [
    make_rollout([*PROFILE, 50, 51], [[7, 8, 9], [10], [11, 12, 13, 14, 15]], [1.0, 0.0, 0.3]),
    make_rollout([*PROFILE, 52], [[20, 21], [22, 23, 24, 25, 26, 27, 28, 29], [26]], [0.0, 0.3, 1.0]),
    make_rollout([60, 61, 62], [[30], [31, 32], [33, 34, 35]], [0.5, 0.7, 0.3]),
    make_rollout([63, 64, 65, 66], [[36, 37], [38, 39, 40], [41]], [0.9, 0.0, 0.1]),
]


@pytest.fixture
def make_trainer(tiny_folder, tiny_tokenizer, tmp_path):
    def make(model: object = None, **options: object) -> GRPOTrainer:
        defaults = {"num_generations": 3, "max_completion_length": MAX_TOKENS, "per_device_train_batch_size": 12}
        args = GRPOConfig(
            output_dir=str(tmp_path),
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            report_to=[],
            **{**defaults, **options},
        )
        trainer = GRPOTrainer(
            model=str(tiny_folder),
            reward_funcs=lambda completions, value, **columns: value,
            args=args,
            train_dataset=Dataset.from_list([{"prompt": "a", "value": 1.0}]),
            processing_class=tiny_tokenizer,
        )
        trainer.model.train()
        trainer.current_gradient_accumulation_steps = 1
        return trainer

    return make


def pad(rows: list[Tensor], side: str = "right") -> Tensor:
    return pad_sequence(rows, batch_first=True, padding_side=side)


def trl_inputs(rollouts: list[Rollout], advantages: Tensor, old: list[Tensor], ref: list[Tensor]) -> dict[str, Tensor]:
    """What TRL's `_generate_and_score_completions` would have made of these rollouts."""
    prompts, completions = zip(*pairs_of(rollouts), strict=True)
    lengths = [torch.ones(len(c), dtype=torch.long) for c in completions]
    inputs = {
        "prompt_ids": pad([torch.tensor(p) for p in prompts], "left"),
        "prompt_mask": pad([torch.ones(len(p), dtype=torch.long) for p in prompts], "left"),
        "completion_ids": pad([torch.tensor(c) for c in completions]),
        "completion_mask": pad(lengths),
        "advantages": advantages,
        "num_items_in_batch": torch.tensor(sum(map(len, completions))),
    }
    if old:
        inputs["old_per_token_logps"] = pad(old)
    if ref:
        inputs["ref_per_token_logps"] = pad(ref)
    return inputs


def trl_backward(trainer: GRPOTrainer, inputs: dict[str, Tensor]) -> tuple[float, dict[str, Tensor]]:
    loss = trainer._compute_loss(trainer.model, inputs)
    loss.backward()
    return loss.item(), gradients(trainer.model)


# Options of ours, and TRL's names for them where they differ.
VARIANTS = {
    "plain": {},
    "sequence": {"ratio_level": "sequence"},
    "epsilon": {"epsilon": 0.05, "epsilon_high": 0.1},
    "delta": {"delta": 1.3, "advantage_scale": "batch"},
    "beta": {"beta": 0.1, "advantage_scale": "none"},
    "beta without correction": {"beta": 0.1, "kl_bias_correction": False},
    "beta of a sequence": {"beta": 0.1, "ratio_level": "sequence"},
    "entropy": {"entropy_coef": 0.1},
}
TRL_NAMES = {
    "ratio_level": "importance_sampling_level",
    "kl_bias_correction": "use_bias_correction_kl",
    "advantage_scale": "scale_rewards",
}


def without_gradient(*args: object) -> list[Tensor]:
    with torch.no_grad():
        return padded_logps(*args)


@pytest.mark.parametrize(
    ("variant", "off_policy"),
    [*((name, True) for name in VARIANTS), ("plain", False), ("beta", False)],
)
@pytest.mark.parametrize("loss", LOSSES)
def test_loss_gradients_and_metrics_are_trls(
    make_trainer, tiny_model, old_model, plain_old_model, reference, plain_reference, loss, variant, off_policy
):
    objective = ObjectiveConfig(loss=loss, **VARIANTS[variant])
    temperature = 0.7 if off_policy else 1.0
    # Gone through twice, the old log-probabilities are kept; once, the step's own serve. 48 tokens: several rows.
    config = UpdateConfig(micro_batch_tokens=48, num_iterations=2 if off_policy else 1)
    update = make_update(ROLLOUTS, objective, config, MAX_TOKENS, temperature)
    update.compute_old_logps(old_model)
    if objective.beta:
        update.compute_ref_logps(reference)
    ours = backward(update, tiny_model, range(4))

    options = {TRL_NAMES.get(name, name): value for name, value in VARIANTS[variant].items()}
    trainer = make_trainer(loss_type=loss, temperature=temperature, **options)
    pairs = pairs_of(ROLLOUTS)
    old = without_gradient(plain_old_model, pairs, temperature) if off_policy else []
    ref = without_gradient(plain_reference, pairs, temperature) if objective.beta else []
    truth = trl_backward(trainer, trl_inputs(ROLLOUTS, update.batch.advantages, old, ref))

    assert_close(ours, truth, atol=2e-6)
    assert_metrics_are_equal(update, trainer, objective)


@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_cispo_is_trls(make_trainer, tiny_model, old_model, plain_old_model, reference, plain_reference, beta):
    objective = ObjectiveConfig(policy_loss="cispo", loss="dapo", epsilon_high=0.1, beta=beta)
    update = make_update(ROLLOUTS, objective, UpdateConfig(48, num_iterations=2), MAX_TOKENS)
    update.compute_old_logps(old_model)
    if beta:
        update.compute_ref_logps(reference)
    ours = backward(update, tiny_model, range(4))

    trainer = make_trainer(loss_type="cispo", epsilon_high=1.1, beta=beta)  # TRL's is the bound itself
    pairs = pairs_of(ROLLOUTS)
    old, ref = without_gradient(plain_old_model, pairs, 1.0), without_gradient(plain_reference, pairs, 1.0)
    truth = trl_backward(trainer, trl_inputs(ROLLOUTS, update.batch.advantages, old, ref if beta else []))

    assert_close(ours, truth, atol=2e-6)
    (share,) = trainer._metrics["train"]["cispo_clip_ratio"]
    assert share > 0.02
    assert update.metrics()["clip_ratio/high_mean"] == pytest.approx(share)


def assert_metrics_are_equal(update: RolloutUpdate, trainer: GRPOTrainer, objective: ObjectiveConfig) -> None:
    names = ["entropy"] + ["kl"] * bool(objective.beta)
    if objective.ratio_level == "token":
        names += ["clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/region_mean"]
    ours = update.metrics()
    if len(update.mini_batches()) > 1:
        assert ours["clip_ratio/low_mean"] > 0.02
        assert ours["clip_ratio/high_mean"] > 0.02
    for name in names:
        assert ours[name] == pytest.approx(trainer._metrics["train"][name][-1], abs=1e-5), name


@pytest.mark.parametrize("loss", LOSSES)
def test_each_of_two_updates_of_a_rollout_is_trls(make_trainer, tiny_model, old_model, plain_old_model, loss):
    config = UpdateConfig(micro_batch_tokens=48, prompts_per_update=2)
    update = make_update(ROLLOUTS, ObjectiveConfig(loss=loss), config, MAX_TOKENS)
    update.compute_old_logps(old_model)
    trainer = make_trainer(loss_type=loss, per_device_train_batch_size=6, steps_per_generation=2)
    old = without_gradient(plain_old_model, pairs_of(ROLLOUTS))
    assert update.mini_batches() == [range(0, 2), range(2, 4)]
    for mini_batch in update.mini_batches():
        rows = slice(mini_batch.start * 3, mini_batch.stop * 3)
        inputs = trl_inputs(ROLLOUTS[mini_batch.start : mini_batch.stop], update.batch.advantages[rows], old[rows], [])
        # TRL counts the tokens of the whole rollout: 9 + 11 + 6 + 6.
        inputs["num_items_in_batch"] = torch.tensor(32)
        assert_close(backward(update, tiny_model, mini_batch), trl_backward(trainer, inputs), atol=2e-6)


@pytest.mark.parametrize("variant", ["plain", "beta", "beta without correction", "entropy", "beta and entropy"])
@pytest.mark.parametrize("loss", LOSSES)
def test_masked_completions_and_groups_without_spread_count_as_in_trl(
    make_trainer, tiny_model, old_model, plain_old_model, reference, plain_reference, loss, variant
):
    options = VARIANTS.get(variant, {"beta": 0.1, "entropy_coef": 0.1})
    rollouts = [
        make_rollout([*PROFILE, 50], [[7, 8, 9], [10], [11, 12, 13]], [1.0, 0.0, 0.3], truncated=[2]),
        make_rollout([*PROFILE, 51], [[7, 8], [10, 11], [12]], [0.5, 0.5, 0.5]),
        make_rollout([60, 61], [[20, 21], [22], [23, 24]], [0.0, 1.0, 1.0]),
    ]
    objective = ObjectiveConfig(loss=loss, mask_truncated=True, **options)
    update = make_update(rollouts, objective, UpdateConfig(num_iterations=2), MAX_TOKENS)
    update.compute_old_logps(old_model)
    if objective.beta:
        update.compute_ref_logps(reference)
    ours = backward(update, tiny_model, range(3))

    old, ref = (without_gradient(model, pairs_of(rollouts)) for model in (plain_old_model, plain_reference))
    inputs = trl_inputs(rollouts, update.batch.advantages, old, ref if objective.beta else [])
    inputs["completion_mask"][2] = 0
    inputs["num_items_in_batch"] = inputs["completion_mask"].sum()
    names = {TRL_NAMES.get(name, name): value for name, value in options.items()}
    trainer = make_trainer(loss_type=loss, per_device_train_batch_size=9, **names)
    assert_close(ours, trl_backward(trainer, inputs), atol=2e-6)
    if variant != "plain":
        for name in ["entropy"] + ["kl"] * bool(objective.beta):
            assert update.metrics()[name] == pytest.approx(trainer._metrics["train"][name][0], abs=2e-6), name


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_advantages_are_trls(make_trainer, scale):
    values = [1.0, 0.0, 0.3, 0.5, 0.5, 0.5, 0.0, 0.7, 0.65, 0.35, 1.0, 1.0]
    trainer = make_trainer(scale_rewards=scale, max_completion_length=1)
    prompts = [[{"role": "user", "content": f"Question {i // 3}?"}] for i in range(12)]
    scored = trainer._generate_and_score_completions(
        [{"prompt": prompt, "value": value} for prompt, value in zip(prompts, values, strict=True)]
    )
    ours = group_advantages(torch.tensor(values), 3, scale)
    torch.testing.assert_close(ours, scored["advantages"], rtol=0, atol=1e-6)
