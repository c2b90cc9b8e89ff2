"""One draw: its distribution, its log-probability, its warpers."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor

from raiden.core.errors import ConfigError
from raiden.rollout.engines import SamplingConfig, sampling
from raiden.rollout.engines.noise import seed_words
from raiden.rollout.engines.sampling import sample_tokens

# Tokens of probability 0.4, 0.3, 0.15, 0.1 and 0.05
PROBABILITIES = torch.tensor([0.4, 0.3, 0.15, 0.1, 0.05])
LOGITS = PROBABILITIES.log() + 3.0
CPU = torch.device("cpu")


def draw(logits: Tensor, num_rows: int, **options: float) -> tuple[Tensor, Tensor]:
    """Draws from equal rows with the seeds 0, 1, 2, ..."""
    return sample_tokens(logits.expand(num_rows, -1), seed_words(range(num_rows), CPU), 0, SamplingConfig(**options))


def chi_square(tokens: Tensor, probabilities: Tensor) -> float:
    counts = torch.bincount(tokens, minlength=len(probabilities))
    expected = probabilities * len(tokens)
    likely = expected > 0
    assert counts[~likely].sum() == 0
    return ((counts - expected)[likely].square() / expected[likely]).sum().item()


# What is left of the five tokens, worked by hand.
KEPT = {
    "temperature 1": ({}, PROBABILITIES),
    # Probabilities to the power 2: 0.16, 0.09, 0.0225, 0.01, 0.0025, in sum 0.285
    "temperature 1/2": ({"temperature": 0.5}, torch.tensor([0.16, 0.09, 0.0225, 0.01, 0.0025]) / 0.285),
    "top-k": ({"top_k": 2}, torch.tensor([0.4, 0.3, 0, 0, 0]) / 0.7),
    # 0.4 + 0.3 is not enough for 0.8, with 0.15 it is.
    "top-p": ({"top_p": 0.8}, torch.tensor([0.4, 0.3, 0.15, 0, 0]) / 0.85),
    # At least 0.3 of 0.4, which is 0.12
    "min-p": ({"min_p": 0.3}, torch.tensor([0.4, 0.3, 0.15, 0, 0]) / 0.85),
    # Temperature first: at 1/2 the shares are 0.561, 0.316, 0.079, ..., and two of them reach 0.8.
    "temperature, then top-p": ({"temperature": 0.5, "top_p": 0.8}, torch.tensor([0.16, 0.09, 0, 0, 0]) / 0.25),
    # top-k 3 leaves shares 0.471, 0.353, 0.176; of those two reach 0.8.
    "top-k, then top-p": ({"top_k": 3, "top_p": 0.8}, torch.tensor([0.4, 0.3, 0, 0, 0]) / 0.7),
}


@pytest.mark.parametrize("name", KEPT)
def test_tokens_are_as_frequent_as_their_probabilities(name):
    options, probabilities = KEPT[name]
    tokens, _ = draw(LOGITS, 4000, **options)
    # Above 18.47 one time in a thousand with 4 degrees of freedom; the seeds are fixed.
    assert chi_square(tokens, probabilities) < 18.47


@pytest.mark.parametrize("name", KEPT)
def test_a_draw_reports_its_log_prob_under_what_was_left(name):
    options, probabilities = KEPT[name]
    tokens, logps = draw(LOGITS, 50, **options)
    torch.testing.assert_close(logps, probabilities.log()[tokens], rtol=0, atol=2e-6)


def test_temperature_zero_takes_the_likeliest_token_with_the_models_own_log_prob():
    tokens, logps = draw(LOGITS, 3, temperature=0.0, top_k=1)
    assert tokens.tolist() == [0] * 3
    torch.testing.assert_close(logps, torch.full((3,), log(0.4)), rtol=0, atol=2e-6)


def test_a_row_is_drawn_alike_in_any_company():
    logits = torch.randn(6, 40, generator=torch.Generator().manual_seed(0))
    config = SamplingConfig(top_p=0.9)
    words = seed_words(range(6), CPU)
    together, _ = sample_tokens(logits, words, 3, config)
    alone = [sample_tokens(logits[i : i + 1], words[i : i + 1], 3, config)[0].item() for i in range(6)]
    assert together.tolist() == alone


@pytest.mark.parametrize("spread", [1.0, 4.0, 12.0])
def test_tokens_that_cannot_win_are_left_out_without_a_trace(spread, monkeypatch):
    logits = torch.randn(5, 3000, generator=torch.Generator().manual_seed(0)) * spread
    logits[1] -= 1e4 * (torch.arange(3000) != 17)  # one token alone
    logits[2, :1500] = -torch.inf
    words, rows = seed_words(range(40), CPU), torch.arange(5).repeat_interleave(torch.tensor([9, 1, 20, 3, 7]))
    monkeypatch.setattr(sampling, "_MOST", 1.0)
    few = sample_tokens(logits, words, 3, SamplingConfig(), rows)
    monkeypatch.setattr(sampling, "_MOST", 0.0)
    every = sample_tokens(logits, words, 3, SamplingConfig(), rows)
    assert torch.equal(few[0], every[0])
    assert torch.equal(few[1], every[1])
    alone = [sample_tokens(logits[r : r + 1], words[i : i + 1], 3, SamplingConfig()) for i, r in enumerate(rows)]
    assert few[0].tolist() == [ids.item() for ids, _ in alone]


def test_a_token_that_any_draw_of_a_row_may_take_is_a_candidate(monkeypatch):
    """The least that a draw reaches decides, not the most."""
    logits = torch.linspace(0.0, -30.0, 400)[None]
    words, rows = seed_words(range(64), CPU), torch.zeros(64, dtype=torch.long)
    reached = [sampling.gumbel(words[i : i + 1], 3, 400)[0, 0] + logits[0, 0] for i in range(64)]
    monkeypatch.setattr(sampling, "_MOST", 1.0)
    candidates = sampling._candidates(logits, words, 3, rows)
    assert torch.equal(candidates, logits >= min(reached) - sampling.LARGEST)
    assert 0 < candidates.sum() < 400


def test_logits_that_are_no_numbers_are_no_reason_to_fail_here():
    logits = torch.full((2, 40), torch.nan)
    tokens, logps = sample_tokens(logits, seed_words([1, 2], CPU), 0, SamplingConfig())
    assert ((tokens >= 0) & (tokens < 40)).all()
    assert logps.isnan().all()


def test_rounding_differences_do_not_change_a_draw():
    logits = torch.randn(2000, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(2000, generator=torch.Generator().manual_seed(1)) * 1e-6
    assert draw(logits, 500)[0].tolist() == draw(logits + noise, 500)[0].tolist()


@pytest.mark.parametrize("impossible", [-1e4, -torch.inf])
def test_a_token_without_probability_is_never_drawn(impossible):
    for position in range(4):  # 4 million numbers, and the test of the noise has their bounds
        logits = torch.full((64, 16_384), impossible)
        logits[:, 7] = 0.0
        tokens, logps = sample_tokens(logits, seed_words(range(64), CPU), position, SamplingConfig())
        assert (tokens == 7).all()
        assert (logps == 0).all()


@pytest.mark.parametrize(
    ("option", "value"),
    [("temperature", -0.1), ("top_p", 0.0), ("top_p", 1.1), ("top_k", -1), ("min_p", 1.1), ("max_tokens", 0)],
)
def test_a_value_that_cannot_work_is_refused_by_name(option, value):
    with pytest.raises(ConfigError, match=rf"[`.]{option}`.* must be .*, got {value}"):
        SamplingConfig(**{option: value})
