"""Draws one token for each row of logits, from that row's own random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import LogitsProcessorList, MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from raiden.rollout.engines.base import SamplingConfig


def sample_tokens(
    logits: Tensor, generators: list[np.random.Generator], config: SamplingConfig
) -> tuple[Tensor, Tensor]:
    """Draws by the Gumbel-max trick: the largest of ``logits - log(noise)``, noise exponential.

    Inverting the cumulative distribution would need one random number instead of a row of them, but there a
    rounding difference of 1e-6 in the logits moves all the boundaries behind it, and with a vocabulary of 50,000
    the draw changes once in some thousand tokens. Here it changes only where two candidates tie to 1e-6.

    Args:
        generators: one for each row, so that a draw does not depend on the other rows. NumPy's, whose
            exponential numbers take a fifth of the time of torch's.

    Returns:
        The tokens, and each one's log-probability in nats under the distribution it was drawn from
        (after temperature, top-k, top-p and min-p). At temperature 0 it is the model's own.

    Shape:
        - logits: ``(R, V)``
        - output: ``(R,)`` and ``(R,)``
    """
    logits = _processed(logits, config)
    if config.temperature == 0:
        tokens = logits.argmax(dim=-1)
        return tokens, _logps(logits, tokens)
    # In double precision: NumPy's single one is exactly 0 once in 2^23 numbers, and then even a token without
    # any probability wins. With a vocabulary of 50,000 that would be one draw in 170.
    noise = torch.from_numpy(np.stack([g.standard_exponential(logits.shape[1]) for g in generators]))
    tokens = (logits - noise.to(logits.device, logits.dtype).log()).argmax(dim=-1)
    return tokens, _logps(logits, tokens)


def processed_logps(logits: Tensor, tokens: Tensor, config: SamplingConfig) -> Tensor:
    """Log-probability of each token under the distribution that `config` makes of the logits, in nats.

    Shape:
        - logits: ``(R, V)``
        - tokens: ``(R,)``
        - output: ``(R,)``
    """
    return _logps(_processed(logits, config), tokens)


def _processed(logits: Tensor, config: SamplingConfig) -> Any:
    logits = logits.float()
    if config.temperature == 0:
        return logits
    return _warpers(config)(None, logits / config.temperature)


def _warpers(config: SamplingConfig) -> Any:
    warpers = LogitsProcessorList()
    if config.top_k:
        warpers.append(TopKLogitsWarper(config.top_k))
    if config.top_p < 1:
        warpers.append(TopPLogitsWarper(config.top_p))
    if config.min_p > 0:
        warpers.append(MinPLogitsWarper(config.min_p))
    return warpers


def _logps(logits: Tensor, tokens: Tensor) -> Tensor:
    return logits.gather(1, tokens[:, None]).squeeze(1) - logits.logsumexp(dim=-1)
