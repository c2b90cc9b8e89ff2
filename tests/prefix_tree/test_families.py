"""For each supported family: packed rows against separate padded rows with transformers' own attention."""

from __future__ import annotations

from itertools import product

import peft
import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from raiden.rollout.engines import SamplingConfig, TransformersEngine
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from raiden.train.grpo.correction import SamplingCorrection, sampling_ratios
from raiden.train.grpo.objective import token_terms, token_weights
from tests.grpo.records import backward, gradients, make_rollout, make_update, pairs_of
from tests.padded import padded_logps

from .families import COMPLETIONS, CONFIGS, PROMPTS, build, largest_difference

OBJECTIVES = {
    "grpo": ObjectiveConfig(loss="grpo"),
    "bnpo": ObjectiveConfig(loss="bnpo", ratio_level="sequence", epsilon_high=0.3),
    "dr_grpo": ObjectiveConfig(loss="dr_grpo", sampling_correction=SamplingCorrection("token_truncate")),
    "dapo": ObjectiveConfig(
        loss="dapo", beta=0.1, delta=2.0, sampling_correction=SamplingCorrection("sequence_truncate")
    ),
}
ROLLOUTS = [
    make_rollout(prompt, group, [1.0, 0.0, 0.3], sampling_logp=-3.0)
    # Three completions each; two of the first group are the same.
    for prompt, group in zip(PROMPTS, [[*g, g[0]][:3] for g in COMPLETIONS], strict=True)
]
MAX_TOKENS = 8


@pytest.mark.parametrize("name", CONFIGS)
def test_log_probs_and_gradients_are_those_of_separate_rows(name):
    logps, grads = largest_difference(*build(name))
    assert logps < 1e-5
    assert grads < 1e-5


def adapt(model: PreTrainedModel) -> PreTrainedModel:
    """With random initial weights both adapter matrices count from the start; the seed makes them equal."""
    config = peft.LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    torch.manual_seed(1)
    return peft.get_peft_model(model, config)


def prepare(name: str, how: str) -> tuple[PreTrainedModel, PreTrainedModel]:
    tree, plain = build(name)
    if "checkpointing" in how:
        tree.gradient_checkpointing_enable({"use_reentrant": False})
    return (adapt(tree).train(), adapt(plain).eval()) if "lora" in how else (tree, plain)


def padded_step(
    model: PreTrainedModel, old: PreTrainedModel, reference: PreTrainedModel, objective: ObjectiveConfig
) -> tuple[float, dict[str, Tensor]]:
    """Loss and gradients of the step, one padded row a completion."""
    update = make_update(ROLLOUTS, objective, max_tokens=MAX_TOKENS)  # for its advantages
    pairs = pairs_of(ROLLOUTS)
    num_tokens = torch.tensor([len(c) for _, c in pairs])
    sequence = torch.arange(len(pairs)).repeat_interleave(num_tokens)
    with torch.no_grad():
        old_logps, ref_logps = (torch.cat(padded_logps(m, pairs)) for m in (old, reference))
    sampled = torch.full_like(old_logps, -3.0)
    terms = token_terms(
        torch.cat(padded_logps(model, pairs)),
        old_logps,
        update.batch.advantages[sequence],
        sequence,
        objective,
        ref_logps if objective.beta else None,
        sampling_ratios(old_logps, sampled, sequence, objective.sampling_correction),
    )
    weights = token_weights(num_tokens, objective.loss, MAX_TOKENS, int(num_tokens.sum()), 1)
    loss = (terms.loss * weights[sequence]).sum()
    loss.backward()
    return loss.item(), gradients(model)


@pytest.mark.parametrize(
    ("loss", "how"), [*product(OBJECTIVES, ["full", "lora checkpointing"]), ("dapo", "checkpointing")]
)
@pytest.mark.parametrize("name", CONFIGS)
def test_losses_and_gradients_of_a_step_are_those_of_separate_rows(name, loss, how):
    objective = OBJECTIVES[loss]
    (tree, plain), (old, plain_old), (reference, plain_reference) = (
        prepare(name, how), nudged(name, 0.01), nudged(name, 0.02)
    )  # fmt: skip
    # Two iterations: the old log-probabilities are the ones remembered.
    update = make_update(ROLLOUTS, objective, UpdateConfig(num_iterations=2), max_tokens=MAX_TOKENS)
    update.compute_old_logps(old)
    if objective.beta:
        update.compute_ref_logps(reference)
    ours = backward(update, tree, range(len(ROLLOUTS)))
    # In float64: in float32 the padded rows' own rounding is the larger one.
    truth = padded_step(plain.double(), plain_old.double(), plain_reference.double(), objective)
    assert abs(ours[0] - truth[0]) < 1e-5 * max(1, abs(truth[0]))
    assert ours[1].keys() == truth[1].keys()
    differences = {name: (ours[1][name] - gradient).norm() for name, gradient in truth[1].items()}
    norms = {name: gradient.norm() for name, gradient in truth[1].items()}
    # Rounding of float32: of 1e-6 to 1e-5, whichever tokens share what; tests/grpo compares in float64, to 1e-10.
    assert total_norm(differences) < 2e-5 * total_norm(norms)
    # One parameter alone has little to average its rounding over.
    assert {name for name in norms if differences[name] > 5e-5 * norms[name]} == set()


def total_norm(norms: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(norms.values())).norm()


def nudged(name: str, by: float) -> tuple[PreTrainedModel, PreTrainedModel]:
    """The policy some steps away, so that ratios and divergences are not trivial."""
    tree, plain = build(name)
    with torch.no_grad():
        for i, parameter in enumerate(tree.parameters()):
            parameter.add_(torch.sin(torch.arange(parameter.numel()) + i).view_as(parameter), alpha=by)
    plain.load_state_dict(tree.state_dict())
    return tree, plain


@pytest.mark.parametrize("name", CONFIGS)
def test_greedy_completions_are_those_of_transformers(name, tiny_tokenizer):
    tree, plain = build(name)
    tree.generation_config.eos_token_id = plain.generation_config.eos_token_id = [tiny_tokenizer.eos_token_id]
    engine = TransformersEngine()
    engine.start(tree, tiny_tokenizer, max_length=64, dtype=torch.float32, device=tree.device)
    ours = engine.generate(PROMPTS, [[0]] * len(PROMPTS), SamplingConfig(temperature=0.0, max_tokens=12))
    for prompt, (completion,) in zip(PROMPTS, ours, strict=True):
        ids = torch.tensor([prompt])
        theirs = plain.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12, pad_token_id=0
        )
        assert list(completion.token_ids) == theirs[0, len(prompt) :].tolist()
