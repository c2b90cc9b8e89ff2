"""Made-up rollouts, and the loss of an update computed the slow way."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from raiden.core.types import Completion, MatchRule, Prompt, Reward, Rollout, Sample, Term
from raiden.packing import Packing
from raiden.train.grpo import ObjectiveConfig, RolloutUpdate, UpdateConfig

Gradients = dict[str, torch.Tensor]

SAMPLE = Sample(
    id="s1",
    character_name="Ada",
    character_profile={"Name": "Ada"},
    conversation_history=(),
    question="Where were you born?",
    answer="In the north.",
    keywords=("north",),
    rule=MatchRule((Term(("north",)),)),
    question_type="where",
    validation_method="single_term_validation",
    difficulty="easy",
    language="en",
    focus="sbk",
    raw={},
)


def make_rollout(
    prompt: Sequence[int],
    completions: Sequence[Sequence[int]],
    rewards: Sequence[float],
    truncated: Sequence[int] = (),
    sampling_logp: float = -1.0,
) -> Rollout:
    """A prompt and its group; `truncated` names the completions that were cut at the limit."""
    return Rollout(
        Prompt(SAMPLE, tuple(prompt)),
        tuple(
            Completion(tuple(ids), (sampling_logp,) * len(ids), "", "length" if i in truncated else "stop")
            for i, ids in enumerate(completions)
        ),
        tuple(Reward(value, {"accuracy": value, "format": 1.0}, (), "made up") for value in rewards),
    )


def make_update(
    rollouts: Sequence[Rollout],
    objective: ObjectiveConfig | None = None,
    config: UpdateConfig | None = None,
    max_tokens: int = 8,
    temperature: float = 1.0,
    packing: Packing = Packing.SHARED,
) -> RolloutUpdate:
    return RolloutUpdate(
        rollouts,
        objective or ObjectiveConfig(),
        config or UpdateConfig(),
        max_tokens,
        temperature,
        torch.device("cpu"),
        packing=packing,
    )


def pairs_of(rollouts: Sequence[Rollout]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(prompt, completion) of every completion."""
    return [(r.prompt.token_ids, c.token_ids) for r in rollouts for c in r.completions]


def gradients(model: torch.nn.Module) -> Gradients:
    """What has been added up so far, by parameter; the model's own are cleared."""
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


def backward(update: RolloutUpdate, model: torch.nn.Module, part: range) -> tuple[float, Gradients]:
    """Loss and gradients of an optimizer step, summed over its micro-batches."""
    total = 0.0
    for loss in update.losses(model, part):
        loss.backward()
        total += loss.item()
    return total, gradients(model)


def assert_close(ours: tuple[float, Gradients], truth: tuple[float, Gradients], atol: float) -> None:
    """Equal losses, and equal gradients of every parameter, as shares of its largest entry where that is above 1."""
    assert abs(ours[0] - truth[0]) < atol
    assert ours[1].keys() == truth[1].keys()
    for name, gradient in truth[1].items():
        scale = max(1.0, gradient.abs().max().item())
        difference = (ours[1][name] - gradient).abs().max().item()
        assert difference < atol * scale, f"{name}: {difference:.1e} apart, its largest entry is {scale:.1e}"
