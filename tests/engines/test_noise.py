"""The noise of sampling: against the same in plain integers, and as numbers drawn by chance."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from raiden.rollout.engines.noise import gumbel, seed_words

CPU = torch.device("cpu")
SEEDS = [0, 1, 2**31, 2**32 - 1, 2**32, 0x0123456789ABCDEF, 2**63 - 1]


def mixed(word: int, key: int = 0) -> int:
    """In integers without end, cut to 32 bits."""
    word ^= word >> 17
    word = (word * 0xED5AD4BB + key) % 2**32
    word ^= word >> 11
    word = word * 0xAC4C1B51 % 2**32
    word ^= word >> 15
    word = word * 0x31848BAB % 2**32
    return word ^ word >> 14


def slow_gumbel(seed: int, position: int, token: int) -> float:
    high = mixed(((seed >> 32) + 0x9E3779B9 * position) % 2**32)
    low = mixed((seed % 2**32 + high) % 2**32)
    bits = mixed(token ^ low, high) % 2**31
    return -math.log(-math.log1p(-(bits + 0.5) / 2**31 * (1 - 2**-24)))


@pytest.mark.parametrize("position", [0, 1, 511, 10**6])
def test_it_is_the_function_of_seed_position_and_token_that_plain_integers_give(position):
    fast = gumbel(seed_words(SEEDS, CPU), position, 200)
    slow = torch.tensor([[slow_gumbel(seed, position, token) for token in range(200)] for seed in SEEDS])
    torch.testing.assert_close(fast, slow, rtol=1e-5, atol=1e-6)
    assert len(set(map(tuple, fast.tolist()))) == len(SEEDS)
    each = gumbel(seed_words(SEEDS, CPU), [position, *range(1, len(SEEDS))], 200)
    assert torch.equal(each[0], fast[0])
    assert torch.equal(each[3], gumbel(seed_words(SEEDS[3:4], CPU), 3, 200)[0])


def test_the_least_and_the_largest_number_are_finite(monkeypatch):
    ends = torch.tensor([[0, 2**31 - 1]], dtype=torch.int32)  # of the 31 bits
    monkeypatch.setattr("raiden.rollout.engines.noise._mix", lambda words, key=None: words if key is None else ends)
    largest, least = gumbel(seed_words([0], CPU), 0, 2)[0].tolist()
    assert largest == pytest.approx(-math.log(2**-32), abs=1e-4)  # -log(-log(1 - e)) = -log(e)
    assert least == pytest.approx(-math.log(24 * math.log(2)), abs=1e-4)  # u = 2^-24


def uniform(noise: Tensor) -> Tensor:
    return (-(-noise.double()).exp()).exp()


def surprise(counts: Tensor) -> float:
    """How many deviations the chi-square of equally likely cells lies above its mean, about."""
    expected = counts.sum() / len(counts)
    chi_square = ((counts - expected).square() / expected).sum().item()
    return (chi_square - len(counts)) / math.sqrt(2 * len(counts))


@pytest.mark.parametrize("along", ["tokens", "seeds", "positions"])
def test_its_numbers_and_neighbouring_pairs_are_spread_evenly(along):
    if along == "tokens":
        noise = gumbel(seed_words(range(8), CPU), 0, 50_000)
    elif along == "seeds":  # as seeds of a group are not, but 64 random bits
        noise = torch.cat([gumbel(seed_words(range(50_000), CPU), 0, 8)]).T
    else:
        words = seed_words([1], CPU)
        noise = torch.cat([gumbel(words, position, 400) for position in range(1000)]).T
    cells = (uniform(noise) * 64).long().clamp(max=63)
    # With fixed seeds; five deviations come up once in millions.
    assert surprise(torch.bincount(cells.flatten(), minlength=64).double()) < 5
    pairs = cells[:, 1:] * 64 + cells[:, :-1]
    assert surprise(torch.bincount(pairs.flatten(), minlength=64**2).double()) < 5
    # And the far end, where draws are decided: of 400,000 numbers 400 above the last thousandth.
    assert abs((uniform(noise) > 0.999).sum().item() - 400) < 5 * 20


def test_one_bit_of_the_seed_changes_all():
    base = gumbel(seed_words([0x5DEECE66D], CPU), 7, 1000)
    for bit in range(64):
        other = gumbel(seed_words([0x5DEECE66D ^ 1 << bit], CPU), 7, 1000)
        correlation = torch.corrcoef(torch.cat([base, other]))[0, 1].abs()
        assert correlation < 5 / math.sqrt(1000)
