"""From scored rollouts to the losses of optimizer steps."""

from __future__ import annotations

import pytest
import torch

from raiden.core.errors import ConfigError
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from tests.padded import padded_logps

from .records import assert_close, backward, gradients, make_rollout, make_update, pairs_of

ROLLOUTS = [
    make_rollout([60, 61, 62], [[30, 31, 32], [33]], [1.0, 0.0]),
    make_rollout([63, 64], [[34, 35], [36, 37, 38]], [0.0, 1.0]),
    make_rollout([65, 66], [[39], [40, 41]], [0.25, 0.75]),
]
NO_SPREAD = make_rollout([67, 68], [[42, 43], [44, 45, 46, 47]], [0.5, 0.5])


class CountedModel(torch.nn.Module):
    """Passes everything on and counts the tokens that went through."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model
        self.num_tokens = 0

    def forward(self, input_ids, **inputs):
        self.num_tokens += input_ids.numel()
        return self.model(input_ids=input_ids, **inputs)

    def get_output_embeddings(self) -> torch.nn.Module:
        return self.model.get_output_embeddings()


@pytest.mark.parametrize(
    ("size", "iterations", "parts"),
    [
        (None, 1, [range(0, 3)]),
        (2, 1, [range(0, 2), range(2, 3)]),
        (1, 2, [range(0, 1), range(1, 2), range(2, 3)] * 2),
        (5, 2, [range(0, 3)] * 2),
    ],
)
def test_each_optimizer_step_has_its_prompts(size, iterations, parts):
    config = UpdateConfig(prompts_per_update=size, num_iterations=iterations)
    assert make_update(ROLLOUTS, config=config).mini_batches() == parts


def test_the_gradient_of_a_single_step_is_that_of_the_advantage_weighted_log_probs(tiny_model, plain_model):
    # The ratio is 1, its gradient that of logp; dapo divides by the rollout's 12 tokens.
    update = make_update(ROLLOUTS)
    slow = torch.stack([logps.sum() for logps in padded_logps(plain_model, pairs_of(ROLLOUTS))])
    (-(update.batch.advantages * slow).sum() / 12).backward()
    # A = +-0.707 in each group, but for the 1e-4; tokens of +: 3, 3, 2, of -: 1, 2, 1, so the loss is -4 * 0.707 / 12.
    loss = -sum(a * n for a, n in zip(update.batch.advantages.tolist(), [3, 1, 2, 3, 1, 2], strict=True)) / 12
    assert loss == pytest.approx(-4 * 0.70701 / 12, abs=1e-4)
    assert_close(backward(update, tiny_model, range(3)), (loss, gradients(plain_model)), atol=1e-6)


def test_later_steps_are_measured_against_the_policy_before_the_first(
    tiny_model, plain_model, old_model, plain_old_model
):
    objective = ObjectiveConfig(loss="grpo")
    update = make_update(ROLLOUTS, objective, UpdateConfig(prompts_per_update=2))
    update.compute_old_logps(old_model)
    pairs = pairs_of(ROLLOUTS)[4:]
    losses = []
    old = [logps.detach() for logps in padded_logps(plain_old_model, pairs)]
    for new, before, advantage in zip(padded_logps(plain_model, pairs), old, update.batch.advantages[4:], strict=True):
        ratio = (new - before).exp()
        losses.append(-torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean())
    slow = torch.stack(losses).mean()
    slow.backward()
    assert_close(backward(update, tiny_model, range(2, 3)), (slow.item(), gradients(plain_model)), atol=2e-6)


def test_old_log_probs_are_kept_only_where_there_is_a_second_step(tiny_model, old_model):
    once = make_update(ROLLOUTS)
    once.compute_old_logps(old_model)
    backward(once, tiny_model, range(3))
    twice = make_update(ROLLOUTS, config=UpdateConfig(num_iterations=2))
    twice.compute_old_logps(old_model)
    backward(twice, tiny_model, range(3))
    # With the step's own log-probs every ratio is 1, and nothing is clipped.
    assert once.metrics()["clip_ratio/region_mean"] == 0
    assert twice.metrics()["clip_ratio/region_mean"] > 0


def test_a_rollout_used_once_is_gone_through_once(tiny_model):
    counted = CountedModel(tiny_model)
    update = make_update(ROLLOUTS)
    update.compute_old_logps(counted)
    assert counted.num_tokens == 0
    backward(update, counted, range(3))
    assert counted.num_tokens == 15


@pytest.mark.parametrize(("min_reward_std", "num_tokens"), [(1e-6, 15), (0.4, 12), (0.8, 0)])
def test_a_group_of_less_spread_than_asked_for_costs_no_work(tiny_model, min_reward_std, num_tokens):
    # Standard deviations 0.71, 0.71 and 0.35.
    counted = CountedModel(tiny_model)
    backward(make_update(ROLLOUTS, ObjectiveConfig(min_reward_std=min_reward_std)), counted, range(3))
    assert counted.num_tokens == num_tokens


def test_a_group_without_spread_costs_no_work_where_neither_kl_nor_entropy_ask_for_it(tiny_model):
    counted = CountedModel(tiny_model)
    update = make_update([*ROLLOUTS, NO_SPREAD], config=UpdateConfig(num_iterations=2))
    # Prompts with completions of the three groups, but for the last tokens: 5, 3 + 4 and 3.
    update.compute_old_logps(counted)
    assert counted.num_tokens == 15
    backward(update, counted, range(4))
    assert counted.num_tokens == 2 * 15
    assert update.has_work(range(4))
    assert not update.has_work(range(3, 4))


@pytest.mark.parametrize("options", [{"beta": 0.1}, {"entropy_coef": 0.1}])
def test_kl_and_entropy_take_in_groups_without_spread(tiny_model, options):
    counted = CountedModel(tiny_model)
    update = make_update([*ROLLOUTS, NO_SPREAD], ObjectiveConfig(**options), UpdateConfig(num_iterations=2))
    # And 3 + 5 tokens of the fourth.
    update.compute_ref_logps(counted)
    update.compute_old_logps(counted)
    backward(update, counted, range(4))
    assert counted.num_tokens == 3 * 23
    assert update.has_work(range(3, 4))


@pytest.mark.parametrize("rewards", [[0.5, 0.5], [0.5, 0.6]], ids=["equal rewards", "less spread than asked for"])
def test_a_group_without_spread_has_the_loss_of_its_kl_and_its_entropy_alone(
    tiny_model, plain_model, reference, plain_reference, rewards
):
    rollout = make_rollout([67, 68], [[42, 43], [44, 45, 46, 47]], rewards)
    objective = ObjectiveConfig(beta=0.3, entropy_coef=0.2, kl_estimator="k2", min_reward_std=0.1)
    update = make_update([rollout], objective)
    update.compute_ref_logps(reference)
    ours = backward(update, tiny_model, range(1))
    # By hand over the 6 tokens: 0.3 * mean((ref - logp)^2 / 2 * ratio) - 0.2 * mean(entropy), the ratio being 1.
    kl, entropy = [], []
    for prompt, completion in pairs_of([rollout]):
        ids = torch.tensor([[*prompt, *completion]])
        distribution = plain_model(input_ids=ids).logits[0, 1:-1].log_softmax(-1)
        with torch.no_grad():
            (ref,) = padded_logps(plain_reference, [(prompt, completion)])
        logps = distribution.gather(1, torch.tensor(completion)[:, None]).squeeze(1)
        kl.append((ref - logps).square() / 2 * (logps - logps.detach()).exp())
        entropy.append(-(distribution.exp() * distribution).sum(-1))
    slow = 0.3 * torch.cat(kl).mean() - 0.2 * torch.cat(entropy).mean()
    slow.backward()
    assert_close(ours, (slow.item(), gradients(plain_model)), atol=2e-6)
    assert update.metrics()["kl"] == pytest.approx(torch.cat(kl).mean().item(), abs=1e-6)
    assert update.metrics()["entropy"] == pytest.approx(torch.cat(entropy).mean().item(), abs=1e-5)
    assert update.metrics()["clip_ratio/region_mean"] == 0


@pytest.mark.parametrize(
    ("loss", "share"),
    [
        ("grpo", 6 / 8),  # completions
        ("bnpo", 12 / 18),  # tokens of the update
        ("dr_grpo", 6 / 8),
        ("dapo", 12 / 18),  # tokens of the rollout
    ],
)
def test_a_group_without_spread_counts_in_the_mean(tiny_model, loss, share):
    objective = ObjectiveConfig(loss=loss)
    value, grads = backward(make_update(ROLLOUTS, objective), tiny_model, range(3))
    diluted = backward(make_update([NO_SPREAD, *ROLLOUTS], objective), tiny_model, range(4))
    assert_close(diluted, (value * share, {name: g * share for name, g in grads.items()}), atol=1e-6)


@pytest.mark.parametrize("loss", ["grpo", "bnpo", "dr_grpo", "dapo"])
def test_a_masked_completion_teaches_nothing_but_its_reward_counts(tiny_model, loss):
    def step(tokens: list[int], mask: bool) -> tuple[float, dict[str, torch.Tensor]]:
        rollout = make_rollout([60, 61], [[30, 31], tokens, [32]], [1.0, 0.0, 0.4], truncated=[1])
        update = make_update([rollout], ObjectiveConfig(loss=loss, mask_truncated=mask))
        assert update.batch.advantages[1] < -0.9
        return backward(update, tiny_model, range(1))

    assert_close(step([33, 34, 35], True), step([36] * 8, True), atol=1e-7)
    assert abs(step([33, 34, 35], False)[0] - step([33, 34, 35], True)[0]) > 1e-3


def test_a_masked_completion_counts_as_one_without_tokens(tiny_model):
    # Tokens 2, masked, 1. grpo: A / (3 * 2) at two tokens and A / 3 at one; dr_grpo: A / (3 * 8) at each.
    rollout = make_rollout([60, 61], [[30, 31], [33, 34, 35], [32]], [1.0, 0.0, 0.5], truncated=[1])
    for loss, share in {"grpo": 1 / 3, "bnpo": 2 / 3, "dr_grpo": 2 / 24, "dapo": 2 / 3}.items():
        update = make_update([rollout], ObjectiveConfig(loss=loss, mask_truncated=True, advantage_scale="none"))
        # A = 0.5, -0.5, 0
        assert backward(update, tiny_model, range(1))[0] == pytest.approx(-0.5 * share, abs=1e-6)


def test_a_rollout_of_masked_completions_has_no_work(tiny_model):
    rollout = make_rollout([60, 61], [[30, 31], [33]], [1.0, 0.0], truncated=[0, 1])
    update = make_update([rollout], ObjectiveConfig(mask_truncated=True))
    assert not update.has_work(range(1))
    assert list(update.losses(tiny_model, range(1))) == []
    assert update.metrics() == {}
    assert not make_update([rollout], ObjectiveConfig(mask_truncated=True, beta=0.1)).has_work(range(1))


def test_equal_rewards_everywhere_are_no_work_and_no_metrics(tiny_model):
    update = make_update([NO_SPREAD])
    assert not update.has_work(range(1))
    update.compute_ref_logps(tiny_model)
    assert list(update.losses(tiny_model, range(1))) == []
    assert update.metrics() == {}


@pytest.mark.parametrize("size", [None, 1])
def test_the_entropy_bonus_is_the_mean_entropy_of_the_step(tiny_model, size):
    config = UpdateConfig(prompts_per_update=size)
    plain, rewarded = (make_update(ROLLOUTS, ObjectiveConfig(entropy_coef=c), config) for c in (0.0, 0.5))
    for update in (plain, rewarded):
        update.compute_old_logps(tiny_model)
    part = plain.mini_batches()[0]
    without, _ = backward(plain, tiny_model, part)
    bonus, _ = backward(rewarded, tiny_model, part)
    # Only this step has been counted so far.
    assert without - bonus == pytest.approx(0.5 * rewarded.metrics()["entropy"], abs=1e-5)


def test_an_entropy_bonus_raises_the_entropy(tiny_model):
    before = make_update(ROLLOUTS, ObjectiveConfig(entropy_coef=100.0))
    _, grads = backward(before, tiny_model, range(3))
    with torch.no_grad():
        for name, parameter in tiny_model.named_parameters():
            parameter -= 1e-5 * grads[name]
    after = make_update(ROLLOUTS)
    backward(after, tiny_model, range(3))
    assert after.metrics()["entropy"] > before.metrics()["entropy"]


def test_metrics_are_means_over_the_trained_tokens_of_all_steps(tiny_model, plain_model, reference, plain_reference):
    rollouts = [make_rollout([60, 61], [[30, 31], [32]], [1.0, 0.0], sampling_logp=-2.0), NO_SPREAD]
    config = UpdateConfig(num_iterations=2, micro_batch_tokens=4)
    update = make_update(rollouts, ObjectiveConfig(beta=0.1), config)
    update.compute_old_logps(tiny_model)
    update.compute_ref_logps(reference)
    steps = [backward(update, tiny_model, mini_batch)[0] for mini_batch in update.mini_batches()]

    pairs = pairs_of(rollouts)
    logps, ref = torch.cat(padded_logps(plain_model, pairs)), torch.cat(padded_logps(plain_reference, pairs))
    differences = (logps + torch.tensor([2.0] * 3 + [1.0] * 6)).abs()
    expected = {
        "loss": sum(steps) / 2,
        "kl": ((ref - logps).exp() - (ref - logps) - 1).mean().item(),
        "tokens/shared": 0.0,
        "clip_ratio/low_mean": 0.0,
        "clip_ratio/high_mean": 0.0,
        "clip_ratio/region_mean": 0.0,
        "sampling/sampling_logp_difference/mean": differences.mean().item(),
        "sampling/sampling_logp_difference/max": differences.max().item(),
    }
    metrics = update.metrics()
    assert metrics.pop("entropy") > 1
    assert metrics == pytest.approx(expected, abs=1e-5)


def test_without_a_reference_no_divergence_is_reported(tiny_model):
    update = make_update(ROLLOUTS)
    backward(update, tiny_model, range(3))
    assert "kl" not in update.metrics()


def test_a_step_changes_the_policy_and_not_the_reference(tiny_model, reference):
    before = [p.clone() for p in tiny_model.parameters()]
    frozen = [p.clone() for p in reference.parameters()]
    optimizer = torch.optim.AdamW(tiny_model.parameters(), lr=1e-3)
    update = make_update(ROLLOUTS, ObjectiveConfig(beta=0.1))
    update.compute_ref_logps(reference)
    for loss in update.losses(tiny_model, range(3)):
        loss.backward()
    optimizer.step()
    assert all(not torch.equal(a, b) for a, b in zip(before, tiny_model.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(frozen, reference.parameters(), strict=True))
    assert all(p.grad is None for p in reference.parameters())


def test_steps_make_good_completions_likelier_than_bad_ones(tiny_model, plain_model):
    def preference(model: torch.nn.Module) -> float:
        good, bad = padded_logps(model, [((60, 61, 62), (30, 31, 32)), ((60, 61, 62), (33,))])
        return (good.mean() - bad.mean()).item()

    start = preference(plain_model)
    optimizer = torch.optim.AdamW(tiny_model.parameters(), lr=1e-3)
    for _ in range(5):
        for loss in make_update(ROLLOUTS).losses(tiny_model, range(3)):
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    plain_model.load_state_dict(tiny_model.state_dict())
    assert preference(plain_model) > start + 0.5


@pytest.mark.parametrize("option", ["micro_batch_tokens", "prompts_per_update", "num_iterations"])
def test_a_value_that_cannot_work_is_refused_by_its_full_name(option):
    with pytest.raises(ConfigError, match=rf"`model\.update\.{option}` must be at least 1, got 0"):
        UpdateConfig(**{option: 0})
