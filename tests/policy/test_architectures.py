"""Every family trains as its separate rows do in float64, and samples what transformers generates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM

from raiden.packing import ATTENTION
from raiden.policy.loading import without_noise
from raiden.policy.sharing import Sharing, find_sharing
from raiden.policy.tiny import tiny_model
from raiden.policy.weights import stream_weights
from raiden.rollout.engines import SamplingConfig, TransformersEngine
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from raiden.train.grpo.objective import token_terms, token_weights
from tests.grpo.records import Gradients, backward, gradients, make_rollout, make_update, pairs_of

from .architectures import ARCHITECTURES, tiny

PROFILE = [(7 * i) % 47 + 3 for i in range(18)]
PROMPTS = [[*PROFILE, 5, 4], [*PROFILE, 11, 12, 13, 14], [13, 14, 15]]
COMPLETIONS = [[[1, 2, 3, 4, 5], [1, 2, 9]], [[6, 10], [6]], [[20, 21, 22], [23]]]
ROLLOUTS = [
    make_rollout(prompt, group, [1.0, 0.0], sampling_logp=-3.0)
    for prompt, group in zip(PROMPTS, COMPLETIONS, strict=True)
]
OBJECTIVE = ObjectiveConfig(loss="dapo")
MAX_TOKENS = 8
ROWS = {
    *("Bamba", "BLOOM", "Falcon", "Falcon H1", "Falcon Mamba", "Jamba", "LFM2", "Mamba", "Mamba 2", "Nemotron-H"),
    *("Qwen3 Next", "Qwen3.5", "StableLM"),
}
"""All others share what prompts have in common."""


@pytest.fixture(scope="module", params=ARCHITECTURES)
def family(request: pytest.FixtureRequest) -> tuple[str, Any, Sharing]:
    config = tiny(request.param)
    return request.param, config, find_sharing(config)


def test_a_step_is_that_of_separate_rows(family):
    _, config, sharing = family
    model, plain = tiny_model(config, sharing.attention or ATTENTION), tiny_model(config, "eager").eval()
    without_noise(model)
    if model.supports_gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    # A budget that holds two rows of the longer prompts, or the tree.
    update = make_update(ROLLOUTS, OBJECTIVE, UpdateConfig(micro_batch_tokens=60), MAX_TOKENS, packing=sharing.packing)
    loss, ours = backward(update, model.train(), range(len(ROLLOUTS)))
    expected, truth = separate_step(plain, update)
    assert abs(loss - expected) < 1e-5 * max(1.0, abs(expected))
    assert ours.keys() == truth.keys()
    assert norm({n: ours[n] - truth[n] for n in truth}) < 1e-5 * norm(truth)
    assert norm(truth) > 1e-3


def separate_step(model: Any, update: Any) -> tuple[float, Gradients]:
    """Loss and gradients, each completion in a row alone."""
    logps = []
    for prompt, completion in pairs_of(ROLLOUTS):
        logits = model(input_ids=torch.tensor([[*prompt, *completion]]), use_cache=False).logits[
            0, len(prompt) - 1 : -1
        ]
        logps.append(logits.log_softmax(-1).gather(1, torch.tensor(completion)[:, None])[:, 0])
    lengths = torch.tensor([len(one) for one in logps])
    sequence = torch.arange(len(logps)).repeat_interleave(lengths)
    together = torch.cat(logps)
    terms = token_terms(
        together, together.detach(), update.batch.advantages[sequence], sequence, OBJECTIVE, None, None
    )
    weights = token_weights(lengths, OBJECTIVE.loss, MAX_TOKENS, int(lengths.sum()), 1)
    loss = (terms.loss * weights[sequence]).sum()
    loss.backward()
    return loss.item(), gradients(model)


def norm(parts: dict[str, Tensor]) -> float:
    return torch.stack([part.double().norm() for part in parts.values()]).norm().item()


def test_greedy_completions_are_those_of_transformers(family, tiny_tokenizer):
    _, config, sharing = family
    model, plain = tiny_model(config, sharing.attention or ATTENTION), tiny_model(config, "eager").eval()
    engine = TransformersEngine()
    engine.start(model, tiny_tokenizer, max_length=64, dtype=torch.float64, device=model.device)
    engine.stop_ids = stops = [2, 3]
    ours = engine.generate(PROMPTS, [[0]] * len(PROMPTS), SamplingConfig(temperature=0.0, max_tokens=6))
    for prompt, (completion,) in zip(PROMPTS, ours, strict=True):
        assert list(completion.token_ids) == greedy(plain, prompt, 6, stops)


def greedy(model: Any, prompt: Sequence[int], max_tokens: int, stops: Sequence[int]) -> list[int]:
    """By the model's forward pass over the whole row, token after token."""
    ids = list(prompt)
    for _ in range(max_tokens):
        with torch.no_grad():
            ids.append(int(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
        if ids[-1] in stops:
            break
    return ids[len(prompt) :]


@pytest.mark.parametrize("name", ["Apertus", "Granite MoE", "Jamba", "Mixtral", "Nemotron-H", "Qwen3 MoE", "gpt-oss"])
def test_weights_are_sent_and_exported_as_the_files_of_transformers_hold_them(name, tmp_path):
    AutoModelForCausalLM.from_config(tiny(name), dtype=torch.float32).save_pretrained(tmp_path)
    sent = dict(stream_weights(AutoModelForCausalLM.from_pretrained(tmp_path)))
    saved = load_file(tmp_path / "model.safetensors")
    assert sent.keys() - {"lm_head.weight"} == saved.keys() - {"lm_head.weight"}
    assert all(torch.equal(sent[n], weight) for n, weight in saved.items())


@pytest.mark.parametrize("page", ["docs/models.md", "docs/zh/models.md"])
def test_the_table_of_models_says_which_share(page):
    lines = (Path(__file__).parents[2] / page).read_text(encoding="utf-8").splitlines()
    table = {kind: next(line for line in lines if line.startswith(f"| *{kind}* |")) for kind in ("shared", "rows")}
    named = {kind: set(line.split("|")[2].strip().split(", ")) for kind, line in table.items()}
    expected = {name for text in ARCHITECTURES for name in text.split(", ")}
    assert named == {"shared": expected - ROWS, "rows": ROWS}


def test_where_no_small_copy_can_be_tried_the_reason_names_the_fault():
    """Dots1's config has no number of experts of its own; CONTRIBUTING.md says what to do about it."""
    reason = find_sharing(AutoConfig.for_model("dots1")).reason
    assert reason.startswith("no small copy of it could be tried (TypeError: empty() ")


def test_those_that_do_not_share_are_few_and_say_why(family):
    name, _, sharing = family
    if sharing.reason:
        print(f"{name}: {sharing.reason}")  # what `pytest -s` shows is the list of exceptions
    assert bool(sharing.reason) == (name in ROWS), sharing.reason
