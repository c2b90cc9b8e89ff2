"""How sure a mean over replies is, and a difference of two: characters are what was drawn, not replies.

Replies about one character stand and fall together, so resampling them one by one would make intervals too narrow.
All functions take a value for each sample and the character that it is about.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
MIN_CHARACTERS = 5
"""With fewer, an interval is not to be trusted, and nothing is called better or worse."""
NUM_RESAMPLES = 10_000
_MAX_EXACT = 14
"""Characters up to which all signs are tried: 2^14 of them."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval."""

    mean: float
    low: float
    """End of the 95 % interval."""
    high: float
    num_samples: int
    num_characters: int

    @property
    def is_trusted(self) -> bool:
        """Whether there are enough characters for the interval to mean what it says."""
        return self.num_characters >= MIN_CHARACTERS


@dataclass(frozen=True)
class Difference:
    """What a second model has more than a first one on the same samples."""

    before: float
    after: float
    difference: float
    """``after - before``."""
    low: float
    """End of the 95 % interval of the difference."""
    high: float
    p_value: float
    """Probability of a difference at least as large, either way, if models and characters had nothing to do with
    each other."""
    num_samples: int
    num_characters: int

    @property
    def verdict(self) -> str:
        """`better` and `worse` only where interval and p-value both say so, and characters are enough to trust them.

        Where few of the characters differ, the interval alone is too sure.
        """
        if self.num_characters < MIN_CHARACTERS:
            return "too few characters"
        if self.p_value >= 1 - CONFIDENCE or self.low <= 0 <= self.high:
            return "no difference shown"
        return "better" if self.low > 0 else "worse"


def estimate(
    values: Sequence[float], characters: Sequence[Hashable], seed: int = 0, num_resamples: int = NUM_RESAMPLES
) -> Estimate:
    """The mean over samples, with its interval by bootstrap over characters.

    Where all values are 0, or all are 1, resamples have no spread and would feign certainty. There a character is one
    trial, failed in none: the exact binomial bound ``1 - 0.025^(1/C)`` (Clopper & Pearson 1934).

    Args:
        values: from 0 to 1.
    """
    sums, sizes = _by_character(values, characters)
    low, high = bootstrap_interval(sums, sizes, seed, num_resamples)
    if low == high and low in (0, 1):
        unseen = 1 - ((1 - CONFIDENCE) / 2) ** (1 / len(sizes))
        low, high = (0.0, unseen) if low == 0 else (1 - unseen, 1.0)
    return Estimate(float(sums.sum() / sizes.sum()), low, high, len(values), len(sizes))


def compare_paired(
    before: Sequence[float],
    after: Sequence[float],
    characters: Sequence[Hashable],
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
) -> Difference:
    """The difference of two models' means on the same samples, with interval and p-value.

    Args:
        before: the first model's value on each sample.
        after: the second one's, in the same order.
        characters: whom each sample is about.
    """
    sums, sizes = _by_character([b - a for a, b in zip(before, after, strict=True)], characters)
    low, high = bootstrap_interval(sums, sizes, seed, num_resamples)
    return Difference(
        before=math.fsum(before) / len(before),
        after=math.fsum(after) / len(after),
        difference=float(sums.sum() / sizes.sum()),
        low=low,
        high=high,
        p_value=sign_flip_p_value(sums, seed, num_resamples),
        num_samples=len(before),
        num_characters=len(sizes),
    )


def bootstrap_interval(
    sums: Floats, sizes: Floats, seed: int = 0, num_resamples: int = NUM_RESAMPLES, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of ``sum(sums) / sum(sizes)`` where characters are drawn anew, with replacement.

    The percentile interval, at the expanded percentiles of Hesterberg (arXiv:1411.5279): plain ones are too narrow
    where characters are few, by ``sqrt((C-1)/C)`` and by the normal quantile in place of Student's.

    Args:
        sums: sum of the values of each character.
        sizes: how many values that is.
        seed: of the draws.
    """
    num = len(sums)
    if num == 1:
        return (float(sums[0] / sizes[0]),) * 2
    counts = np.random.default_rng(seed).multinomial(num, np.full(num, 1 / num), size=num_resamples)
    # Sums of draws that are exactly equal must not differ in their last bit: 0 is excluded or it is not.
    means = np.round(counts @ sums / (counts @ sizes), 12)
    outside = NormalDist().cdf(math.sqrt(num / (num - 1)) * student_quantile((1 - confidence) / 2, num - 1))
    low, high = np.quantile(means, [outside, 1 - outside])
    return float(low), float(high)


def sign_flip_p_value(sums: Floats, seed: int = 0, num_draws: int = NUM_RESAMPLES) -> float:
    """Two-sided p-value of the differences' sum when each character's sign is as likely the other one.

    Exact where few characters differ; else ``(1 + hits) / (1 + draws)``, which never is 0 (Phipson & Smyth 2010).

    >>> sign_flip_p_value(np.array([1.0, 2.0, 3.0]))
    0.25
    """
    sums = sums[np.abs(sums) > 1e-12]
    observed = abs(sums.sum()) - 1e-9
    if len(sums) <= _MAX_EXACT:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(sums)))).reshape(2 ** len(sums), -1)
        return float(np.mean(np.abs(signs @ sums) >= observed))
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(num_draws, len(sums)))
    return float(1 + np.sum(np.abs(signs @ sums) >= observed)) / (1 + num_draws)


def pass_at_k(num_replies: int, num_right: int, k: int) -> float:
    """Probability that at least one of ``k`` replies is right, without bias (Chen et al., arXiv:2107.03374).

    ``1 - C(n-c, k) / C(n, k)`` for ``c`` right ones among ``n >= k``.

    >>> pass_at_k(4, 1, 2)
    0.5
    """
    return 1 - math.comb(num_replies - num_right, k) / math.comb(num_replies, k)


def student_quantile(p: float, df: int) -> float:
    """Quantile of Student's t distribution with `df` degrees of freedom, by bisection.

    >>> round(student_quantile(0.025, 4), 4)
    -2.7764
    """
    low, high = -1e4, 1e4
    while high - low > 1e-9 * max(1.0, abs(low)):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_cdf(middle, df) < p else (low, middle)
    return low


def _student_cdf(t: float, df: int) -> float:
    """By the finite sums for whole degrees of freedom (Abramowitz & Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(df))
    cos2 = math.cos(angle) ** 2
    odd = df % 2
    term = math.cos(angle) if odd else 1.0
    total = term if df > 1 else 0.0
    for i in range(2 + odd, df - 1, 2):
        term *= cos2 * (i - 1) / i
        total += term
    inside = 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
    return (1 + inside) / 2


def _by_character(values: Sequence[float], characters: Sequence[Hashable]) -> tuple[Floats, Floats]:
    """Sum and number of the values of each character."""
    places: dict[Hashable, int] = {}
    index = [places.setdefault(character, len(places)) for character in characters]
    sums = np.bincount(index, weights=np.asarray(values, dtype=np.float64), minlength=len(places))
    return sums.astype(np.float64), np.bincount(index, minlength=len(places)).astype(np.float64)
