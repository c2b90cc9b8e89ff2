"""Each mistake that a tree can make is found out by the comparison with separate rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from raiden.prefix_tree import FLEX_ATTENTION, Layout, Segment, attention, masks
from tests.padded import padded_logps

from .families import PAIRS, TREE, build, largest_difference, packed_logps

# The tree's segments: a profile, a question, two prompts that end it, a prompt with another question, a lone prompt.
PROFILE, QUESTION, FIRST, SECOND, OTHER, LONE = range(6)


def with_ancestors(number: int, *ancestors: int) -> Layout:
    segments = list(TREE.segments)
    spans = tuple((segments[a].start, segments[a].end) for a in ancestors)
    segments[number] = replace(segments[number], ancestors=spans)
    return replace(TREE, segments=tuple(segments))


LAYOUTS = {
    "a question sees another question": with_ancestors(OTHER, PROFILE, QUESTION),
    "a prompt sees the prompt beside it": with_ancestors(SECOND, PROFILE, QUESTION, FIRST),
    "a lone prompt sees a profile": with_ancestors(LONE, PROFILE),
    "a completion does not see its profile": with_ancestors(FIRST, QUESTION),
    "a completion does not see its question": with_ancestors(FIRST, PROFILE),
    "a question does not see its profile": with_ancestors(QUESTION),
    "positions run on through the row": replace(TREE, position_ids=tuple(range(len(TREE)))),
}


def sees_neighbours(segment: Segment, num_before: int, device: torch.device) -> Tensor:
    return torch.ones_like(masks.segment_mask(segment, num_before, device)).tril(num_before)


def sees_the_next_token(segment: Segment, num_before: int, device: torch.device) -> Tensor:
    right = masks.segment_mask(segment, num_before, device)
    return right | right.roll(1, dims=1)


def forgets_the_prompts_end(segment: Segment, num_before: int, device: torch.device) -> Tensor:
    wrong = masks.segment_mask(segment, num_before, device)
    length = segment.end - segment.start
    wrong[length:, num_before : num_before + length] = False
    return wrong


def test_the_tree_has_the_segments_that_these_tests_name():
    assert [segment.prompt for segment in TREE.segments] == [None, None, 0, 1, 2, 3]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_wrong_tree_is_found_out(layout):
    logps, gradients = largest_difference(*build("qwen2"), layout)
    assert logps > 0.01
    assert gradients > 0.01


@pytest.mark.parametrize("mistake", [sees_neighbours, sees_the_next_token, forgets_the_prompts_end])
def test_a_wrong_mask_is_found_out(monkeypatch, mistake):
    monkeypatch.setattr(attention, "segment_mask", mistake)
    # The masks of the tree are made with its first pass.
    logps, gradients = largest_difference(*build("qwen2"))
    assert logps > 0.01
    assert gradients > 0.01


@pytest.mark.parametrize("wrong", ["neighbours", "no profile"])
def test_a_wrong_mask_of_flex_attention_is_found_out(monkeypatch, wrong):
    last = TREE.last_viewers()
    first, profile = TREE.segments[FIRST], TREE.segments[PROFILE]
    span = first.completions[0] if wrong == "neighbours" else (profile.start, profile.end)
    last[slice(*span)] = [first.stop if wrong == "neighbours" else profile.end] * (span[1] - span[0])
    monkeypatch.setattr(Layout, "last_viewers", lambda layout: last)
    tree, plain = build("qwen2")
    tree.set_attn_implementation(FLEX_ATTENTION)
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        ours, truth = torch.cat(packed_logps(tree, TREE)), torch.cat(padded_logps(plain, PAIRS))
    assert (ours - truth).abs().max() > 0.01
