"""Memory that runs out in a stage: a plain word on what to lower there, whole checkpoints, and the command goes on."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
import torch

from tests.faults.drills import assert_nothing_broken, assert_same, assert_told
from tests.faults.moments import At

pytestmark = pytest.mark.faults
MIB = 2**20


def starve() -> None:
    """Limits the process to little more than it has, and asks for more than that; a tiny model never would."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 512 * MIB
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    torch.empty(4_000_000_000, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("command", "function", "number", "stage", "remedy"),
    [
        ("fit", "raiden.train.module:load_policy", 1, "loading the model", "model.policy.dtype"),
        ("fit", "raiden.rollout.engines:TransformersEngine._generate_wave", 7, "sampling", "model.num_generations"),
        ("fit", "raiden.train.grpo.update:RolloutUpdate.losses", 5, "the update", "model.update.micro_batch_tokens"),
        ("fit", "raiden.train.metrics:RoleAwareness.update", 7, "validation", "data.val_batch_size"),
        (
            "sft",
            "raiden.train.sft.cross_entropy:CrossEntropy.losses",
            7,
            "the update",
            "model.update.micro_batch_tokens",
        ),
    ],
    ids=["loading", "sampling", "update", "validation", "sft"],
)
def test_a_run_without_memory_says_in_which_stage_and_goes_on_when_there_is_more(
    command, function, number, stage, remedy, undisturbed, tmp_path
):
    drill, logs = undisturbed[command], tmp_path / "logs"
    said = drill.start(logs, before=At(function, number, starve)).finish(code=2)
    assert_told(said, f"out of memory in {stage} ", "4.0 GB more were asked for", remedy, "--ckpt_path last")
    assert_nothing_broken(logs, drill)
    drill.start(logs, "--ckpt_path=last").finish()
    assert_same(logs, drill)
