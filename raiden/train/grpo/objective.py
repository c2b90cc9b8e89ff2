"""The clipped objective with KL to a reference, on a flat row of completion tokens.

Tokens of all completions stand in one row without padding; ``sequence`` says whose each one is. Every way to
reduce a loss is then one weight a token, and a sum: micro-batches of any cut add up to the same gradient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from raiden.core.errors import ConfigError
from raiden.core.types import Completion, Rollout
from raiden.train.grpo.advantages import AdvantageScale
from raiden.train.grpo.correction import CorrectionMode, SamplingCorrection, sequence_sum

MAX_LOG_RATIO = 20.0
"""Nats between two log-probabilities of a token beyond which their ratio grows no more, and has no gradient: exp
overflows at 88, and an infinite ratio that clipping leaves out has the gradient 0 * inf, which is NaN."""


@dataclass(frozen=True)
class ObjectiveConfig:
    """What is maximised."""

    loss: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    """How token losses are averaged: per completion, then over completions (grpo); over the tokens of an update
    (bnpo); over completions times the longest allowed (dr_grpo); over the tokens of the rollout (dapo)."""
    policy_loss: Literal["ppo", "cispo"] = "ppo"
    """What the advantage weights: the ratio, without a gradient where it is clipped (ppo), or the log-probability,
    times a ratio that is bounded from above and has no gradient, so that no token is left out (CISPO,
    arXiv:2506.13585, with no lower bound, as there). With one update a rollout the two have the same gradient."""
    ratio_level: Literal["token", "sequence"] = "token"
    """What the clipped ratio belongs to: each token, or the whole completion (GSPO, arXiv:2507.18071)."""
    epsilon: float = 0.2
    """How far below 1 the ratio still counts (ppo)."""
    epsilon_high: float | None = None
    """How far above 1 the ratio still counts; None is epsilon. For cispo the field takes 4."""
    delta: float | None = None
    """Upper bound of the ratio where advantages are negative (dual clip, ppo), above 1 + epsilon_high; None: none."""
    beta: float = 0.0
    """Weight of the KL divergence to the reference, in reward units per nat; 0 needs no reference."""
    kl_estimator: Literal["k1", "k2", "k3"] = "k3"
    """Estimator of that divergence (J. Schulman, Approximating KL divergence)."""
    kl_bias_correction: bool = True
    """Multiplies the KL estimate by the ratio, so that its gradient is right off-policy too."""
    entropy_coef: float = 0.0
    """Weight of an entropy bonus, in reward units per nat; 0 is none."""
    advantage_scale: AdvantageScale = "group"
    """Whose standard deviation divides the advantage: the group's, the batch's, or none."""
    min_reward_std: float = 1e-6
    """A group whose rewards spread no more (sample standard deviation, in reward units) has no advantage, and no place
    in the update but for its KL and its entropy. Raise it where rewards are continuous: divided by its own spread, a
    group that differs by noise alone would count as much as any other."""
    mask_truncated: bool = False
    """Completions cut at the token limit are not trained on."""
    sampling_correction: SamplingCorrection = SamplingCorrection()
    """What is done where the engine's log-probabilities are not the policy's."""

    def __post_init__(self) -> None:
        low_high = self.epsilon if self.epsilon_high is None else self.epsilon_high
        checks = {
            "epsilon": (0 < self.epsilon < 1, "above 0 and below 1"),
            "epsilon_high": (low_high > 0, "above 0"),
            "delta": (self.delta is None or self.delta > 1 + low_high, f"above 1 + epsilon_high = {1 + low_high}"),
            "beta": (self.beta >= 0, "at least 0"),
            "min_reward_std": (self.min_reward_std >= 0, "at least 0"),
            "entropy_coef": (self.entropy_coef >= 0, "at least 0"),
        }
        for name, (ok, need) in checks.items():
            if not ok:
                raise ConfigError(f"`model.objective.{name}` must be {need}, got {getattr(self, name)}.")
        if self.policy_loss == "cispo" and self.delta is not None:
            raise ConfigError(
                "`model.objective.delta` does nothing in cispo, whose ratio `epsilon_high` bounds; drop it."
            )

    def trained_tokens(self, completion: Completion) -> int:
        """How many tokens of a completion are trained on, where its group is."""
        return 0 if self.mask_truncated and completion.finish_reason == "length" else len(completion.token_ids)

    def has_signal(self, rollout: Rollout) -> bool:
        """Whether a group's rewards say anything: they spread, and not all of its completions are masked."""
        scored = (
            c for c, reward in zip(rollout.completions, rollout.rewards, strict=True) if reward.total is not None
        )
        return rollout.reward_std > self.min_reward_std and any(map(self.trained_tokens, scored))

    def trains_on(self, rollout: Rollout) -> bool:
        """Whether a group takes part in the update: KL and entropy ask for it whatever its rewards are."""
        return self.beta > 0 or self.entropy_coef > 0 or self.has_signal(rollout)


def with_correction(config: ObjectiveConfig, engine_is_policy: bool) -> ObjectiveConfig:
    """The config with `auto` replaced by the mode that it stands for."""
    correction = config.sampling_correction
    if correction.mode != "auto":
        return config
    mode: CorrectionMode = "off" if engine_is_policy else "sequence_mask"
    return replace(config, sampling_correction=replace(correction, mode=mode))


@dataclass(frozen=True)
class TokenTerms:
    """What the objective says of each token; every field has shape ``(N,)``."""

    loss: Tensor
    """To be minimised, before the reduction's weight."""
    kl: Tensor
    """Estimated divergence from the reference, in nats; zero without a reference."""
    clipped_low: Tensor
    """True where clipping from below stops the gradient (ratio below 1 - epsilon, advantage negative), in ppo."""
    clipped_high: Tensor
    """True where clipping from above stops the gradient, or, in cispo, bounds the weight of a good token."""


def token_terms(
    logps: Tensor,
    old_logps: Tensor,
    advantages: Tensor,
    sequence: Tensor,
    config: ObjectiveConfig,
    ref_logps: Tensor | None = None,
    sampling_ratio: Tensor | None = None,
) -> TokenTerms:
    """The clipped policy loss, plus ``beta`` times the KL estimate, of each token.

    ``-min(min(rho, delta) A, clip(rho, 1 - epsilon, 1 + epsilon_high) A) + beta KL`` with
    ``rho = exp(logp - old_logp)``, at most ``exp(MAX_LOG_RATIO)``; PPO, arXiv:1707.06347, and GRPO, arXiv:2402.03300.
    In cispo ``-stop_gradient(min(rho, 1 + epsilon_high)) A logp + beta KL``, arXiv:2506.13585.

    Args:
        logps: of the policy, with gradient.
        old_logps: of the policy that sampled.
        advantages: of each token's completion.
        sequence: index of each token's completion, starting at 0; a completion's tokens are all here.
        ref_logps: of the frozen reference; needed where beta is above 0.
        sampling_ratio: weight of the policy loss, not of the KL; see `sampling_ratios`.

    Shape:
        - all: ``(N,)``
    """
    log_ratio = logps - old_logps
    if config.ratio_level == "sequence":
        log_ratio = sequence_sum(log_ratio, sequence) / sequence_sum(torch.ones_like(log_ratio), sequence)
    ratio = log_ratio.clamp(max=MAX_LOG_RATIO).exp()
    low, high = 1 - config.epsilon, 1 + (config.epsilon if config.epsilon_high is None else config.epsilon_high)
    if config.policy_loss == "cispo":
        low = 0.0
        loss = -ratio.detach().clamp(max=high) * advantages * logps
    else:
        bounded = ratio if config.delta is None else ratio.clamp(max=config.delta)
        loss = -torch.minimum(bounded * advantages, ratio.clamp(low, high) * advantages)
    if sampling_ratio is not None:
        loss = loss * sampling_ratio
    kl = torch.zeros_like(logps)
    if ref_logps is not None:
        kl = kl_divergence(logps, ref_logps, config.kl_estimator)
        if config.kl_bias_correction:
            kl = kl * ratio
        loss = loss + config.beta * kl
    return TokenTerms(
        loss,
        kl.detach(),
        clipped_low=(ratio < low) & (advantages < 0),
        clipped_high=(ratio > high) & (advantages > 0),
    )


def kl_divergence(logps: Tensor, ref_logps: Tensor, estimator: Literal["k1", "k2", "k3"]) -> Tensor:
    """KL(policy || reference) estimated from one sampled token each, in nats.

    k1 = -d, k2 = d^2 / 2, k3 = exp(d) - d - 1 with ``d = ref - logp``; J. Schulman, Approximating KL divergence. In k3
    d is at most `MAX_LOG_RATIO`.

    >>> d = torch.tensor([0.5])
    >>> [round(kl_divergence(-d, torch.zeros(1), k).item(), 4) for k in ("k1", "k2", "k3")]
    [-0.5, 0.125, 0.1487]
    """
    difference = ref_logps - logps
    if estimator == "k1":
        return -difference
    if estimator == "k2":
        return difference.square() / 2
    difference = difference.clamp(max=MAX_LOG_RATIO)
    return difference.exp() - difference - 1


def token_weights(
    num_tokens: Tensor, loss: str, max_tokens: int, rollout_tokens: int, updates_per_rollout: int
) -> Tensor:
    """Weight of each completion's tokens in the loss of an update; the loss is then a plain weighted sum.

    With m the trained tokens and B the completions of the update: grpo ``1 / (B m_i)``, bnpo ``1 / sum(m)``,
    dr_grpo ``1 / (B max_tokens)`` (arXiv:2503.20783), dapo ``updates / tokens of the rollout`` (arXiv:2503.14476).

    Args:
        num_tokens: trained tokens of each completion of the update, those of groups that are left out too: without an
            advantage they cost no work, but they still count in the mean.
        max_tokens: longest allowed completion, in tokens.
        rollout_tokens: trained tokens of the whole rollout.

    Shape:
        - num_tokens: ``(B,)``
        - output: ``(B,)``
    """
    num_completions = len(num_tokens)
    if loss == "grpo":
        return 1 / (num_completions * num_tokens.clamp(min=1))
    if loss == "bnpo":
        denominator = float(num_tokens.sum().clamp(min=1))
    elif loss == "dr_grpo":
        denominator = float(num_completions * max_tokens)
    else:
        denominator = max(rollout_tokens, 1) / updates_per_rollout
    return torch.full((num_completions,), 1 / denominator)
