"""What a frozen reference knows of a profile is not computed again, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from raiden.core.types import Prompt
from raiden.packing import Group, micro_batches, token_logps
from raiden.train.grpo import ObjectiveConfig, ReferenceCache, UpdateConfig

from .records import assert_close, backward, make_rollout, make_update
from .test_update import CountedModel

CPU = torch.device("cpu")
ADA = [(7 * i) % 290 + 3 for i in range(40)]
BEN = [(11 * i) % 290 + 3 for i in range(30)]
BYTES = 2 * 2 * 2 * 16 * 4
"""Of a token: keys and values of 2 layers with 2 heads of 16 numbers of 4 bytes."""


def batch_of(family, *prompts):
    """A micro-batch of two completions to each prompt."""
    groups = [Group(prompt, [[5, 6, 7], [8]], [2 * i, 2 * i + 1], family) for i, prompt in enumerate(prompts)]
    (batch,) = micro_batches(groups, 10_000, CPU)
    return batch


def assert_exact(cache, model, batch):
    with torch.no_grad():
        expected, _ = token_logps(model, batch)
    torch.testing.assert_close(cache.token_logps(model, batch, 1.0), expected, rtol=0, atol=1e-5)


def test_known_profiles_are_not_computed_again(reference):
    counted = CountedModel(reference)
    cache = ReferenceCache(2**20)
    # Profile, questions of 2 and 3 tokens, and of completions of 3 and of 1 token 2 and 0 that are read.
    cache.token_logps(counted, batch_of("Ada", [*ADA, 50, 51], [*ADA, 52, 53, 54]), 1.0)
    assert counted.num_tokens == 40 + 2 + 2 + 3 + 2
    cache.token_logps(counted, batch_of("Ada", [*ADA, 55, 56], [*ADA, 57]), 1.0)
    assert counted.num_tokens == 49 + 2 + 2 + 1 + 2


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_log_probs_are_those_of_whole_rows(reference, temperature):
    cache = ReferenceCache(2**20)
    for batch in (
        batch_of("Ada", [*ADA, 50, 51], [*ADA, 52, 53, 54]),
        batch_of("Ben", [*BEN, 50, 51]),
        batch_of("Ada", [*ADA, 60]),
        batch_of("Ada", ADA),  # the profile's last token predicts
        batch_of("Ben", [*BEN, 50, 52], [*BEN, 53, 54, 55]),
        batch_of("Ben", [*BEN, 50, 51]),
        batch_of("Ada", [1, 2, 3]),  # another of that name
        batch_of("Ada", [*ADA[:20], 60, 61], [*ADA[:20], 62, 63]),
        batch_of("Ada", [*ADA[:20], 60, 61], [90, 91]),  # two trees in a row
    ):
        with torch.no_grad():
            expected, _ = token_logps(reference, batch, temperature)
        torch.testing.assert_close(cache.token_logps(reference, batch, temperature), expected, rtol=0, atol=1e-5)


def test_a_wrong_cache_would_be_seen(reference):
    """The comparison can fail: a cache of another model's keys."""
    cache = ReferenceCache(2**20)
    batch = batch_of("Ada", [*ADA, 50, 51])
    cache.token_logps(reference, batch, 1.0)
    for values in cache._known["Ada"].values:
        values.mul_(1.01)
    with pytest.raises(AssertionError):
        assert_exact(cache, reference, batch)


def test_only_what_the_questions_share_is_kept(reference):
    cache = ReferenceCache(2**20)
    cache.token_logps(reference, batch_of("Ada", [*ADA, 50, 51, 52, 53]), 1.0)
    assert cache.num_bytes == 43 * BYTES  # all but the last token
    cache.token_logps(reference, batch_of("Ada", [*ADA, 60, 61]), 1.0)
    assert cache.num_bytes == 40 * BYTES


def test_the_least_recently_used_profile_goes_first(reference):
    cache = ReferenceCache((41 + 31) * BYTES)
    ada, ben, cleo = batch_of("Ada", [*ADA, 50, 51]), batch_of("Ben", [*BEN, 50, 51]), batch_of("Cleo", [9] * 32)
    for batch in (ada, ben, ada, cleo):
        assert_exact(cache, reference, batch)
        assert cache.num_bytes <= cache.max_bytes
    assert list(cache._known) == ["Ada", "Cleo"]
    assert cache.num_bytes == (41 + 31) * BYTES
    assert_exact(cache, reference, ben)
    assert list(cache._known) == ["Cleo", "Ben"]


def test_a_profile_beyond_the_bound_is_not_kept(reference):
    cache = ReferenceCache(40 * BYTES)
    for _ in range(2):
        assert_exact(cache, reference, batch_of("Ada", [*ADA, 50, 51]))
        assert cache.num_bytes == 0


def test_families_never_share_a_row():
    groups = [Group([*ADA, i], [[5]], [i], family) for i, family in enumerate(["Ada", "Ada", "Ben", "Ada"])]
    assert [b.rows.tolist() for b in micro_batches(groups, 10_000, CPU)] == [[0, 1], [2], [3]]
    assert [b.rows.tolist() for b in micro_batches(groups, 41, CPU)] == [[0], [1], [2], [3]]


@pytest.mark.parametrize("budget", [10_000, 48])
def test_an_update_is_the_same_with_what_is_known(tiny_model, reference, budget):
    def step(seed, cache):
        rollouts = [
            make_rollout([*ADA, 50, seed], [[30, 31, 32], [33]], [1.0, 0.0]),
            make_rollout([*ADA, 51, seed], [[34, 35], [36, 37, 38]], [0.0, 1.0]),
            of("Ben", make_rollout([*BEN, seed], [[39], [40, 41]], [0.25, 0.75])),
        ]
        update = make_update(rollouts, ObjectiveConfig(beta=0.5), UpdateConfig(micro_batch_tokens=budget))
        update.compute_ref_logps(reference, cache)
        result = backward(update, tiny_model, range(3))
        return result, update.metrics()["kl"]

    cache = ReferenceCache(2**20)
    for seed in (100, 101, 102):
        ours, kl = step(seed, cache)
        truth, expected = step(seed, None)
        assert_close(ours, truth, atol=1e-5)
        assert kl == pytest.approx(expected, abs=1e-5)
    assert cache.num_bytes == (40 + 30) * BYTES


def of(name, rollout):
    """The same of another character."""
    return replace(
        rollout, prompt=Prompt(replace(rollout.prompt.sample, character_name=name), rollout.prompt.token_ids)
    )
