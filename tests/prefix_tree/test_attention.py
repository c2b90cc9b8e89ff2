"""Packed rows against separate padded rows with transformers' own attention."""

from __future__ import annotations

from copy import deepcopy

import peft
import pytest
import torch
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

from raiden.prefix_tree import ATTENTION, Layout, Segment, TreeAttention, attention, pack
from tests.padded import padded_logps

SIZES = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "initializer_range": 0.3,
}
CONFIGS: dict[str, PreTrainedConfig] = {
    "qwen2": Qwen2Config(**SIZES, num_key_value_heads=2, tie_word_embeddings=True),
    "qwen3": Qwen3Config(**SIZES, num_key_value_heads=1, head_dim=16),
    "llama": LlamaConfig(**SIZES, num_key_value_heads=4, attention_bias=True),
}
# Three levels: a profile of 18 tokens, a question of 17 that two prompts share, another question; completions of
# different lengths, some with the same beginning.
PROFILE = [(7 * i) % 47 + 1 for i in range(18)]
QUESTION = [(5 * i) % 43 + 2 for i in range(17)]
PROMPTS = [[*PROFILE, *QUESTION, 3], [*PROFILE, *QUESTION, 4, 9, 9], [*PROFILE, 11, 12], [13, 14, 15]]
COMPLETIONS = [
    [[1, 2, 3, 4, 5], [1, 2, 9]],
    [[6]],
    [[7, 8], [7, 8, 7], [30, 31, 32, 33]],
    [[20, 21], [22, 23]],
]
PAIRS = [(prompt, c) for prompt, group in zip(PROMPTS, COMPLETIONS, strict=True) for c in group]


def build(name: str) -> tuple[PreTrainedModel, PreTrainedModel]:
    """The same random weights, biases and norms included, with the tree's attention and with plain sdpa."""
    torch.manual_seed(0)
    # A copy each: a model reads its attention from the config it was given.
    tree = AutoModelForCausalLM.from_config(deepcopy(CONFIGS[name]), attn_implementation=ATTENTION)
    with torch.no_grad():
        for parameter in tree.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    plain = AutoModelForCausalLM.from_config(deepcopy(CONFIGS[name]), attn_implementation="sdpa")
    plain.load_state_dict(tree.state_dict())
    return tree, plain


def packed_logps(model: PreTrainedModel, layout: Layout) -> list[Tensor]:
    """Log-probabilities of each completion's tokens, in the order of PAIRS."""
    logits = model(
        input_ids=torch.tensor([layout.token_ids]),
        position_ids=torch.tensor([layout.position_ids]),
        use_cache=False,
        tree=TreeAttention(layout, torch.device("cpu")),
    ).logits[0]
    logps = {}
    for segment in layout.segments:
        for number, (start, end) in enumerate(segment.completions):
            predictors = [segment.end - 1, *range(start, end - 1)]
            targets = torch.tensor(layout.token_ids[start:end])
            logps[segment.prompt, number] = logits[predictors].log_softmax(-1).gather(1, targets[:, None])[:, 0]
    return [logps[p, i] for p, group in enumerate(COMPLETIONS) for i in range(len(group))]


def largest_difference(tree: PreTrainedModel, plain: PreTrainedModel) -> tuple[float, float]:
    """Of the log-probabilities, and of each parameter's gradient as a share of its largest entry.

    The gradients are those of a sum in which every token has a weight of its own.
    """
    differences = []
    ours, truth = packed_logps(tree, pack(PROMPTS, COMPLETIONS)), padded_logps(plain, PAIRS)
    differences.append((torch.cat(ours) - torch.cat(truth)).abs().max().item())
    weights = torch.linspace(-1, 1, sum(len(c) for _, c in PAIRS))
    (torch.cat(ours) * weights).sum().backward()
    (torch.cat(truth) * weights).sum().backward()
    gradients = [
        (a.grad, b.grad) for a, b in zip(tree.parameters(), plain.parameters(), strict=True) if b.requires_grad
    ]
    assert gradients
    differences.append(max(((a - b).abs().max() / b.abs().max()).item() for a, b in gradients))
    return differences[0], differences[1]


def assert_equal(tree: PreTrainedModel, plain: PreTrainedModel) -> None:
    logps, gradients = largest_difference(tree, plain)
    assert logps < 1e-5
    assert gradients < 1e-5


@pytest.mark.parametrize("name", CONFIGS)
def test_log_probs_and_gradients_are_those_of_separate_rows(name):
    assert_equal(*build(name))


@pytest.mark.parametrize("name", CONFIGS)
def test_gradient_checkpointing_changes_nothing(name):
    tree, plain = build(name)
    tree.gradient_checkpointing_enable({"use_reentrant": False})
    tree.train()
    assert_equal(tree, plain)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_lora_adapters_get_the_gradients_of_separate_rows(checkpointing):
    tree, plain = build("qwen2")
    if checkpointing:
        tree.gradient_checkpointing_enable({"use_reentrant": False})
    # With random initial weights both adapter matrices count from the start; the seed makes them equal.
    config = peft.LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    adapted = []
    for model in (tree, plain):
        torch.manual_seed(1)
        adapted.append(peft.get_peft_model(model, config).train())
    assert_equal(*adapted)


def causal_mask(segment: Segment, num_before: int, device: torch.device) -> Tensor:
    """A mistake: a completion sees the completions before it."""
    length = segment.stop - segment.start
    return torch.ones(length, num_before + length, dtype=torch.bool, device=device).tril(num_before)


def test_a_completion_that_sees_its_neighbour_is_found_out(monkeypatch):
    tree, plain = build("qwen2")
    monkeypatch.setattr(attention, "segment_mask", causal_mask)
    logps, gradients = largest_difference(tree, plain)
    assert logps > 0.1
    assert gradients > 0.1


def test_a_segment_that_forgets_an_ancestor_is_found_out():
    tree, plain = build("qwen2")
    whole = pack(PROMPTS, COMPLETIONS)
    orphans = [Segment(s.start, s.end, s.ancestors[1:], s.prompt, s.completions) for s in whole.segments]
    ours = packed_logps(tree, Layout(whole.token_ids, whole.position_ids, tuple(orphans)))
    assert (torch.cat(ours) - torch.cat(padded_logps(plain, PAIRS))).abs().max() > 0.1


def test_the_mask_of_a_segment_is_the_one_drawn_by_hand():
    # Two tokens before, two of its own (a b), completions (c d) and (e).
    segment = Segment(2, 4, ((0, 2),), 0, ((4, 6), (6, 7)))
    rows = [
        #  before  a b  c d  e
        [1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 1, 0],
        [1, 1, 1, 1, 0, 0, 1],
    ]
    assert attention.segment_mask(segment, 2, torch.device("cpu")).int().tolist() == rows


def slow_attention(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Token by token and head by head, over the tokens that the layout's spans name."""
    out = torch.zeros_like(query)
    groups = query.shape[1] // key.shape[1]
    for segment in layout.segments:
        before = [i for start, end in segment.ancestors for i in range(start, end)]
        for start, end in [(segment.start, segment.end), *segment.completions]:
            own = [] if start == segment.start else list(range(segment.start, segment.end))
            for token in range(start, end):
                seen = [*before, *own, *range(start, token + 1)]
                for head in range(query.shape[1]):
                    scores = key[0, head // groups, seen] @ query[0, head, token] * scale
                    out[0, head, token] = scores.softmax(0) @ value[0, head // groups, seen]
    return out


@pytest.mark.parametrize("scale", [0.1, 2.0])
def test_heads_groups_and_scale_are_those_of_a_slow_attention(scale):
    layout = pack(PROMPTS, COMPLETIONS)
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, heads, len(layout), 8, generator=generator) for heads in (6, 2, 2))
    fast = TreeAttention(layout, torch.device("cpu"))(0, query, key, value, scale)
    torch.testing.assert_close(fast, slow_attention(layout, query, key, value, scale), rtol=0, atol=1e-5)


def test_without_a_tree_the_attention_is_plain_and_causal():
    tree, plain = build("qwen2")
    ours, truth = padded_logps(tree, PAIRS), padded_logps(plain, PAIRS)
    torch.testing.assert_close(torch.cat(ours), torch.cat(truth), rtol=0, atol=1e-6)
