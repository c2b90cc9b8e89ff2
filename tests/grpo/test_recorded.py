"""An update that was written down is the same update again."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from raiden.core.types import Prompt
from raiden.data.samples import load_samples
from raiden.train.grpo import ObjectiveConfig, UpdateConfig, record_update, restore_update
from tests.grpo.records import assert_close, backward, make_rollout, make_update
from tests.runs import write_samples_file

ROLLOUTS = [
    make_rollout([60, 61, 62], [[30, 31, 32], [33]], [1.0, 0.0]),
    make_rollout([60, 61, 63], [[40, 41], [42, 43, 44]], [0.0, 1.0]),
]


def test_the_losses_of_a_restored_update_are_those_of_the_policy_before_and_of_the_reference(
    tiny_model, plain_model, tmp_path
):
    """The policy has moved since its log-probabilities were kept: with none of them the ratios would all be 1."""
    sample, *_ = load_samples(write_samples_file(tmp_path / "samples.json"))
    rollouts = [replace(rollout, prompt=Prompt(sample, rollout.prompt.token_ids)) for rollout in ROLLOUTS]
    update = make_update(rollouts, ObjectiveConfig(beta=0.1), UpdateConfig(prompts_per_update=1, num_iterations=2))
    update.compute_old_logps(tiny_model)
    update.compute_ref_logps(plain_model)
    with torch.no_grad():
        for parameter in tiny_model.parameters():
            parameter.mul_(1.02)
    truth = backward(update, tiny_model, range(1, 2))
    restored = restore_update(*record_update(update), torch.device("cpu"))
    assert restored.mini_batch == range(1, 2)
    assert_close(backward(restored, tiny_model, restored.mini_batch), truth, atol=1e-5)
    restored.batch.old_logps = None
    assert backward(restored, tiny_model, range(1, 2))[0] != pytest.approx(truth[0], abs=1e-3)
