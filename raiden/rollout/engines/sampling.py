"""Draws one token for each row of logits, by that row's own noise."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessorList, MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from raiden.rollout.engines.base import SamplingConfig
from raiden.rollout.engines.noise import LARGEST, gumbel, gumbel_of

_MOST = 1 / 32
"""Share of the vocabulary; with more candidates than that it is quicker to take all tokens."""


def sample_tokens(
    logits: Tensor,
    words: Tensor,
    position: int | Sequence[int],
    config: SamplingConfig,
    rows: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Draws by the Gumbel-max trick: the largest of ``logits + noise``.

    Inverting the cumulative distribution would need one random number instead of a row of them, but there a
    rounding difference of 1e-6 in the logits moves all the boundaries behind it, and with a vocabulary of 50,000
    the draw changes once in some thousand tokens. Here it changes only where two candidates tie to 1e-6.

    Args:
        words: the seed of each draw, as `seed_words` gives it.
        position: how many tokens were drawn before, in all draws or in each.
        rows: of the logits that each draw is from; None: one draw from each row.

    Returns:
        The tokens, and each one's log-probability in nats under the distribution it was drawn from
        (after temperature, top-k, top-p and min-p). At temperature 0 it is the model's own.

    Shape:
        - logits: ``(D, V)``
        - words: ``(R, 2)``
        - rows: ``(R,)``
        - output: ``(R,)`` and ``(R,)``
    """
    logits = _processed(logits, config)
    rows = torch.arange(len(logits), device=logits.device) if rows is None else rows
    tokens = logits.argmax(dim=-1)[rows] if config.temperature == 0 else _draw(logits, words, position, rows)
    return tokens, logits[rows, tokens] - logits.logsumexp(dim=-1)[rows]


def _draw(logits: Tensor, words: Tensor, position: int | Sequence[int], rows: Tensor) -> Tensor:
    if logits.device.type == "cpu":  # elsewhere the noise costs less than to learn how many candidates there are
        few = _candidates(logits, words, position, rows)
        if few is not None:
            return _draw_of_candidates(logits, words, position, rows, few)
    return gumbel(words, position, logits.shape[1]).add_(logits[rows]).argmax(dim=-1)


def _candidates(logits: Tensor, words: Tensor, position: int | Sequence[int], rows: Tensor) -> Tensor | None:
    """The tokens that could win a draw from their row: they reach what its likeliest token has with its noise.

    Returns:
        A mask of the logits; None where it is hardly worth to look at them alone, or where logits are no numbers.
    """
    most, likeliest = logits.max(dim=-1)
    draws = torch.arange(len(rows), device=rows.device)
    reached = most[rows] + gumbel_of(words, position, draws, likeliest[rows])
    bound = torch.full_like(most, torch.inf).scatter_reduce_(0, rows, reached, "amin") - LARGEST
    mask = logits >= bound[:, None]
    counts = mask.sum(dim=-1)
    return None if counts[rows].sum() > _MOST * len(rows) * logits.shape[1] or not counts[rows].all() else mask


def _draw_of_candidates(
    logits: Tensor, words: Tensor, position: int | Sequence[int], rows: Tensor, candidates: Tensor
) -> Tensor:
    of_row, tokens = candidates.nonzero(as_tuple=True)
    counts = candidates.sum(dim=-1)
    lengths = counts[rows]
    draws = torch.arange(len(rows)).repeat_interleave(lengths)
    # The candidates of a row stand there once for each of its draws.
    shift = (counts.cumsum(0) - counts)[rows] - (lengths.cumsum(0) - lengths)
    places = torch.arange(len(draws)) + shift[draws]
    values = logits[of_row, tokens][places].add_(gumbel_of(words, position, draws, tokens[places]))
    wins = values == torch.segment_reduce(values, "max", lengths=lengths)[draws]
    # Of two that are equal the first one, as `argmax` takes it.
    first = torch.full((len(rows),), logits.shape[1])
    return first.scatter_reduce_(0, draws[wins], tokens[places[wins]], "amin")


def sample_with_margins(
    logits: Tensor, words: Tensor, position: int | Sequence[int], config: SamplingConfig
) -> tuple[Tensor, Tensor]:
    """Draws as `sample_tokens`, and says how near each draw was to another one.

    Returns:
        The tokens, and by how much, in units of logits, each was ahead of the second best.

    Shape:
        - logits: ``(R, V)``
        - words: ``(R, 2)``
        - output: ``(R,)`` and ``(R,)``
    """
    scores = _processed(logits, config)
    if config.temperature > 0:
        scores = gumbel(words, position, logits.shape[1]).add_(scores)
    best = scores.topk(2, dim=-1)
    ahead = best.values[:, 0] - best.values[:, 1]
    return best.indices[:, 0], ahead * (config.temperature or 1.0)


def likeliest(logits: Tensor, token: int, num: int) -> tuple[float, tuple[tuple[int, float], ...]]:
    """Log-probability of a token under the model itself, and the likeliest tokens with theirs, in nats.

    Shape:
        - logits: ``(V,)``

    >>> import torch
    >>> logp, [(token, best)] = likeliest(torch.tensor([1.0, 3.0, 2.0]).log(), 2, 1)  # 2/6, and 3/6
    >>> round(logp, 4), token, round(best, 4)
    (-1.0986, 1, -0.6931)
    """
    logps = logits.float().log_softmax(dim=-1)
    values, ids = logps.topk(num)
    return float(logps[token]), tuple(zip(ids.tolist(), values.tolist(), strict=True))


def processed_logps(logits: Tensor, tokens: Tensor, config: SamplingConfig) -> Tensor:
    """Log-probability of each token under the distribution that `config` makes of the logits, in nats.

    Shape:
        - logits: ``(R, V)``
        - tokens: ``(R,)``
        - output: ``(R,)``
    """
    logits = _processed(logits, config)
    return logits.gather(1, tokens[:, None]).squeeze(1) - logits.logsumexp(dim=-1)


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
