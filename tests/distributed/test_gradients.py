"""Losses, gradients and metrics are the same on one process and on several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from raiden.policy import LoraConfig
from raiden.rewards import RewardConfig
from raiden.rollout.engines import SamplingConfig
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from tests.distributed.processes import in_processes
from tests.distributed.training import Case, Trained, train_all
from tests.runs import write_samples_file

pytestmark = pytest.mark.slow
PARTS = UpdateConfig(prompts_per_update=2, num_iterations=2, micro_batch_tokens=200)
CASES = {
    "dapo": Case(options={"objective": ObjectiveConfig(loss="dapo")}),
    **{
        f"{loss} in parts": Case(
            steps=2, flat=(1,), options={"objective": ObjectiveConfig(loss=loss), "update": PARTS}
        )
        for loss in ("grpo", "bnpo", "dr_grpo", "dapo")
    },
    "reference": Case(steps=2, options={"objective": ObjectiveConfig(beta=0.1)}),
    "reference in parts": Case(steps=2, options={"objective": ObjectiveConfig(beta=0.1), "update": PARTS}),
    "reference with a cache": Case(
        steps=2, options={"objective": ObjectiveConfig(beta=0.1), "update": replace(PARTS, reference_cache_gib=0.01)}
    ),
    "lora with a cache": Case(
        steps=2,
        policy={"lora": LoraConfig(rank=4)},
        options={"objective": ObjectiveConfig(beta=0.1), "update": UpdateConfig(reference_cache_gib=0.01)},
    ),
    "entropy": Case(options={"objective": ObjectiveConfig(entropy_coef=0.1)}),
    "lora": Case(steps=2, policy={"lora": LoraConfig(rank=4)}, options={"objective": ObjectiveConfig(beta=0.1)}),
    "checkpointing": Case(policy={"gradient_checkpointing": True}, options={"update": PARTS}),
    "lora checkpointing": Case(steps=2, policy={"lora": LoraConfig(rank=4), "gradient_checkpointing": True}),
    "sequence": Case(steps=2, options={"objective": ObjectiveConfig(ratio_level="sequence"), "update": PARTS}),
    "three prompts": Case(prompts=3, steps=2),
    "one prompt": Case(prompts=1, steps=2),
    "one prompt in parts": Case(prompts=1, steps=2, options={"update": UpdateConfig(num_iterations=2)}),
    "first half flat": Case(flat=(0, 1), steps=2, options={"objective": ObjectiveConfig(beta=0.1)}),
    "second half flat": Case(flat=(2, 3), steps=2),
    "all flat": Case(flat=(0, 1, 2, 3)),
    "all flat, with entropy": Case(flat=(0, 1, 2, 3), options={"objective": ObjectiveConfig(entropy_coef=0.1)}),
    "a part flat": Case(flat=(0, 1), options={"update": PARTS}),
    "unlikely tokens left out": Case(steps=3, options={"sampling": SamplingConfig(max_tokens=6, top_p=0.9, top_k=40)}),
    "sampled again": Case(flat=(1,), options={"objective": ObjectiveConfig(min_reward_std=0.25), "max_resamples": 2}),
    "verifier": Case(steps=2, options={"rewards": RewardConfig(verifier={"class_path": "reference"})}),
    "truncated ones masked": Case(steps=2, options={"objective": ObjectiveConfig(mask_truncated=True)}),
}


TIMED = {"step_time", "time/sampling", "time/scoring", "time/update", "tokens_per_second"}
TIMED |= {"sync/seconds", "canary/seconds"}
SAMPLED = {"update/changed_share"}
"""From some of each process's own weights."""
UNEVEN = ["dapo", "reference in parts", "lora", "three prompts", "one prompt in parts"]
"""Two prompts fewer than processes, or shards of unequal size, or both."""
REPLICAS = {
    name: replace(CASES[name], replicas=2) for name in ("dapo", "grpo in parts", "reference", "lora", "three prompts")
}
QUARTERS = ["reference", "three prompts", "grpo in parts"]
"""For two replicas of two shards."""


@pytest.fixture(scope="module")
def run(tiny_folder, tmp_path_factory):
    """Trains cases on some processes, and gives what each of them has of each case."""
    folder = tmp_path_factory.mktemp("gradients")
    samples = write_samples_file(folder / "samples.json")

    def train_on(num: int, cases: Mapping[str, Case]) -> list[dict[str, Trained]]:
        arguments = (tiny_folder, samples, folder, cases, num)
        return [train_all(*arguments)] if num == 1 else in_processes(num, train_all, *arguments)

    return train_on


@pytest.fixture(scope="module")
def alone(run):
    return run(1, CASES)[0]


@pytest.fixture(scope="module")
def two(run):
    return run(2, {**CASES, **{f"{name}, replicas": case for name, case in REPLICAS.items()}})


@pytest.fixture(scope="module")
def three(run):
    return run(3, {name: CASES[name] for name in UNEVEN})


@pytest.fixture(scope="module")
def four(run):
    return run(4, {name: REPLICAS[name] for name in QUARTERS})


@pytest.mark.parametrize("name", CASES)
def test_two_processes_compute_what_one_does(alone, two, name):
    for own in two:
        assert_same(own[name], alone[name])


@pytest.mark.parametrize("name", UNEVEN)
def test_three_processes_with_uneven_shares_compute_what_one_does(alone, three, name):
    for own in three:
        assert_same(own[name], alone[name])


@pytest.mark.parametrize("name", REPLICAS)
def test_two_replicas_of_the_policy_compute_what_one_does(alone, two, name):
    for own in two:
        assert_same(own[f"{name}, replicas"], alone[name])


@pytest.mark.parametrize("name", QUARTERS)
def test_two_replicas_of_two_shards_compute_what_one_process_does(alone, four, name):
    for own in four:
        assert_same(own[name], alone[name])


def test_replicas_add_up_once_an_optimizer_step(two, four):
    # Two layers and what is in none. The passes of a step are several: no row has room for two prompts' completions.
    for own in (*(each["grpo in parts, replicas"] for each in two), *(each["grpo in parts"] for each in four)):
        assert own.num_reduced == 3 * len(own.gradients)


def test_the_cases_are_what_they_say(alone):
    """A comparison of nothing with nothing would prove nothing."""
    assert len(alone["dapo in parts"].gradients) == 2 * 4
    assert len(alone["a part flat"].gradients) == 2
    assert alone["all flat"].gradients == []
    assert "kl" in alone["reference"].metrics
    assert alone["sampled again"].metrics["sampling/rounds"] == 3
    assert alone["sampled again"].calls.count("generate") == 3
    assert 0 < alone["verifier"].metrics["verifier/asked_share"] < 1
    assert 0 < alone["verifier"].metrics["verifier/agreement"] < 1
    for name, case in CASES.items():
        assert len(alone[name].sampled) == case.prompts * 3
        assert all(any(g.abs().max() > 1e-4 for g in step.values()) for step in alone[name].gradients)


@pytest.mark.parametrize(
    ("cached", "plain"), [("reference with a cache", "reference in parts"), ("lora with a cache", "lora")]
)
def test_what_the_reference_knows_changes_nothing(alone, cached, plain):
    assert_same(alone[cached], alone[plain])


def assert_same(ours: Trained, truth: Trained) -> None:
    assert ours.sampled == truth.sampled
    assert len(ours.gradients) == len(truth.gradients)
    for step, (got, expected) in enumerate(zip(ours.gradients, truth.gradients, strict=True)):
        assert got.keys() == expected.keys()
        for parameter, gradient in expected.items():
            difference = (got[parameter] - gradient).abs().max().item()
            assert difference < tolerance(step), f"step {step}, {parameter}: {difference:.1e}"
    assert ours.metrics.keys() == truth.metrics.keys()
    for metric in truth.metrics.keys() - TIMED - SAMPLED:
        # Of a norm of some units the same share: it is made of all gradients.
        within = tolerance(len(truth.gradients) - 1)
        expected = pytest.approx(truth.metrics[metric], rel=within, abs=within)
        assert ours.metrics[metric] == expected, metric


def tolerance(step: int) -> float:
    """Where a gradient is 0 but for rounding, AdamW makes a whole step of it: later ones are not as close."""
    return 1e-5 if step <= 0 else 1e-4
