"""How far engine and policy are apart, and what is said where that is too far."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch

from raiden.core.errors import ConfigError, EngineError
from raiden.core.processes import Processes
from raiden.core.types import Completion, Prompt, Rollout
from raiden.packing import Packing
from raiden.rollout.canary import CanaryConfig, engine_difference
from raiden.rollout.engines import SamplingConfig
from raiden.rollout.engines.sampling import processed_logps
from raiden.rollout.sampler import Sampler
from raiden.scoring import Scorer
from tests.grpo.records import SAMPLE, make_rollout
from tests.padded import padded_logits

CPU = torch.device("cpu")
ROLLOUT = make_rollout([60, 61, 62], [[30, 31, 32], [33]], [1.0, 0.0])


@torch.no_grad()
def reported(model, sampling: SamplingConfig, by: float = 0.0) -> list[Rollout]:
    """The rollout with the model's own log-probabilities, each moved by so many nats."""
    completions = []
    for completion in ROLLOUT.completions:
        (logits,) = padded_logits(model, [(ROLLOUT.prompt.token_ids, completion.token_ids)])
        logps = processed_logps(logits, torch.tensor(completion.token_ids), sampling) + by
        completions.append(Completion(completion.token_ids, tuple(logps.tolist()), "", "stop"))
    return [Rollout(ROLLOUT.prompt, tuple(completions), ROLLOUT.rewards)]


@pytest.mark.parametrize("by", [0.0, 0.25, -0.25])
def test_the_difference_is_the_mean_distance_of_log_probabilities(tiny_model, plain_model, by):
    sampling = SamplingConfig(temperature=0.7)
    difference = engine_difference(tiny_model, reported(plain_model, sampling, by), sampling, CPU)
    assert difference == pytest.approx(abs(by), abs=1e-5)


def test_a_token_that_only_one_side_leaves_out_counts_as_one_nat(tiny_model, plain_model):
    """Rounding decides what is just within top-k: one such token among thousands shall stop no run."""
    greedy_only = SamplingConfig(top_k=1)
    rollouts = reported(plain_model, SamplingConfig())
    with torch.no_grad():
        left_out = [logp for logp in processed(plain_model, greedy_only) if math.isinf(logp)]
    assert len(left_out) == 4  # none of these tokens is the most likely one
    assert engine_difference(tiny_model, rollouts, greedy_only, CPU) == 1.0


def processed(model, sampling: SamplingConfig) -> list[float]:
    return [logp for rollout in reported(model, sampling) for c in rollout.completions for logp in c.sampling_logps]


def test_no_number_is_further_apart_than_any():
    """A maximum over processes may pass over NaN on one of them and not on the other."""
    sampler = Sampler(None, None, Scorer(), CanaryConfig(), Processes(), 0, CPU)
    assert sampler._max_over_processes(math.nan) == math.inf


@pytest.mark.parametrize("value", [0, -1.0])
def test_a_limit_that_nothing_keeps_is_refused(value):
    with pytest.raises(ConfigError, match=r"`model\.canary\.max_difference` must be above 0, or null for none, got"):
        CanaryConfig(value)


def test_the_limit_follows_what_the_first_check_found():
    config = CanaryConfig(max_difference=0.05, max_growth=5.0)
    assert config.limit(None) == 0.05
    assert config.limit(0.002) == pytest.approx(0.01)
    assert config.limit(1e-6) == 1e-3  # rounding of float32
    assert config.limit(0.04) == 0.05
    assert CanaryConfig(max_difference=None).limit(1.0) == math.inf


def test_growth_below_one_is_refused():
    with pytest.raises(ConfigError, match=r"`model\.canary\.max_growth` must be above 1, got 0\.5"):
        CanaryConfig(max_growth=0.5)


class Reports:
    """An engine that gives the same completions each time, with these log-probabilities."""

    shares_weights = False

    def __init__(self, rollouts: list[Rollout]) -> None:
        self.rollouts = rollouts

    def update_weights(self, weights):
        assert dict(weights)

    def generate(self, prompts, seeds, sampling):
        return [rollout.completions[: len(own)] for rollout, own in zip(self.rollouts, seeds, strict=True)]

    def sleep(self):
        """Nothing to give back."""


@pytest.fixture
def sampled(tiny_model, plain_model):
    """Samples, from an engine that is so many nats off; gives the sampler and its rollouts."""

    def sample(sampling: SamplingConfig, by: float = 0.0):
        policy = SimpleNamespace(model=tiny_model, compute_dtype=None, packing=Packing.SHARED)
        engine = Reports(reported(plain_model, sampling, by))
        sampler = Sampler(engine, policy, Scorer(), CanaryConfig(), Processes(), 0, CPU)
        return sampler, sampler.sample_groups([ROLLOUT.prompt], [range(1)], sampling, 2, step=0)

    return sample


def test_after_a_sync_an_engine_that_is_not_the_policy_ends_the_run(sampled):
    sampler, rollouts = sampled(SamplingConfig(), by=-0.5)
    with pytest.raises(EngineError, match=r"canary: after sync 1 .* 0\.5 nats a token"):
        sampler.check(rollouts, SamplingConfig())


def test_it_is_measured_once_a_sync(sampled):
    sampler, rollouts = sampled(SamplingConfig())
    sampler.check(rollouts, SamplingConfig(), difference=1e-4)
    assert sampler.metrics["canary/difference"] == 1e-4
    sampler.check(rollouts, SamplingConfig(), difference=9.0)
    sampler.sleep()
    sampler.sample_groups([ROLLOUT.prompt], [range(1)], SamplingConfig(), 2, step=1)
    with pytest.raises(EngineError, match="canary: after sync 2 "):
        sampler.check(rollouts, SamplingConfig(), difference=9.0)


@pytest.mark.parametrize("option", [{"top_k": 299}, {"top_p": 0.999}, {"min_p": 1e-6}])
def test_where_unlikely_tokens_are_left_out_what_the_update_measured_is_not_taken(sampled, option):
    """The update's log-probabilities are of the whole distribution, and the engine's of what is left of it."""
    sampler, rollouts = sampled(SamplingConfig(**option))
    sampler.check(rollouts, SamplingConfig(**option), difference=9.0)
    assert sampler.metrics["canary/difference"] < 1e-5


class Second(Processes):
    """The second of two processes; what the first one sends is made up."""

    def gather(self, own):
        return [*((index, ROLLOUT) for index in (0, 2)), *own]


class Echo:
    """An engine that says the prompt."""

    shares_weights = True

    def generate(self, prompts, seeds, sampling):
        return [
            [Completion(tuple(prompt), (0.0,), "", "stop") for _ in own]
            for prompt, own in zip(prompts, seeds, strict=True)
        ]


def test_a_process_probes_what_its_own_engine_sampled(tiny_model):
    policy = SimpleNamespace(model=tiny_model)
    sampler = Sampler(Echo(), policy, Scorer(), CanaryConfig(), Second(rank=1, num=2), 0, CPU)
    prompts = [Prompt(SAMPLE, (index,)) for index in range(4)]
    # Each part has a prompt for each process: prompts 1 and 3 are the second one's.
    everyones = sampler.sample_groups(prompts, [range(0, 2), range(2, 4)], SamplingConfig(), 2, step=0)
    assert [r.prompt.token_ids for r in everyones] == [(60, 61, 62), (1,), (60, 61, 62), (3,)]
    assert [r.prompt.token_ids for r in sampler._probe] == [(1,)]


class First(Processes):
    """The first of two processes, which has no share of a single prompt; what the second one sends is made up."""

    def gather(self, own):
        return [*own, (len(own), ROLLOUT)]


def test_a_process_without_a_share_of_a_later_round_keeps_its_own_probe(tiny_model):
    sampler = Sampler(Echo(), SimpleNamespace(model=tiny_model), Scorer(), CanaryConfig(), First(0, 2), 0, CPU)
    prompts = [Prompt(SAMPLE, (index,)) for index in range(2)]
    sampler.sample_groups(prompts, [range(2)], SamplingConfig(), 2, step=0)
    sampler.sample_groups(prompts[1:], [range(1)], SamplingConfig(), 2, step=0, attempt=1)
    assert [r.prompt.token_ids for r in sampler._probe] == [(0,)]
    # The next step begins anew: with no share of it, another's completions are all that there is.
    sampler.sample_groups(prompts[1:], [range(1)], SamplingConfig(), 2, step=1)
    assert sampler._probe == [ROLLOUT]
