"""Weights move, or the run is refused: in bfloat16 small steps round away."""

from __future__ import annotations

import pytest
import torch
from lightning import Trainer

from raiden.core.errors import ConfigError
from raiden.policy import LoraConfig, PolicyConfig, SampledWeights, load_policy, refuse_steps_that_round_away
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.optimization import OptimizerConfig, make_optimizer
from raiden.train.sft import SFTModule
from tests.runs import write_samples_file

IDS = torch.tensor([[60, 61, 62, 30, 31, 32, 70, 71]])


def changed_after(policy: PolicyConfig, lr: float, num_steps: int = 20) -> tuple[float, float, float]:
    """Share of all weights that so many AdamW steps have changed; what the sample says of it, and said before."""
    model = load_policy(policy, with_reference=False).model
    before = [p.detach().clone() for p in model.parameters() if p.requires_grad]
    sampled = SampledWeights(model)
    optimizer, _ = make_optimizer(model.parameters(), OptimizerConfig(lr=lr, schedule="constant"), num_steps)
    for _ in range(num_steps):
        model(input_ids=IDS, labels=IDS).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    after = [p for p in model.parameters() if p.requires_grad]
    changed = sum(int((a != b).sum()) for a, b in zip(before, after, strict=True)) / sum(p.numel() for p in after)
    return changed, sampled.changed_share(), sampled.movable_share(lr)


def test_in_bfloat16_steps_of_the_default_rate_round_away_and_it_is_known_before(tiny_folder):
    changed, sampled, movable = changed_after(PolicyConfig(str(tiny_folder), dtype="bfloat16"), 1e-6)
    assert changed < 0.05
    assert sampled == pytest.approx(changed, abs=0.02)
    assert movable < 0.05


@pytest.mark.parametrize(
    "options",
    [{}, {"compute_dtype": "bfloat16"}, {"dtype": "bfloat16", "lora": LoraConfig(rank=4)}],
    ids=["float32", "computed in bfloat16", "adapters"],
)
def test_what_the_message_advises_moves_weights_at_the_default_rate(tiny_folder, options):
    changed, sampled, movable = changed_after(PolicyConfig(str(tiny_folder), **options), 1e-6)
    assert changed > 0.9
    assert sampled == pytest.approx(changed, abs=0.02)
    assert movable > 0.9


def test_the_neighbours_of_a_number_decide_what_moves_it():
    # Half the distance between bfloat16 numbers is 2^-8 at 1 and 2^-9 at 1/2; a tie goes to the even one, itself.
    model = torch.nn.Linear(2, 1, bias=False, dtype=torch.bfloat16)
    model.weight.data = torch.tensor([[1.0, 0.5]], dtype=torch.bfloat16)
    sampled = SampledWeights(model)
    assert [sampled.movable_share(step) for step in (2**-9, 2**-8.5, 2**-8, 2**-7)] == [0, 0.5, 0.5, 1]
    model.weight.data[0, 1] = 0.25
    assert sampled.changed_share() == 0.5


def test_half_of_the_weights_have_to_move():
    model = torch.nn.Linear(4, 1, bias=False, dtype=torch.bfloat16)
    model.dtype = torch.bfloat16
    model.weight.data = torch.tensor([[1.0, 1.0, 0.5, 0.5]], dtype=torch.bfloat16)
    refuse_steps_that_round_away(model, 2**-8.5)
    model.weight.data[0, 2] = 1.0
    with pytest.raises(ConfigError, match="rounds away for 75% of the weights"):
        refuse_steps_that_round_away(model, 2**-8.5)


@pytest.fixture
def fit(tiny_folder, tmp_path):
    def run(lr: float, **policy):
        module = SFTModule(PolicyConfig(str(tiny_folder), **policy), optimizer=OptimizerConfig(lr=lr))
        samples = write_samples_file(tmp_path / "samples.json")
        trainer = Trainer(
            accelerator="cpu", max_epochs=1, limit_train_batches=1, limit_val_batches=0, logger=False,
            enable_checkpointing=False, enable_progress_bar=False, default_root_dir=tmp_path,
        )  # fmt: skip
        trainer.fit(module, RoleplayDataModule(str(samples), batch_size=2, tokenizer=str(tiny_folder), seed=7))
        return float(trainer.callback_metrics["update/changed_share"])

    return run


def test_a_run_that_would_hardly_learn_is_refused_with_the_figure_and_the_remedy(fit):
    with pytest.raises(ConfigError, match=r"lr` 1e-06 rounds away for (9\d|100)% of the weights: .*compute_dtype"):
        fit(1e-6, dtype="bfloat16")


def test_the_share_of_weights_that_a_step_changed_is_a_curve(fit):
    assert fit(1e-6) > 0.9
    assert 0.5 < fit(1e-3, dtype="bfloat16") <= 1
