"""The tree's attention itself: masks, heads, scale, and what it refuses to leave out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.attention import flex_attention
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import AttentionInterface
from transformers.integrations.flex_attention import flex_attention_forward

from raiden.core.errors import ConfigError
from raiden.packing import ATTENTION, FLEX_ATTENTION, Layout, Segment, TreeAttention, masks, pack
from raiden.packing.layout import Run
from tests.padded import padded_logps

from .families import PAIRS, PROMPTS, TREE, build, largest_difference, packed_logps

CPU = torch.device("cpu")


def test_runs_are_those_drawn_by_hand():
    # Two tokens before (a b), two of a prompt (c d), completions (e f) and (g).
    before = ((0, 2), (2, 4))
    segments = [Segment(0, 2, ()), Segment(2, 4, before[:1]), Segment(4, 6, before, 0), Segment(6, 7, before, 1)]
    runs = Layout((0,) * 7, tuple(segments)).runs()
    assert runs == [Run(0, 2, 7, ()), Run(2, 4, 7, (0,)), Run(4, 6, 6, (0, 1)), Run(6, 7, 7, (0, 1))]


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
        for token in range(segment.start, segment.end):
            seen[token, [*before, *range(segment.start, token + 1)]] = True
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


@pytest.fixture(params=["cascade", "run by run"])
def either_way(request):
    """As CPUs compute the tree's attention, and as other devices do."""
    if request.param == "run by run":
        request.getfixturevalue("as_on_gpus")


def random_states(layout: Layout, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """Queries, keys and values of six heads and two."""
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(1, heads, len(layout), 8, generator=generator).to(dtype).requires_grad_() for heads in (6, 2, 2)
    ]


@pytest.mark.parametrize("scale", [0.1, 2.0])
def test_outputs_and_gradients_are_those_of_a_slow_attention(scale, either_way):
    states = random_states(TREE, torch.float64)
    fast, slow = TreeAttention(TREE, CPU)(0, *states, scale), slow_attention(TREE, *states, scale)
    weights = torch.linspace(-1, 1, slow.numel(), dtype=torch.float64).view_as(slow)
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-12)
    for got, expected in zip(
        torch.autograd.grad((fast * weights).sum(), states),
        torch.autograd.grad((slow * weights).sum(), states),
        strict=True,
    ):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


def test_log_probs_and_gradients_of_a_model_are_those_of_separate_rows_either_way(either_way):
    logps, gradients = largest_difference(*build("qwen2"))
    assert logps < 1e-5
    assert gradients < 1e-5


def test_in_bfloat16_parts_are_merged_as_well_as_they_are_computed():
    states = random_states(TREE, torch.bfloat16)
    truth = slow_attention(TREE, *(state.float() for state in states), 0.3)
    out = TreeAttention(TREE, CPU)(0, *states, 0.3)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), truth, rtol=0, atol=2e-2)


def test_without_a_tree_the_attention_is_plain_and_causal():
    tree, plain = build("qwen2")
    ours, truth = padded_logps(tree, PAIRS), padded_logps(plain, PAIRS)
    torch.testing.assert_close(torch.cat(ours), torch.cat(truth), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", [ATTENTION, FLEX_ATTENTION])
def test_what_a_layer_asks_for_is_never_left_out_in_silence(name):
    layout = pack(PROMPTS)
    states = torch.zeros(1, 1, len(layout), 8)
    attend = AttentionInterface()[name]
    with pytest.raises(ConfigError, match=r"Linear asks for a bias of the scores, which the prefix tree does not"):
        attend(
            torch.nn.Linear(1, 1), states, states, states, None, tree=TreeAttention(layout, CPU), position_bias=states
        )


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


@pytest.mark.parametrize("num_prompts", [1, 3, 9])
def test_blocks_are_those_that_pytorch_finds_in_a_whole_matrix(num_prompts):
    layout = pack(
        [
            [1] * 300 + [2] * 20 * (p % 3) + [3 + p] * (40 * p + 1) + [20 + c] * (130 * (c % 3) + 1)
            for p in range(num_prompts)
            for c in range(4)
        ]
    )
    ours = masks.tree_block_mask(layout, CPU)
    theirs = flex_attention.create_block_mask(ours.mask_mod, None, None, len(layout), len(layout), CPU)
    assert ours.shape == theirs.shape
    assert torch.equal(ours.to_dense(), theirs.to_dense())
    for of in ("kv", "full_kv", "q", "full_q"):
        counts = getattr(theirs, f"{of}_num_blocks")
        assert torch.equal(getattr(ours, f"{of}_num_blocks"), counts)
        for row, count in enumerate(counts[0, 0].tolist()):
            own, other = (getattr(mask, f"{of}_indices")[0, 0, row, :count] for mask in (ours, theirs))
            assert torch.equal(own, other)


class Operations(TorchDispatchMode):
    """Counts what is computed, a kernel of flex attention as one call, and notes the largest result."""

    supports_higher_order_operators = True

    def __init__(self) -> None:
        super().__init__()
        self.num = 0
        self.largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.num += 1
        self.largest = max([self.largest, *(t.numel() for t in tree_leaves(out) if isinstance(t, Tensor))])
        return out


def test_the_mask_of_a_long_row_is_made_without_a_matrix_of_it():
    layout = pack([[1] * 4096 + [2 + p] * 256 + [10 + c] * 320 for p in range(8) for c in range(4)])
    assert len(layout) == 16_384
    with Operations() as operations:
        masks.tree_block_mask(layout, CPU)
    assert operations.largest == 128 * 129  # blocks, where tokens would be 16,384 times as many


def calls_of_a_layer(attend, num_runs: int) -> int:
    """Forward and backward, of a row that always is as long, so that there are as many blocks of it."""
    layout = pack([[1] * 57 + [2 + c] * (200 // (num_runs - 1)) for c in range(num_runs - 1)])
    tree, states = TreeAttention(layout, CPU), random_states(layout)
    assert len(tree.runs) == num_runs
    attend(tree, states)  # masks are made once for all layers
    with Operations() as operations:
        attend(tree, states).sum().backward()
    return operations.num


def test_a_layer_has_as_many_calls_with_three_runs_as_with_a_hundred(eager_flex_attention):
    def flex(tree, states):
        return flex_attention_forward(torch.nn.Linear(1, 1), *states, tree.block_mask, scaling=0.3)[0]

    assert len({calls_of_a_layer(flex, num_runs) for num_runs in (3, 11, 101)}) == 1
    run_by_run = [calls_of_a_layer(lambda tree, states: tree.run_by_run(*states, 0.3), n) for n in (3, 11, 101)]
    assert run_by_run[2] > 5 * run_by_run[1] > 10 * run_by_run[0]


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
    tree, states = TreeAttention(TREE, CPU), random_states(TREE)
    ours, _ = flex_attention_forward(torch.nn.Linear(1, 1), *states, tree.block_mask, scaling=0.3)
    truth = tree(0, *states, 0.3).transpose(1, 2)
    weights = torch.linspace(-1, 1, truth.numel()).view_as(truth)
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
