"""The tree's attention itself: masks, heads, scale, and what it refuses to leave out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.attention import flex_attention
from transformers import AttentionInterface
from transformers.integrations.flex_attention import flex_attention_forward

from raiden.errors import ConfigError
from raiden.prefix_tree import ATTENTION, FLEX_ATTENTION, Layout, Segment, TreeAttention, masks, pack
from raiden.prefix_tree.layout import Run
from tests.padded import padded_logps

from .families import PAIRS, PROMPTS, TREE, build, packed_logps

CPU = torch.device("cpu")


def test_runs_are_those_drawn_by_hand():
    # Two tokens before, two of its own (a b), completions (c d) and (e).
    root, leaf = Segment(0, 2, ()), Segment(2, 4, ((0, 2),), 0, ((4, 6), (6, 7)))
    runs = Layout((0,) * 7, (0, 1, 2, 3, 4, 5, 4), (root, leaf)).runs()
    assert runs == [Run(0, 2, ()), Run(2, 4, (0,)), Run(4, 6, (0, 1)), Run(6, 7, (0, 1))]


def test_the_mask_of_a_run_is_the_one_drawn_by_hand():
    rows = [
        # before   c  d
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1],
    ]
    assert masks.run_mask(2, 3, CPU).int().tolist() == rows


def seen_by(layout: Layout) -> Tensor:
    """Which tokens (columns) each token (row) sees, by following its own path."""
    seen = torch.zeros(len(layout), len(layout), dtype=torch.bool)
    for segment in layout.segments:
        before = [i for start, end in segment.ancestors for i in range(start, end)]
        for start, end in [(segment.start, segment.end), *segment.completions]:
            own = [] if start == segment.start else list(range(segment.start, segment.end))
            for token in range(start, end):
                seen[token, [*before, *own, *range(start, token + 1)]] = True
    return seen


def slow_attention(layout: Layout, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Token by token and head by head."""
    out = torch.zeros_like(query)
    groups = query.shape[1] // key.shape[1]
    for token, seen in enumerate(seen_by(layout)):
        for head in range(query.shape[1]):
            scores = key[0, head // groups, seen] @ query[0, head, token] * scale
            out[0, head, token] = scores.softmax(0) @ value[0, head // groups, seen]
    return out


@pytest.mark.parametrize("scale", [0.1, 2.0])
def test_heads_groups_and_scale_are_those_of_a_slow_attention(scale):
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, heads, len(TREE), 8, generator=generator) for heads in (6, 2, 2))
    fast = TreeAttention(TREE, CPU)(0, query, key, value, scale)
    torch.testing.assert_close(fast, slow_attention(TREE, query, key, value, scale), rtol=0, atol=1e-5)


def test_without_a_tree_the_attention_is_plain_and_causal():
    tree, plain = build("qwen2")
    ours, truth = padded_logps(tree, PAIRS), padded_logps(plain, PAIRS)
    torch.testing.assert_close(torch.cat(ours), torch.cat(truth), rtol=0, atol=1e-6)


@pytest.mark.parametrize("asked", [{"sliding_window": 8}, {"softcap": 30.0}, {"s_aux": torch.zeros(4)}])
@pytest.mark.parametrize("name", [ATTENTION, FLEX_ATTENTION])
def test_what_a_layer_asks_for_is_never_left_out_in_silence(name, asked):
    layout = pack(PROMPTS)
    states = torch.zeros(1, 1, len(layout), 8)
    attend = AttentionInterface()[name]
    with pytest.raises(ConfigError, match=r"`model\.policy\.path`: Linear asks for .*; take another model"):
        attend(torch.nn.Linear(1, 1), states, states, states, None, tree=TreeAttention(layout, CPU), **asked)


# Flex attention


def test_the_mask_of_flex_attention_is_that_of_the_paths():
    index = torch.arange(len(TREE))
    mask = masks.tree_block_mask(TREE, CPU)
    assert torch.equal(mask.mask_mod(0, 0, index[:, None], index[None, :]), seen_by(TREE))


def test_blocks_that_no_token_sees_are_skipped():
    # Two prompts of 256 tokens with nothing in common: a lower triangle each.
    layout = pack([[1] * 256, [2] * 256])
    assert masks.tree_block_mask(layout, CPU).to_dense()[0, 0].tolist() == [
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 1, 1],
    ]


@pytest.fixture
def eager_flex_attention(monkeypatch):
    """The formulas without compiling them, and with the backward pass that PyTorch keeps shut on CPUs."""
    monkeypatch.setattr(flex_attention, "_validate_device", lambda query, key, value: None)
    with torch.compiler.set_stance("force_eager"):
        yield


@pytest.mark.parametrize("name", ["qwen2", "gemma"])
def test_flex_attention_gives_the_log_probs_of_separate_rows(name, eager_flex_attention):
    tree, plain = build(name)
    tree.set_attn_implementation(FLEX_ATTENTION)
    with torch.no_grad():
        ours, truth = packed_logps(tree, TREE), padded_logps(plain, PAIRS)
    torch.testing.assert_close(torch.cat(ours), torch.cat(truth), rtol=0, atol=1e-5)


def test_flex_attention_gives_the_gradients_of_the_segments(eager_flex_attention):
    tree = TreeAttention(TREE, CPU)
    generator = torch.Generator().manual_seed(0)
    states = [torch.randn(1, heads, len(TREE), 8, generator=generator).requires_grad_() for heads in (4, 2, 2)]
    ours, _ = flex_attention_forward(torch.nn.Linear(1, 1), *states, tree.block_mask, scaling=0.3)
    truth = tree(0, *states, 0.3).transpose(1, 2)
    weights = torch.randn(truth.shape, generator=generator)
    for got, expected in zip(
        torch.autograd.grad((ours * weights).sum(), states),
        torch.autograd.grad((truth * weights).sum(), states),
        strict=True,
    ):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


def test_flex_attention_says_that_it_cannot_learn_on_a_cpu():
    tree, _ = build("qwen2")
    tree.set_attn_implementation(FLEX_ATTENTION)
    with pytest.raises(ConfigError, match=r"`model\.policy\.attention`: flex .* no backward pass on CPUs; .* sdpa"):
        packed_logps(tree, TREE)
