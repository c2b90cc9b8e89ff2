"""Corrects for an engine whose probabilities are not quite the policy's: other kernels, other number types."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from raiden.core.errors import ConfigError

CorrectionMode = Literal["auto", "off", "token_truncate", "token_mask", "sequence_truncate", "sequence_mask"]


@dataclass(frozen=True)
class SamplingCorrection:
    """Importance sampling between the engine that sampled and the policy that learns."""

    mode: CorrectionMode = "auto"
    """Ratio of each token or of a whole completion, bounded (truncate) or left out of the loss beyond the bounds
    (mask). `auto`: sequence_mask, as TRL does, but off where the engine samples with the policy's own modules."""
    max_ratio: float = 3.0
    """Upper bound of the ratio."""
    min_ratio: float = 0.0
    """Lower bound of the ratio."""

    def __post_init__(self) -> None:
        if not 0 <= self.min_ratio < self.max_ratio:
            raise ConfigError(
                "`model.objective.sampling_correction`: min_ratio must be at least 0 and below max_ratio, got "
                f"{self.min_ratio} and {self.max_ratio}."
            )


def sampling_ratios(old_logps: Tensor, sampling_logps: Tensor, sequence: Tensor, config: SamplingCorrection) -> Tensor:
    """Weight of each token's policy loss: bounded ``exp(old_logp - sampling_logp)``.

    Truncated importance sampling, and its masked form (icepop, arXiv:2510.18855); with a `sequence_` mode the
    differences of a completion are summed first. Modes `auto` and `off` correct nothing.

    Args:
        old_logps: of the policy before the update, without gradient.
        sampling_logps: as the engine reported them.
        sequence: index of each token's completion.

    Shape:
        - all: ``(N,)``

    >>> old, sampled, sequence = torch.tensor([0.0, 2.0]), torch.zeros(2), torch.tensor([0, 0])
    >>> sampling_ratios(old, sampled, sequence, SamplingCorrection("token_truncate"))
    tensor([1., 3.])
    >>> sampling_ratios(old, sampled, sequence, SamplingCorrection("sequence_mask"))
    tensor([0., 0.])
    """
    if config.mode in ("auto", "off"):
        return torch.ones_like(old_logps)
    difference = old_logps - sampling_logps
    if config.mode.startswith("sequence"):
        difference = sequence_sum(difference, sequence)
    ratio = difference.exp()
    if config.mode.endswith("truncate"):
        return ratio.clamp(config.min_ratio, config.max_ratio)
    return torch.where((ratio < config.min_ratio) | (ratio > config.max_ratio), 0.0, ratio)


def sequence_sum(values: Tensor, sequence: Tensor) -> Tensor:
    """For each token the sum over its completion.

    There are at most as many completions as tokens, so that none has to be counted: the device is not waited for.

    Shape:
        - all: ``(N,)``

    >>> sequence_sum(torch.tensor([1.0, 2.0, 5.0]), torch.tensor([0, 0, 1]))
    tensor([3., 3., 5.])
    """
    return torch.zeros_like(values).index_add(0, sequence, values)[sequence]
