"""The loss and its gradients, against numbers worked by hand and against transformers' own loss on padded rows."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from raiden.core.processes import ALONE, Processes
from raiden.packing import Group, Passes
from raiden.policy import LoraConfig
from raiden.policy.loading import add_lora
from raiden.train.sft import CrossEntropy
from tests.grpo.test_logps import HALF_QUARTERS, GivenLogits

CPU = torch.device("cpu")
PROFILE = list(range(100, 140))
GROUPS = [
    Group([*PROFILE, 30], [[40, 41, 42, 2]], [0]),
    Group([*PROFILE, 31, 32], [[43, 2]], [1]),
    Group([*PROFILE, 33, 34, 35], [[44, 45, 46, 47, 48, 2]], [2]),
    Group(list(range(50, 70)), [[49, 60, 2]], [3]),
    Group([*PROFILE, 36], [[61, 2]], [4]),
]


def labelled_loss(model) -> torch.Tensor:
    """The slow truth: padded rows, and labels of -100 where nothing is to be learned."""
    rows = [torch.tensor([*g.prompt, *g.completions[0]]) for g in GROUPS]
    labels = [torch.tensor([-100] * len(g.prompt) + list(g.completions[0])) for g in GROUPS]
    return model(
        input_ids=pad_sequence(rows, batch_first=True),
        attention_mask=pad_sequence([torch.ones_like(row) for row in rows], batch_first=True),
        labels=pad_sequence(labels, batch_first=True, padding_value=-100),
    ).loss


def gradients(model) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def learn(model, budget=10_000, processes=ALONE) -> float:
    """Backpropagates; the loss."""
    total = 0.0
    for loss in CrossEntropy(Passes(GROUPS, budget, CPU, processes)).losses(model):
        loss.backward()
        total += loss.item()
    return total


def assert_learned_the_same(model, truth, loss) -> None:
    expected = labelled_loss(truth)
    expected.backward()
    assert loss == pytest.approx(expected.item(), abs=1e-5)
    ours, theirs = gradients(model), gradients(truth)
    assert ours.keys() == theirs.keys()
    for name, gradient in theirs.items():
        torch.testing.assert_close(ours[name], gradient, rtol=0, atol=1e-5, msg=lambda m, name=name: f"{name}: {m}")
    assert max(g.abs().max() for g in theirs.values()) > 1e-2


def test_the_loss_is_that_worked_by_hand():
    # Tokens of probability 1/2, 1/4, 1/4. Targets 0, 1 and 2, 0: (ln 2 + ln 4 + ln 4 + ln 2) / 4 = 1.5 ln 2; that
    # each token counts the same and not each answer shows in the second: (ln 2 + ln 4 + ln 2) / 3 = (4/3) ln 2.
    for targets, expected in (([[0, 1], [2, 0]], 1.5 * log(2)), ([[0, 1], [0]], 4 / 3 * log(2))):
        groups = [Group([1, 2], [target], [row]) for row, target in enumerate(targets)]
        cross_entropy = CrossEntropy(Passes(groups, 100, CPU))
        total = sum(loss.item() for loss in cross_entropy.losses(GivenLogits(HALF_QUARTERS)))
        assert total == pytest.approx(expected, abs=1e-6)
        assert cross_entropy.metrics() == pytest.approx({"loss": expected, "entropy": 1.5 * log(2)}, abs=1e-6)


@pytest.mark.parametrize("budget", [10_000, 60, 1], ids=["one row", "some rows", "a row each"])
def test_loss_and_gradients_are_transformers_own(tiny_model, plain_model, budget):
    assert_learned_the_same(tiny_model, plain_model, learn(tiny_model, budget))


def test_loss_and_gradients_of_adapters_are_transformers_own(tiny_model, plain_model):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        adapted, truth = (add_lora(model, LoraConfig(rank=4)) for model in (tiny_model, plain_model))
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:  # B is 0 at first, and A would get no gradient
                torch.nn.init.normal_(parameter, std=0.1)
                truth.get_parameter(name).data.copy_(parameter.data)
    assert_learned_the_same(adapted, truth, learn(adapted))


@pytest.mark.parametrize("num", [2, 3, 7])
def test_the_shares_of_several_processes_add_up(tiny_model, plain_model, num):
    losses = [learn(tiny_model, 60, Processes(rank, num)) for rank in range(num)]
    assert_learned_the_same(tiny_model, plain_model, sum(losses))


@pytest.mark.parametrize("num", [2, 3, 7])
def test_all_processes_take_the_same_number_of_passes(tiny_model, num):
    counts = {
        sum(1 for _ in CrossEntropy(Passes(GROUPS, 60, CPU, Processes(rank, num))).losses(tiny_model))
        for rank in range(num)
    }
    assert len(counts) == 1


def test_a_shared_profile_is_computed_once(tiny_model):
    seen = []
    tiny_model.get_input_embeddings().register_forward_hook(lambda module, ids, out: seen.append(ids[0].numel()))
    learn(tiny_model)
    together = sum(len(g.prompt) + len(g.completions[0]) for g in GROUPS)
    assert seen == [together - 3 * len(PROFILE) - len(GROUPS)]  # a target's last token predicts nothing
