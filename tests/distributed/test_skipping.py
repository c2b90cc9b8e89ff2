"""A value that is no number on one process alone skips the step on all of them."""

from __future__ import annotations

import math

import pytest
import torch

from raiden.train.grpo import RolloutUpdate
from tests.distributed.processes import in_processes
from tests.distributed.training import Case, train
from tests.runs import write_samples_file

pytestmark = pytest.mark.slow


def train_with_faults(model, samples, folder, num):
    """Trains for four steps; the second process has an infinite loss in the second."""
    losses, steps = RolloutUpdate.losses, []

    def planted(self, *arguments):
        steps.append(self)
        second = len(steps) == 2 and torch.distributed.get_rank() == 1
        return (loss * (math.inf if second else 1.0) for loss in losses(self, *arguments))

    RolloutUpdate.losses = planted
    return train(model, samples, folder, Case(prompts=2, steps=4), num)


def test_all_processes_skip_what_one_of_them_must_not_take(tiny_folder, tmp_path):
    samples = write_samples_file(tmp_path / "samples.json")
    first, second = in_processes(2, train_with_faults, tiny_folder, samples, tmp_path, 2)
    for own in (first, second):
        assert own.metrics["update/skipped"] == 1
        assert len(own.gradients) == 3
        assert all(weight.isfinite().all() for weight in own.weights.values())
    assert all(torch.equal(weight, second.weights[name]) for name, weight in first.weights.items())
