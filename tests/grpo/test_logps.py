"""Log-probabilities and entropies of the scored tokens."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from types import SimpleNamespace

import pytest
import torch

import raiden.packing.logps
from raiden.packing import Group, MicroBatch, micro_batches, token_logps
from raiden.packing.logps import token_scores
from tests.padded import padded_logits, padded_logps

CPU = torch.device("cpu")
GROUPS = [Group([*range(1, 21), 30], [[40, 41, 42], [43]], [0, 1]), Group([*range(1, 21), 31, 32], [[44, 45]], [2])]
PAIRS = [(g.prompt, c) for g in GROUPS for c in g.completions]


def only_batch(groups: Sequence[Group]) -> MicroBatch:
    (batch,) = micro_batches(groups, 10_000, CPU)
    return batch


class GivenHead(torch.nn.Module):
    """Predicts the same at every position."""

    def __init__(self, logits: list[float]) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(logits))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.weight.repeat(*hidden.shape[:-1], 1)


class GivenLogits:
    """A model of nothing but a head that predicts the same at every position it is asked for."""

    def __init__(self, logits: list[float]) -> None:
        self.head = GivenHead(logits)

    def get_output_embeddings(self) -> torch.nn.Module:
        return self.head

    def __call__(self, logits_to_keep: torch.Tensor, **inputs: object) -> SimpleNamespace:
        return SimpleNamespace(logits=self.head(torch.zeros(1, len(logits_to_keep), 2)))


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
    torch.testing.assert_close(
        model.head.weight.grad, torch.tensor([-0.173287, 0.086643, 0.086643]), rtol=0, atol=2e-6
    )
    with torch.no_grad():
        assert not token_logps(model, batch, entropy_gradient=True)[1].requires_grad


@pytest.mark.parametrize("block", [1, 7, 100])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_gradients_are_those_of_autograd_whatever_the_blocks(monkeypatch, temperature, block):
    monkeypatch.setattr(raiden.packing.logps, "BLOCK", block)
    generator = torch.Generator().manual_seed(0)
    logits = (5 * torch.randn(4, 7, generator=generator)).requires_grad_()
    targets = torch.tensor([0, 6, 3, 3])
    weights = torch.randn(2, 4, generator=generator)
    slow = torch.distributions.Categorical(logits=logits / temperature)
    (expected,) = torch.autograd.grad((torch.stack([slow.log_prob(targets), slow.entropy()]) * weights).sum(), logits)
    # A copy: the gradient is written over the logits.
    logps, entropy = token_scores(logits.clone(), targets, temperature, entropy_gradient=True)
    torch.testing.assert_close(logps, slow.log_prob(targets), rtol=0, atol=1e-5)
    torch.testing.assert_close(entropy, slow.entropy(), rtol=0, atol=1e-5)
    loss = (torch.stack([logps, entropy]) * weights).sum()
    (gradient,) = torch.autograd.grad(loss, logits, retain_graph=True)
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-5)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_autocast_makes_scores_no_coarser():
    logits = 10 * torch.randn(4, 700, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([0, 6, 3, 3])
    expected = token_scores(logits, targets, 0.7, entropy_gradient=False)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(
            token_scores(logits, targets, 0.7, entropy_gradient=False), expected, rtol=0, atol=0
        )


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_logps_and_entropies_are_those_of_padded_rows(tiny_model, plain_model, temperature):
    logps, entropy = token_logps(tiny_model, only_batch(GROUPS), temperature)
    slow = torch.cat(padded_logps(plain_model, PAIRS, temperature))
    torch.testing.assert_close(logps, slow, rtol=0, atol=1e-5)
    distributions = torch.distributions.Categorical(logits=torch.cat(padded_logits(plain_model, PAIRS)) / temperature)
    torch.testing.assert_close(entropy, distributions.entropy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 2, 5])
@pytest.mark.parametrize("entropy_gradient", [False, True])
def test_chunks_of_logits_change_neither_values_nor_gradients(tiny_model, monkeypatch, chunk, entropy_gradient):
    batch = only_batch(GROUPS)

    def values_and_gradients() -> list[torch.Tensor]:
        logps, entropy = token_logps(tiny_model, batch, 0.7, entropy_gradient)
        loss = (logps * torch.linspace(-1, 1, len(logps))).sum()
        (loss + entropy.square().sum() if entropy_gradient else loss).backward()
        gradients = [p.grad for p in tiny_model.parameters()]
        tiny_model.zero_grad()
        return [logps.detach(), entropy.detach(), *gradients]

    whole = values_and_gradients()
    monkeypatch.setattr(raiden.packing.logps, "MAX_LOGITS", chunk * 300)  # the tiny model's vocabulary
    for in_chunks, expected in zip(values_and_gradients(), whole, strict=True):
        torch.testing.assert_close(in_chunks, expected, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("with_gradient", [False, True])
def test_no_more_logits_exist_at_a_time_than_one_chunk(tiny_model, monkeypatch, with_gradient):
    monkeypatch.setattr(raiden.packing.logps, "MAX_LOGITS", 2 * 300)
    sizes = []
    project = tiny_model.lm_head.forward
    monkeypatch.setattr(tiny_model.lm_head, "forward", lambda hidden: sizes.append(len(hidden)) or project(hidden))
    with torch.set_grad_enabled(with_gradient):
        logps, _ = token_logps(tiny_model, only_batch(GROUPS))
    assert sizes == [2, 2, 2]
    if with_gradient:
        logps.sum().backward()  # projects each chunk again
        assert sizes == [2] * 6


def test_the_head_is_itself_again_afterwards(tiny_model):
    before = tiny_model.lm_head(torch.ones(1, 64))
    token_logps(tiny_model, only_batch(GROUPS))
    assert torch.equal(tiny_model.lm_head(torch.ones(1, 64)), before)
