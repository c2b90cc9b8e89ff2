"""The run that this project is made for, as far as it goes without GPUs: shards and a vLLM in each process."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
from transformers import AutoModelForCausalLM

from raiden.train.checkpoints import checkpoints_of
from tests.padded import padded_logps
from tests.runs import finish, fit_arguments, logged, raiden, write_samples_file

pytest.importorskip("vllm", reason="vLLM is not installed")
PAIRS = [((60, 61, 62), (30, 31, 32)), ((5, 6), (7, 8, 9, 10))]


def assert_in_step(run: Path, num_steps: int) -> None:
    """After each sync the engine's log-probabilities were the policy's, and something was learned."""
    differences = logged(run, "canary/difference")
    assert len(differences) == num_steps
    assert max(differences.values()) < 1e-3
    assert all(logged(run, "sync/bytes").values())
    assert all(logged(run, "grad_norm").values())


@pytest.mark.vllm
def test_six_steps_of_two_processes_then_one_goes_on_then_the_export_is_the_policy(wide_folder, tmp_path):
    samples = write_samples_file(tmp_path / "samples.json")
    arguments = fit_arguments(
        wide_folder, samples, tmp_path / "logs", "--trainer.strategy=fsdp2", "--model.canary.max_difference=1e-3",
        "--model.engine=raiden.rollout.engines.VLLMEngine", "--model.engine.cpu_cache_gib=1", "--export.enabled=false",
        "--trainer.limit_val_batches=0",
    )  # fmt: skip
    run = tmp_path / "logs" / "tiny" / "version_0"
    finish(raiden(*arguments, "--trainer.devices=2", cwd=tmp_path))
    assert_in_step(run, num_steps=6)
    assert "Going on from" in finish(raiden(*arguments, "--trainer.max_epochs=3", "--ckpt_path=last", cwd=tmp_path))
    assert_in_step(run, num_steps=9)

    (checkpoint,) = checkpoints_of(run)[-1:]
    finish(raiden("export", str(checkpoint), f"--output={tmp_path / 'exported'}", cwd=tmp_path))
    exported = AutoModelForCausalLM.from_pretrained(tmp_path / "exported")
    dcp_to_torch_save(checkpoint, tmp_path / "whole.pt")
    trained = AutoModelForCausalLM.from_pretrained(wide_folder)
    weights = torch.load(tmp_path / "whole.pt", weights_only=False)["state_dict"]
    before = padded_logps(trained, PAIRS)[0]
    trained.load_state_dict({name.removeprefix("model."): weight for name, weight in weights.items()})
    for ours, truth in zip(padded_logps(exported, PAIRS), padded_logps(trained, PAIRS), strict=True):
        torch.testing.assert_close(ours, truth, rtol=0, atol=1e-5)
    assert (padded_logps(trained, PAIRS)[0] - before).abs().max() > 1e-2
