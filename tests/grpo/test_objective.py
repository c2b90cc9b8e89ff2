"""The clipped objective, by hand."""

from __future__ import annotations

from math import exp, log

import pytest
import torch
from torch import Tensor

from raiden.core.errors import ConfigError
from raiden.train.grpo import ObjectiveConfig, TokenTerms, token_terms, token_weights
from raiden.train.grpo.objective import kl_divergence


def terms(
    ratios: list[float],
    advantages: list[float],
    sequence: list[int] | None = None,
    ref_minus_logp: float | None = None,
    **config: object,
) -> tuple[TokenTerms, Tensor]:
    """Terms of tokens with these ratios, and the gradient of their sum by the log-probabilities."""
    old = torch.full((len(ratios),), -2.0)
    logps = (old + torch.tensor(ratios).log()).requires_grad_()
    ref = None if ref_minus_logp is None else logps.detach() + ref_minus_logp
    # Without `sequence` each token is a completion of its own.
    owner = torch.tensor(sequence or range(len(ratios)))
    found = token_terms(logps, old, torch.tensor(advantages), owner, ObjectiveConfig(**config), ref)
    found.loss.sum().backward()
    return found, logps.grad


def assert_values(tensor: Tensor, expected: list[float]) -> None:
    torch.testing.assert_close(tensor, torch.tensor(expected), rtol=0, atol=2e-6)


RATIOS, ADVANTAGES = [1.0, 1.5, 1.5, 0.5, 0.5, 1.1], [2.0, 2.0, -1.0, 1.0, -1.0, -3.0]


def test_the_clipped_loss_is_the_one_worked_by_hand():
    found, gradient = terms(RATIOS, ADVANTAGES)
    # -min(2, 2); -min(3, 1.2*2); -min(-1.5, -1.2); -min(0.5, 0.8); -min(-0.5, -0.8); -min(-3.3, -3.3)
    assert_values(found.loss, [-2.0, -2.4, 1.5, -0.5, 0.8, 3.3])
    # The second and the fifth are clipped; elsewhere d rho / d logp = rho, so -rho A.
    assert_values(gradient, [-2.0, 0.0, 1.5, -0.5, 0.0, 3.3])
    assert found.clipped_high.tolist() == [False, True, False, False, False, False]
    assert found.clipped_low.tolist() == [False, False, False, False, True, False]
    assert_values(found.kl, [0.0] * 6)


def test_epsilon_high_is_the_upper_bound_alone():
    found, _ = terms(RATIOS, ADVANTAGES, epsilon_high=0.28)
    assert_values(found.loss, [-2.0, -2.56, 1.5, -0.5, 0.8, 3.3])  # only 1.28 * 2 is new


def test_epsilon_is_both_bounds():
    found, _ = terms([1.5, 0.5], [1.0, -1.0], epsilon=0.4)
    assert_values(found.loss, [-1.4, 0.6])


def test_delta_bounds_the_ratio_where_the_advantage_is_negative():
    # Without delta a ratio of 10 counts in full against a bad token: loss 10, gradient 10.
    found, gradient = terms([10.0, 10.0, 2.0], [-1.0, 1.0, -1.0], delta=3.0)
    assert_values(found.loss, [3.0, -1.2, 2.0])
    assert_values(gradient, [0.0, 0.0, 2.0])
    found, gradient = terms([10.0], [-1.0])
    assert_values(found.loss, [10.0])
    assert_values(gradient, [10.0])


def test_the_sequence_ratio_is_the_geometric_mean_of_its_tokens():
    # Completion 0: ratios 2 and 1, geometric mean sqrt(2) = 1.414214, A = -1: loss 1.414214 at both tokens.
    # d loss / d logp of either token: two losses, each 1.414214 / 2.
    # Completion 1: sqrt(2) again, A = 1: clipped at 1.2. Completion 2: one token of ratio 0.9.
    found, gradient = terms(
        [2.0, 1.0, 1.0, 2.0, 0.9], [-1.0, -1.0, 1.0, 1.0, 1.0], [0, 0, 1, 1, 2], ratio_level="sequence"
    )
    assert_values(found.loss, [1.414214, 1.414214, -1.2, -1.2, -0.9])
    assert_values(gradient, [1.414214, 1.414214, 0.0, 0.0, -0.9])
    assert found.clipped_high.tolist() == [False, False, True, True, False]


def test_one_tokens_loss_pulls_at_all_tokens_of_its_completion_by_the_sequence_ratio():
    # Ratios 2 and 1 again, A = -1; the first token's loss alone: sqrt(2) / 2 at both tokens.
    logps = torch.tensor([log(2), 0.0], requires_grad=True)
    config = ObjectiveConfig(ratio_level="sequence")
    found = token_terms(logps, torch.zeros(2), torch.tensor([-1.0, -1.0]), torch.tensor([0, 0]), config)
    found.loss[0].backward()
    assert_values(logps.grad, [0.707107, 0.707107])


def test_cispo_weights_each_log_probability_by_a_bounded_ratio_without_gradient():
    found, gradient = terms(RATIOS, ADVANTAGES, policy_loss="cispo", epsilon_high=0.28)
    # Bounded ratios 1, 1.28, 1.28, 0.5, 0.5, 1.1; the gradient is -ratio A, also where it is bounded.
    assert_values(gradient, [-2.0, -2.56, 1.28, -0.5, 0.5, 3.3])
    # Times the log-probability, -2 + ln(ratio): -2, -1.594535, -1.594535, -2.693147, -2.693147, -1.904690
    assert_values(found.loss, [4.0, 4.08201, -2.041005, 1.346574, -1.346574, -6.285477])
    assert found.clipped_high.tolist() == [False, True, False, False, False, False]
    assert not found.clipped_low.any()


def test_with_one_update_a_rollout_cispo_has_the_gradient_of_ppo():
    gradients = [terms([1.0, 1.0], [2.0, -1.0], policy_loss=name)[1] for name in ("ppo", "cispo")]
    assert_values(gradients[0], gradients[1].tolist())


# d = ref - logp = ln 2
KL = {"k1": -0.693147, "k2": 0.240227, "k3": 0.306853}  # -d; d^2 / 2; 2 - d - 1
KL_GRADIENT = {"k1": 1.0, "k2": -0.693147, "k3": -1.0}  # by logp: 1; -d; 1 - exp(d)


@pytest.mark.parametrize("estimator", KL)
def test_each_kl_estimator_and_its_gradient_are_those_worked_by_hand(estimator):
    logps = torch.tensor([-3.0], requires_grad=True)
    kl = kl_divergence(logps, torch.tensor([-3.0 + log(2)]), estimator)
    kl.backward()
    assert_values(kl.detach(), [KL[estimator]])
    assert_values(logps.grad, [KL_GRADIENT[estimator]])


@pytest.mark.parametrize("estimator", KL)
def test_without_bias_correction_beta_times_kl_is_added(estimator):
    found, gradient = terms(
        [1.1], [1.0], ref_minus_logp=log(2), beta=0.1, kl_estimator=estimator, kl_bias_correction=False
    )
    assert_values(found.kl, [KL[estimator]])
    assert_values(found.loss, [-1.1 + 0.1 * KL[estimator]])
    assert_values(gradient, [-1.1 + 0.1 * KL_GRADIENT[estimator]])


@pytest.mark.parametrize("estimator", KL)
def test_bias_correction_multiplies_kl_by_the_ratio_with_its_gradient(estimator):
    # d (rho kl) = rho (kl + d kl), with rho = 1.1
    found, gradient = terms([1.1], [1.0], ref_minus_logp=log(2), beta=0.1, kl_estimator=estimator)
    assert_values(found.kl, [1.1 * KL[estimator]])
    assert_values(found.loss, [-1.1 + 0.11 * KL[estimator]])
    assert_values(gradient, [-1.1 + 0.11 * (KL[estimator] + KL_GRADIENT[estimator])])


def test_a_clipped_token_is_still_held_to_the_reference():
    # rho = 1.5 is clipped, its KL term is not: 0.1 * 1.5 * (0.306853 - 1) = -0.103972
    _, gradient = terms([1.5], [1.0], ref_minus_logp=log(2), beta=0.1)
    assert_values(gradient, [-0.103972])


@pytest.mark.parametrize("estimator", ["k2", "k3"])
def test_kl_is_never_negative_and_zero_at_the_reference(estimator):
    differences = torch.linspace(-3, 3, 13)
    kl = kl_divergence(-differences, torch.zeros(13), estimator)
    assert (kl >= 0).all()
    assert kl[6] == 0
    assert (kl[:6] > 0).all()


def test_with_bias_correction_the_gradient_of_k1_and_k3_is_that_of_the_divergence():
    # Mean over all tokens x of P(x) * rho-corrected estimator, with old = P: its gradient by the logits must be that
    # of KL(P || Q) = sum P (log P - log Q). All three tokens of a vocabulary stand for the expectation.
    logits, ref = torch.tensor([0.3, -1.0, 0.5], requires_grad=True), torch.tensor([0.6, 0.1, 0.3]).log()
    logps = logits.log_softmax(-1)
    (expected,) = torch.autograd.grad((logps.exp() * (logps - ref)).sum(), logits, retain_graph=True)
    for estimator in ("k1", "k3"):
        config = ObjectiveConfig(beta=1.0, kl_estimator=estimator)
        found = token_terms(logps, logps.detach(), torch.zeros(3), torch.arange(3), config, ref)
        (gradient,) = torch.autograd.grad((logps.detach().exp() * found.loss).sum(), logits, retain_graph=True)
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "weights"),
    [
        ("grpo", [1 / 6, 1 / 12, 1 / 3]),  # 1 / (3 completions * their 2, 4 or max(0, 1) tokens)
        ("bnpo", [1 / 6] * 3),  # 2 + 4 + 0 tokens
        ("dr_grpo", [1 / 24] * 3),  # 3 completions of at most 8
        ("dapo", [2 / 14] * 3),  # 14 tokens in the rollout's 2 updates
    ],
)
def test_the_weights_of_each_loss_are_those_worked_by_hand(loss, weights):
    found = token_weights(torch.tensor([2, 4, 0]), loss, 8, rollout_tokens=14, updates_per_rollout=2)
    assert_values(found, weights)


@pytest.mark.parametrize("loss", ["grpo", "bnpo", "dr_grpo", "dapo"])
def test_weights_are_finite_where_every_completion_is_masked(loss):
    assert token_weights(torch.tensor([0, 0]), loss, 8, rollout_tokens=0, updates_per_rollout=1).isfinite().all()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("epsilon", 0.0),
        ("epsilon", 1.0),
        ("epsilon_high", 0.0),
        ("delta", 1.2),  # not above 1 + epsilon_high = 1.2
        ("beta", -0.1),
        ("entropy_coef", -0.1),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_its_full_name(option, value):
    with pytest.raises(ConfigError, match=rf"`model\.objective\.{option}` must be .*, got {value}"):
        ObjectiveConfig(**{option: value})


def test_a_bound_that_cispo_does_not_have_is_refused():
    with pytest.raises(ConfigError, match=r"`model\.objective\.delta` does nothing in cispo"):
        ObjectiveConfig(policy_loss="cispo", delta=2.0)


@pytest.mark.parametrize("level", ["token", "sequence"])
@pytest.mark.parametrize("distance", [100.0, -100.0])
@pytest.mark.parametrize("advantage", [1.0, -1.0])
def test_a_ratio_beyond_all_numbers_leaves_loss_and_gradient_finite(level, distance, advantage):
    # exp(100) is infinite in float32; clipped, with the advantage above 0, its gradient would be 0 * inf.
    logps = torch.tensor([-3.0, -2.0], requires_grad=True)
    old = logps.detach() - torch.tensor([distance, distance])
    owner = torch.tensor([0, 0])
    config = ObjectiveConfig(ratio_level=level, beta=0.1)
    found = token_terms(logps, old, torch.full((2,), advantage), owner, config, logps.detach() - distance)
    found.loss.sum().backward()
    assert found.loss.isfinite().all()
    assert logps.grad.isfinite().all()


def test_a_policy_far_below_the_reference_has_a_finite_divergence():
    # d = 100: k3 is exp(20) - 20 - 1; d = -100: 0 + 100 - 1.
    assert_values(kl_divergence(torch.tensor([-101.0, -1.0]), torch.tensor([-1.0, -101.0]), "k3")[1:], [99.0])
    assert kl_divergence(torch.tensor(-101.0), torch.tensor(-1.0), "k3").item() == pytest.approx(
        exp(20) - 21, rel=1e-6
    )


def test_what_is_no_number_is_not_hidden_by_the_bound():
    logps = torch.tensor([float("nan")])
    terms = token_terms(logps, torch.zeros(1), torch.ones(1), torch.tensor([0]), ObjectiveConfig(beta=0.1), logps)
    assert terms.loss.isnan().all()
