"""Supervised training: losses, gradients and held-out figures are the same on one process and on several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from raiden.datamodule import RoleplayDataModule
from raiden.engines import SamplingConfig
from raiden.optimization import OptimizerConfig
from raiden.policy import LoraConfig, PolicyConfig, whole
from raiden.sft import SFTModule, SFTUpdateConfig
from tests.distributed.processes import in_processes
from tests.distributed.training import make_trainer
from tests.runs import write_samples_file

pytestmark = pytest.mark.slow
CASES: dict[str, dict[str, Any]] = {
    "even": {"prompts": 4},
    "uneven": {"prompts": 3, "update": SFTUpdateConfig(150)},
    "one prompt": {"prompts": 1},
    "lora": {"prompts": 3, "lora": LoraConfig(rank=4)},
}
TIMED = {"step_time", "tokens_per_second"}


def train(model: Path, samples: Path, folder: Path, num: int) -> dict[str, tuple[Mapping[str, float], Any]]:
    """Two steps of each case, and a validation: what was logged, and the weights."""
    trained = {}
    for name, case in CASES.items():
        module = SFTModule(
            PolicyConfig(str(model), lora=case.get("lora")),
            val_sampling=SamplingConfig(temperature=0.0, max_tokens=6),
            update=case.get("update", SFTUpdateConfig()),
            optimizer=OptimizerConfig(lr=1e-3, schedule="constant", max_grad_norm=0.5),
            seed=7,
        )
        data = RoleplayDataModule(str(samples), batch_size=case["prompts"], tokenizer=str(model), seed=7)
        trainer = make_trainer(
            folder, num, max_epochs=1, limit_train_batches=2, limit_val_batches=1.0, num_sanity_val_steps=0
        )
        torch.manual_seed(3)
        trainer.fit(module, data)
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items() if name not in TIMED}
        weights: dict[str, Tensor] = {name: whole(p).clone() for name, p in module.model.named_parameters()}
        trained[name] = metrics, weights
    return trained


@pytest.fixture(scope="module")
def runs(tiny_folder, tmp_path_factory):
    """On one process, and what each of two has."""
    folder = tmp_path_factory.mktemp("sft")
    samples = write_samples_file(folder / "samples.json")
    return train(tiny_folder, samples, folder, 1), in_processes(2, train, tiny_folder, samples, folder, 2)


@pytest.mark.parametrize("name", CASES)
def test_two_processes_learn_what_one_does(runs, name):
    alone, both = runs
    metrics, weights = alone[name]
    assert {"loss", "val/loss", "val/sbk", "grad_norm", "num_tokens"} <= metrics.keys()
    assert metrics["grad_norm"] > 0.5  # so that the weights depend on the norm of all shards together
    for own_metrics, own_weights in (own[name] for own in both):
        assert own_metrics == pytest.approx(metrics, abs=1e-4)
        for parameter, expected in weights.items():
            torch.testing.assert_close(own_weights[parameter], expected, rtol=0, atol=1e-4)
