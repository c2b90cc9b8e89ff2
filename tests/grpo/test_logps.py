"""Log-probabilities and entropies of the scored tokens."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from types import SimpleNamespace

import pytest
import torch

from raiden.grpo import Group, MicroBatch, micro_batches, token_logps
from tests.padded import padded_logits, padded_logps

CPU = torch.device("cpu")
GROUPS = [Group([*range(1, 21), 30], [[40, 41, 42], [43]], [0, 1]), Group([*range(1, 21), 31, 32], [[44, 45]], [2])]
PAIRS = [(g.prompt, c) for g in GROUPS for c in g.completions]


def only_batch(groups: Sequence[Group]) -> MicroBatch:
    (batch,) = micro_batches(groups, 10_000, CPU)
    return batch


class GivenLogits:
    """A model that predicts the same at every position it is asked for."""

    def __init__(self, logits: list[float]) -> None:
        self.logits = torch.tensor(logits, requires_grad=True)

    def __call__(self, logits_to_keep: torch.Tensor, **inputs: object) -> SimpleNamespace:
        return SimpleNamespace(logits=self.logits.expand(1, len(logits_to_keep), -1))


# Tokens of probability 1/2, 1/4 and 1/4: entropy (1/2) ln 2 + (1/2) ln 4 = 1.5 ln 2 = 1.039721
HALF_QUARTERS = [log(2) + 7, 7.0, 7.0]


@pytest.mark.parametrize("temperature", [1.0, 0.0])
def test_logps_and_entropy_are_those_worked_by_hand(temperature):
    # At temperature 0 the model's own distribution is meant.
    batch = only_batch([Group([1, 2], [[0, 1]], [0])])
    logps, entropy = token_logps(GivenLogits(HALF_QUARTERS), batch, temperature)
    torch.testing.assert_close(logps, torch.tensor([-log(2), -log(4)]), rtol=0, atol=2e-6)
    torch.testing.assert_close(entropy, torch.tensor([1.039721, 1.039721]), rtol=0, atol=2e-6)


def test_temperature_divides_the_logits():
    # At 1/2 probabilities are squared: 1/4, 1/16, 1/16, in sum 3/8: 2/3, 1/6, 1/6.
    # Entropy (2/3) ln(3/2) + (1/3) ln 6 = 0.867563
    batch = only_batch([Group([1, 2], [[0, 1]], [0])])
    logps, entropy = token_logps(GivenLogits(HALF_QUARTERS), batch, 0.5)
    torch.testing.assert_close(logps, torch.tensor([log(2 / 3), log(1 / 6)]), rtol=0, atol=5e-6)
    torch.testing.assert_close(entropy, torch.tensor([0.867563, 0.867563]), rtol=0, atol=5e-6)


def test_the_entropy_has_a_gradient_only_where_it_is_asked_for():
    batch = only_batch([Group([1, 2], [[0]], [0])])
    _, entropy = token_logps(GivenLogits(HALF_QUARTERS), batch)
    assert not entropy.requires_grad
    model = GivenLogits(HALF_QUARTERS)
    _, entropy = token_logps(model, batch, entropy_gradient=True)
    entropy.sum().backward()
    # d H / d logit_i = -p_i (log p_i + H): -(1/2)(-0.693147 + 1.039721), -(1/4)(-1.386294 + 1.039721)
    torch.testing.assert_close(model.logits.grad, torch.tensor([-0.173287, 0.086643, 0.086643]), rtol=0, atol=2e-6)
    with torch.no_grad():
        assert not token_logps(model, batch, entropy_gradient=True)[1].requires_grad


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_logps_and_entropies_are_those_of_padded_rows(tiny_model, plain_model, temperature):
    logps, entropy = token_logps(tiny_model, only_batch(GROUPS), temperature)
    slow = torch.cat(padded_logps(plain_model, PAIRS, temperature))
    torch.testing.assert_close(logps, slow, rtol=0, atol=1e-5)
    distributions = torch.distributions.Categorical(logits=torch.cat(padded_logits(plain_model, PAIRS)) / temperature)
    torch.testing.assert_close(entropy, distributions.entropy(), rtol=0, atol=1e-5)
