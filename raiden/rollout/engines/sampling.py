"""Draws one token for each row of logits, by that row's own noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from transformers import LogitsProcessorList, MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from raiden.rollout.engines.base import SamplingConfig
from raiden.rollout.engines.noise import gumbel


def sample_tokens(
    logits: Tensor, words: Tensor, position: int | Sequence[int], config: SamplingConfig
) -> tuple[Tensor, Tensor]:
    """Draws by the Gumbel-max trick: the largest of ``logits + noise``.

    Inverting the cumulative distribution would need one random number instead of a row of them, but there a
    rounding difference of 1e-6 in the logits moves all the boundaries behind it, and with a vocabulary of 50,000
    the draw changes once in some thousand tokens. Here it changes only where two candidates tie to 1e-6.

    Args:
        words: the seed of each row, as `seed_words` gives it.
        position: how many tokens all rows, or each, have drawn before.

    Returns:
        The tokens, and each one's log-probability in nats under the distribution it was drawn from
        (after temperature, top-k, top-p and min-p). At temperature 0 it is the model's own.

    Shape:
        - logits: ``(R, V)``
        - words: ``(R, 2)``
        - output: ``(R,)`` and ``(R,)``
    """
    logits = _processed(logits, config)
    if config.temperature == 0:
        tokens = logits.argmax(dim=-1)
        return tokens, _logps(logits, tokens)
    tokens = gumbel(words, position, logits.shape[1]).add_(logits).argmax(dim=-1)
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
