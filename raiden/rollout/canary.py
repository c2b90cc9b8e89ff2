"""The canary: does the engine sample with the weights that learn?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from raiden.core.errors import ConfigError, EngineError
from raiden.core.types import Rollout
from raiden.packing.batching import Group, Packing, micro_batches
from raiden.packing.logps import scored_logits
from raiden.rollout.engines import SamplingConfig
from raiden.rollout.engines.sampling import processed_logps

_NOISE = 1e-3
"""Nats a token that two float32 implementations stay below."""


@dataclass(frozen=True)
class CanaryConfig:
    """Compares log-probabilities of engine and policy after each time that the engine gets new weights."""

    max_difference: float | None = 0.05
    """Mean distance that stops the run, in nats a token; with both in float32 it is about 1e-5, with an engine in
    bfloat16 about 1e-2. null: no canary."""
    max_growth: float = 5.0
    """Stops the run as well where the distance is so many times that of the first check, and above 1e-3: the first,
    after fresh weights, shows what the number types make out; one lost sync can be far below `max_difference`."""

    def __post_init__(self) -> None:
        if self.max_difference is not None and self.max_difference <= 0:
            raise ConfigError(
                f"`model.canary.max_difference` must be above 0, or null for none, got {self.max_difference}."
            )
        if self.max_growth <= 1:
            raise ConfigError(f"`model.canary.max_growth` must be above 1, got {self.max_growth}.")

    def limit(self, first: float | None) -> float:
        """The distance that stops the run, in nats a token; infinite without a canary.

        Args:
            first: what the first check found; None before it.

        >>> [CanaryConfig().limit(first) for first in (None, 1e-6, 0.004, 0.02)]
        [0.05, 0.001, 0.02, 0.05]
        """
        if self.max_difference is None:
            return math.inf
        if first is None:
            return self.max_difference
        return min(self.max_difference, max(_NOISE, self.max_growth * first))


@torch.no_grad()
def engine_difference(
    model: Any,
    rollouts: Sequence[Rollout],
    sampling: SamplingConfig,
    device: torch.device,
    num_completions: int = 2,
    packing: Packing = Packing.SHARED,
) -> float:
    """Mean distance between the engine's log-probabilities and the policy's, in nats a token.

    One small forward pass, over the first completions of the first prompt. The update measures the same for
    nothing, but not where it has no work, and not where the sampler leaves out unlikely tokens.

    A token that is just within top-k, top-p or min-p on one side and just beyond it on the other counts as one nat,
    not as the infinity that it is. Where the policy's own is no number, that is no fault of the engine's: 0.
    """
    completions = rollouts[0].completions[:num_completions]
    group = Group(rollouts[0].prompt.token_ids, [c.token_ids for c in completions], list(range(len(completions))))
    (batch,) = micro_batches([group], 10**9, device, packing)
    logps = processed_logps(scored_logits(model, batch), batch.targets, sampling)[batch.nodes]
    reported = torch.tensor([logp for c in completions for logp in c.sampling_logps], device=device)
    return torch.where(logps.isnan(), 0.0, (logps - reported).abs().clamp(max=1.0)).mean().item()


def canary_error(difference: float, after_another_sync: float, limit: float, num_syncs: int) -> EngineError:
    """The error that says which side is stale, and what to try.

    Args:
        difference: in nats a token.
        after_another_sync: the same, measured anew after the engine got the weights once more.
        limit: what would have been let pass, in nats a token.
    """
    if after_another_sync <= limit:
        cause = (
            "After one more sync they agree: the engine was stale, so a sync was skipped or lost. If this comes "
            "again, set `model.engine.sleep_level` to 0"
        )
    else:
        cause = (
            f"After one more sync they are still {after_another_sync:.2g} apart: what the engine holds is not what "
            "the policy sends, so a weight is left out or changed on the way (a tied head, a renamed or quantised "
            "layer). Try raiden.rollout.engines.TransformersEngine as `model.engine`; if the distance is close to the "
            "limit and the engine computes in another type, set `model.engine.dtype` or raise `model.canary."
            "max_growth` or `max_difference`"
        )
    return EngineError(
        f"canary: after sync {num_syncs} the engine's log-probabilities are {difference:.2g} nats a token from the "
        f"policy's (limit {limit:g}): it samples with other weights than those that learn. {cause}."
    )
