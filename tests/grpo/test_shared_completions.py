"""Completions that begin alike: computed once, and every loss and gradient is what it is where each stands alone."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor
from torch.nn.functional import rms_norm
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm

from raiden.core.types import Rollout
from raiden.packing import Group, Packing, logps, micro_batches
from raiden.packing.logps import take
from raiden.policy import LoraConfig
from raiden.policy.loading import add_lora
from raiden.train.grpo import ObjectiveConfig, RolloutUpdate, SamplingCorrection, UpdateConfig
from tests.padded import padded_logits

from .records import Gradients, assert_close, backward, gradients, make_rollout, make_update, pairs_of

CPU = torch.device("cpu")
BEGUN = [(7 * i) % 290 + 3 for i in range(17)]
ROLLOUTS = [
    # Two completions go on alike, one is written twice, and one is the beginning of another.
    make_rollout(
        [*range(40, 60)],
        [[*BEGUN, 7, 8], [*BEGUN, 7, 9, 10], [*BEGUN, 7, 8], [*BEGUN[:9], 5], [*BEGUN, 7, 8, 11, 12]],
        [1.0, 0.0, 0.3, 0.8, 0.1],
        truncated=[3],
        sampling_logp=-6.0,
    ),
    make_rollout(
        [*range(40, 58), 3], [[5], [5], [6, 7], [6, 7], [6, 8]], [0.0, 1.0, 1.0, 0.2, 0.4], sampling_logp=-5.5
    ),
    make_rollout([70, 71], [BEGUN, BEGUN, [4], BEGUN[:16], [4, 4]], [0.5, 0.7, 0.3, 0.1, 0.0], sampling_logp=-5.0),
]
MAX_TOKENS = 24
OBJECTIVES = {
    "grpo, entropy": ObjectiveConfig(loss="grpo", entropy_coef=0.05),
    "bnpo, sequence ratio, k1": ObjectiveConfig(loss="bnpo", ratio_level="sequence", beta=0.1, kl_estimator="k1"),
    "dr_grpo, truncated by token": ObjectiveConfig(
        loss="dr_grpo", epsilon_high=0.3, sampling_correction=SamplingCorrection("token_truncate", 1.2)
    ),
    "dapo, sequence ratio, truncated by sequence": ObjectiveConfig(
        loss="dapo", ratio_level="sequence", sampling_correction=SamplingCorrection("sequence_truncate", 1.5)
    ),
    "dapo, cispo": ObjectiveConfig(loss="dapo", policy_loss="cispo", epsilon_high=0.1),
    "dapo, masked, k3, entropy": ObjectiveConfig(
        loss="dapo", beta=0.1, entropy_coef=0.02, sampling_correction=SamplingCorrection("token_mask", 1.1, 0.4)
    ),
    "grpo, cut ones masked, delta, k2": ObjectiveConfig(
        loss="grpo", beta=0.2, kl_estimator="k2", kl_bias_correction=False, mask_truncated=True, delta=2.0
    ),
}


def slow_update(
    models: tuple[torch.nn.Module, torch.nn.Module, torch.nn.Module], rollouts: list[Rollout], update: RolloutUpdate
) -> tuple[float, Gradients]:
    """The loss of all prompts as one step, completion by completion, each in a row of its own.

    Args:
        models: policy, policy before the update, reference; with plain attention.
    """
    config, total = update.objective, torch.zeros((), dtype=torch.float64)
    completions = [c for rollout in rollouts for c in rollout.completions]
    trained = [config.trained_tokens(c) for c in completions]
    for completion, pair, advantage, length in zip(
        completions, pairs_of(rollouts), update.batch.advantages.double(), trained, strict=True
    ):
        if not length:
            continue
        targets = torch.tensor(completion.token_ids)[:, None]
        policy, before, reference = (padded_logits(model, [pair])[0].log_softmax(-1) for model in models)
        logp, old, ref = (each.gather(1, targets)[:, 0] for each in (policy, before.detach(), reference.detach()))
        sampled = torch.tensor(completion.sampling_logps, dtype=torch.float64)
        ratio = (logp - old).exp()
        if config.ratio_level == "sequence":
            ratio = (logp - old).mean().exp().expand(length)
        high = config.epsilon_high or config.epsilon
        bounded = ratio if config.delta is None else ratio.clamp(max=config.delta)
        loss = -torch.minimum(bounded * advantage, ratio.clamp(1 - config.epsilon, 1 + high) * advantage)
        if config.policy_loss == "cispo":
            loss = -ratio.detach().clamp(max=1 + high) * advantage * logp
        loss = loss * slow_correction(old - sampled, config.sampling_correction)
        difference = ref - logp
        kl = {"k1": -difference, "k2": difference**2 / 2, "k3": difference.exp() - difference - 1}[config.kl_estimator]
        loss = loss + config.beta * (kl * ratio if config.kl_bias_correction else kl)
        share = {
            "grpo": 1 / (len(completions) * length),
            "bnpo": 1 / sum(trained),
            "dr_grpo": 1 / (len(completions) * MAX_TOKENS),
            "dapo": 1 / sum(trained),
        }[config.loss]
        entropy = -(policy.exp() * policy).sum()
        # Weights are float32.
        total = total + (loss * torch.tensor(share)).sum() - config.entropy_coef * entropy / sum(trained)
    total.backward()
    return total.item(), gradients(models[0])


def slow_correction(difference: Tensor, correction: SamplingCorrection) -> Tensor:
    if correction.mode in ("auto", "off"):
        return torch.ones_like(difference)
    if correction.mode.startswith("sequence"):
        difference = difference.sum().expand(len(difference))
    ratio = difference.exp()
    if correction.mode.endswith("truncate"):
        return ratio.clamp(correction.min_ratio, correction.max_ratio)
    return torch.where((ratio >= correction.min_ratio) & (ratio <= correction.max_ratio), ratio, 0.0)


@pytest.fixture
def policies(tiny_model, old_model, reference):
    return tuple(map(in_float64, (tiny_model, old_model, reference)))


@pytest.fixture
def plain_policies(plain_model, plain_old_model, plain_reference):
    return tuple(map(in_float64, (plain_model, plain_old_model, plain_reference)))


def in_float64(model: torch.nn.Module) -> torch.nn.Module:
    """Its norms too, which as transformers has them round to float32."""
    for module in model.double().modules():
        if isinstance(module, Qwen2RMSNorm):
            module.forward = partial(exact_norm, module)
    return model


def exact_norm(module: Qwen2RMSNorm, hidden: Tensor) -> Tensor:
    return rms_norm(hidden, hidden.shape[-1:], module.weight, module.variance_epsilon)


def prepared(policies, objective, config=UpdateConfig(num_iterations=2), packing=Packing.SHARED) -> RolloutUpdate:
    update = make_update(ROLLOUTS, objective, config, MAX_TOKENS, packing=packing)
    # Of the type in which tokens' values are kept.
    update.batch.sampling_logps = update.batch.sampling_logps.to(policies[0].dtype)
    update.compute_old_logps(policies[1])
    if objective.beta:
        update.compute_ref_logps(policies[2])
    return update


def assert_as_alone(policies, plain_policies, objective, **options) -> None:
    update = prepared(policies, objective, **options)
    found = backward(update, policies[0], range(3))
    assert_close(found, slow_update(plain_policies, ROLLOUTS, update), atol=1e-10)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_and_gradients_are_those_of_each_completion_alone(policies, plain_policies, name):
    # In one row, and in several between which groups are split.
    for budget in (10_000, 50):
        config = UpdateConfig(num_iterations=2, micro_batch_tokens=budget)
        assert_as_alone(policies, plain_policies, OBJECTIVES[name], config=config)


def test_so_they_are_with_gradient_checkpointing_with_adapters_and_in_separate_rows(policies, plain_policies):
    objective = OBJECTIVES["dapo, masked, k3, entropy"]
    assert_as_alone(plain_policies, plain_policies, objective, packing=Packing.ROWS)
    policies[0].gradient_checkpointing_enable({"use_reentrant": False})
    assert_as_alone(policies, plain_policies, objective)
    torch.manual_seed(0)
    adapted = add_lora(policies[0], LoraConfig(rank=2)).double()
    plain = add_lora(plain_policies[0], LoraConfig(rank=2)).double()
    with torch.no_grad():
        for own, other in zip(adapted.parameters(), plain.parameters(), strict=True):
            if own.requires_grad:
                other.copy_(own.uniform_(-0.1, 0.1))
    assert_as_alone((adapted, *policies[1:]), (plain, *plain_policies[1:]), objective)


def test_several_mini_batches_make_the_steps_of_separate_rows(policies, plain_policies):
    config = UpdateConfig(prompts_per_update=2, num_iterations=2, micro_batch_tokens=60)
    objective = OBJECTIVES["bnpo, sequence ratio, k1"]
    shared = prepared(policies, objective, config)
    alone = prepared(plain_policies, objective, config, Packing.ROWS)
    for mini_batch in shared.mini_batches():
        truth = backward(alone, plain_policies[0], mini_batch)
        assert truth[0] != 0
        assert_close(backward(shared, policies[0], mini_batch), truth, atol=1e-10)


def test_in_float32_they_agree_to_its_precision(tiny_model, plain_model, old_model, plain_old_model):
    objective = OBJECTIVES["dr_grpo, truncated by token"]
    update = prepared((tiny_model, old_model), objective)
    truth = prepared((plain_model, plain_old_model), objective, packing=Packing.ROWS)
    assert_close(backward(update, tiny_model, range(3)), backward(truth, plain_model, range(3)), atol=1e-5)


# The index

COMPLETIONS = [[*[5] * 16, 6, 7, 3], [*[5] * 16, 8, 3], [*[5] * 16, 6, 7, 3], [4]]


def test_the_row_and_its_index_are_those_worked_by_hand():
    prompt, begun = [9] * 16, [5] * 16
    (batch,) = micro_batches([Group(prompt, COMPLETIONS, [3, 4, 5, 6])], 100, CPU)
    # Read are the prompt, what three begin with, and what these go on with but for the last token.
    assert batch.input_ids.tolist() == [[*prompt, *begun, 6, 7, 8]]
    assert batch.packed.position_ids.tolist() == [[*range(34), 32]]
    # The prompt's last token predicts 5 and 4, the last 5 predicts 6 and 8.
    assert batch.predictors.tolist() == [*range(15, 34), 31, 34, 15]
    assert batch.targets.tolist() == [*begun, 6, 7, 3, 8, 3, 4]
    assert batch.nodes.tolist() == [*range(19), *range(16), 19, 20, *range(19), 21]
    assert batch.rows.tolist() == [3, 4, 5, 6]
    assert batch.lengths.tolist() == [19, 18, 19, 1]


def test_the_share_that_is_saved_is_logged(tiny_model):
    # 19 + 18 + 19 + 1 tokens of completions, 22 of them computed.
    update = make_update([make_rollout([9] * 16, COMPLETIONS, [1.0, 0.0, 0.5, 0.2])])
    backward(update, tiny_model, range(1))
    assert update.metrics()["tokens/shared"] == pytest.approx(35 / 57)


def test_gradients_of_what_is_taken_twice_are_those_of_autograd():
    values = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    index = torch.tensor([3, 0, 3, 1, 1, 3])  # 2 and 4 never
    weights = torch.randn(6, 2, dtype=torch.float64)
    assert torch.equal(take(values, index), values[index])
    (ours,) = torch.autograd.grad((take(values, index) * weights).sum(), values)
    (truth,) = torch.autograd.grad((values[index] * weights).sum(), values)
    torch.testing.assert_close(ours, truth, rtol=0, atol=1e-15)


def of_the_neighbour(values: Tensor, index: Tensor) -> Tensor:
    return values[index.roll(1)]


def of_one_alone(values: Tensor, index: Tensor) -> Tensor:
    """The gradient of a shared token is that of the first completion that has it."""
    is_first = torch.tensor([number not in index[:place] for place, number in enumerate(index)])
    return torch.where(is_first[:, None], values[index], values[index].detach())


@pytest.mark.parametrize("mistake", [of_the_neighbour, of_one_alone])
def test_a_wrong_index_is_found_out(policies, plain_policies, mistake, monkeypatch):
    monkeypatch.setattr(logps, "take", mistake)
    with pytest.raises(AssertionError):
        assert_as_alone(policies, plain_policies, OBJECTIVES["dapo, masked, k3, entropy"])
