"""Importance sampling between the engine and the policy: numbers by hand, and TRL's own rollouts and losses."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from raiden.core.errors import ConfigError
from raiden.core.types import Completion, Rollout
from raiden.train.grpo import ObjectiveConfig, SamplingCorrection, UpdateConfig, sampling_ratios, with_correction
from tests.padded import padded_logps

from .records import assert_close, backward, make_rollout, make_update, pairs_of
from .test_against_trl import make_trainer, trl_backward  # noqa: F401 (a fixture)

MODES = ["token_truncate", "token_mask", "sequence_truncate", "sequence_mask"]
# Two completions: differences of old and sampling logps are ln 2, -ln 4, and ln 1.5, ln 3.
OLD = torch.tensor([math.log(2), -math.log(4), math.log(1.5), math.log(3)])
SEQUENCE = torch.tensor([0, 0, 1, 1])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("auto", [1, 1, 1, 1]),
        ("off", [1, 1, 1, 1]),
        # Ratios 2, 1/4, 1.5 and 3, with bounds of 0.5 and 2.5.
        ("token_truncate", [2, 0.5, 1.5, 2.5]),
        ("token_mask", [2, 0, 1.5, 0]),
        # Of the completions: 2 / 4 = 0.5, which is within, and 1.5 * 3 = 4.5.
        ("sequence_truncate", [0.5, 0.5, 2.5, 2.5]),
        ("sequence_mask", [0.5, 0.5, 0, 0]),
    ],
)
def test_ratios_by_hand(mode, expected):
    # 0.4999 and not 0.5: the sum of two logarithms is not exact.
    config = SamplingCorrection(mode, max_ratio=2.5, min_ratio=0.4999)
    ratios = sampling_ratios(OLD, torch.zeros(4), SEQUENCE, config)
    torch.testing.assert_close(ratios, torch.tensor(expected, dtype=torch.float32), rtol=0, atol=2e-4)


def test_an_engine_that_is_the_policy_corrects_nothing_by_default_and_another_masks_completions():
    assert with_correction(ObjectiveConfig(), engine_is_policy=True).sampling_correction.mode == "off"
    assert with_correction(ObjectiveConfig(), engine_is_policy=False).sampling_correction.mode == "sequence_mask"


@pytest.mark.parametrize("engine_is_policy", [True, False])
def test_what_was_asked_for_stays(engine_is_policy):
    config = ObjectiveConfig(sampling_correction=SamplingCorrection("token_mask", 4.0))
    assert with_correction(config, engine_is_policy) is config


@pytest.mark.parametrize(("low", "high"), [(-0.1, 1.0), (1.0, 1.0), (2.0, 1.0)])
def test_bounds_that_leave_no_room_are_refused(low, high):
    with pytest.raises(ConfigError, match=rf"min_ratio must be at least 0 and below max_ratio, got {low} and {high}"):
        SamplingCorrection(max_ratio=high, min_ratio=low)


ROLLOUTS = [
    make_rollout([60, 61, 62], [[30], [31, 32], [33, 34, 35]], [0.5, 0.7, 0.3]),
    make_rollout([63, 64, 65, 66], [[36, 37], [38, 39, 40], [41]], [0.9, 0.0, 0.1]),
]


def sampled_elsewhere(rollouts: list[Rollout], logps: list[Tensor]) -> list[Rollout]:
    """The rollouts, as an engine would report them whose log-probabilities are up to 0.8 nats off."""
    rows = iter(logps)

    def moved(completion: Completion, row: int) -> Completion:
        reported = [logp + 0.8 * math.sin(3 * row + place) - 0.1 for place, logp in enumerate(next(rows).tolist())]
        return Completion(completion.token_ids, tuple(reported), completion.text, completion.finish_reason)

    return [
        Rollout(r.prompt, tuple(moved(c, 3 * p + i) for i, c in enumerate(r.completions)), r.rewards)
        for p, r in enumerate(rollouts)
    ]


def trl_rollout(trainer: object, rollouts: list[Rollout]) -> dict[str, Tensor]:
    """What TRL makes of these completions when its vLLM has reported their log-probabilities."""
    prompts, completions = zip(*pairs_of(rollouts), strict=True)
    reported = [list(c.sampling_logps) for r in rollouts for c in r.completions]
    trainer.use_vllm = True
    trainer._generate = lambda _: (
        [list(p) for p in prompts], [list(c) for c in completions], None, [""] * len(prompts), reported, {}, None, None
    )  # fmt: skip
    rewards = [w.total for r in rollouts for w in r.rewards]
    return trainer._generate_and_score_completions([{"prompt": "a", "value": value} for value in rewards])


@pytest.mark.parametrize("beta", [0.0, 0.1])
@pytest.mark.parametrize("loss", ["grpo", "dapo"])
@pytest.mark.parametrize("mode", MODES)
def test_loss_gradients_and_metrics_are_trls(make_trainer, tiny_model, plain_model, mode, loss, beta):  # noqa: F811
    low, high = 0.6, 1.6
    with torch.no_grad():
        rollouts = sampled_elsewhere(ROLLOUTS, padded_logps(plain_model, pairs_of(ROLLOUTS)))
    objective = ObjectiveConfig(loss=loss, beta=beta, sampling_correction=SamplingCorrection(mode, high, low))
    update = make_update(rollouts, objective, UpdateConfig(micro_batch_tokens=16))
    if beta:
        update.compute_ref_logps(tiny_model)
    ours = backward(update, tiny_model, range(2))

    trainer = make_trainer(
        loss_type=loss,
        beta=beta,
        per_device_train_batch_size=6,
        vllm_importance_sampling_mode=mode,
        vllm_importance_sampling_clip_max=high,
        vllm_importance_sampling_clip_min=low,
    )
    inputs = trl_rollout(trainer, rollouts)
    ratios = inputs["importance_sampling_ratio"]
    assert (ratios == (0 if mode.endswith("mask") else low)).any()
    assert ((ratios > low) & (ratios < high)).any()
    assert_close(ours, trl_backward(trainer, inputs), atol=1e-6)
    assert_metrics_are_equal(update.metrics(), trainer._metrics["train"], of_tokens=mode.startswith("token"))


def assert_metrics_are_equal(ours: dict[str, float], trls: dict[str, list[float]], of_tokens: bool) -> None:
    names = ["sampling_logp_difference/mean", "sampling_logp_difference/max"]
    names += ["importance_sampling_ratio/min", "importance_sampling_ratio/max"]
    # The mean of a sequence's ratio is taken over completions in TRL and over their tokens here.
    names += ["importance_sampling_ratio/mean"] * of_tokens
    for name in names:
        assert ours[f"sampling/{name}"] == pytest.approx(trls[f"sampling/{name}"][-1], abs=1e-5), name


def test_the_divergence_from_the_reference_is_not_weighted(tiny_model, reference):
    """All completions masked: only the divergence is left to learn from."""
    masked = ObjectiveConfig(beta=0.1, sampling_correction=SamplingCorrection("token_mask", 1e-6))
    update = make_update(ROLLOUTS, masked)  # sampled with 1 nat a token
    update.compute_ref_logps(reference)
    loss, _ = backward(update, tiny_model, range(2))
    metrics = update.metrics()
    assert metrics["sampling/importance_sampling_ratio/max"] == 0
    assert loss == pytest.approx(0.1 * metrics["kl"], abs=1e-6)
    assert loss > 1e-3


def test_without_a_correction_no_ratio_is_reported(tiny_model):
    update = make_update(ROLLOUTS)
    backward(update, tiny_model, range(2))
    assert not any("ratio" in name for name in update.metrics() if name.startswith("sampling/"))


def test_the_ratio_of_a_long_completion_may_be_beyond_all_numbers():
    # 2000 tokens of half a nat are 1000 nats, and exp(1000) is infinite.
    difference, owner = torch.full((2000,), 0.5), torch.zeros(2000, dtype=torch.long)
    for sign, mode, expected in ((1, "sequence_truncate", 3.0), (1, "sequence_mask", 0.0), (-1, "sequence_mask", 0.0)):
        ratios = sampling_ratios(sign * difference, torch.zeros(2000), owner, SamplingCorrection(mode))
        assert set(ratios.tolist()) == {expected}
