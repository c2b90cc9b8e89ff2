"""Each mistake that a tree can make is found out by the comparison with separate rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from raiden.packing import FLEX_ATTENTION, Layout, scoring
from raiden.packing.layout import Run
from tests.padded import padded_logps

from .families import PAIRS, TREE, build, largest_difference, packed_logps

# Segments of the tree: a profile, a question, the end of a prompt with the two tokens that its completions begin with,
# these, another prompt's end, another question, the one token that two of its completions begin with, a lone prompt
# and its completions.
PROFILE, QUESTION, BEGUN, FIRST, _, END = range(6)
OTHER, TOKEN, THIRD, LONE, LEFT, RIGHT = 8, 9, 11, 13, 14, 15


def with_ancestors(number: int, *ancestors: int) -> Layout:
    segments = list(TREE.segments)
    spans = tuple((segments[a].start, segments[a].end) for a in ancestors)
    segments[number] = replace(segments[number], ancestors=spans)
    return replace(TREE, segments=tuple(segments))


class RunningOn(Layout):
    """Whose positions do not begin anew for each sequence."""

    position_ids = property(lambda self: tuple(range(len(self))))


LAYOUTS = {
    "a question sees another question": with_ancestors(OTHER, PROFILE, QUESTION),
    "a prompt sees the prompt beside it": with_ancestors(END, PROFILE, QUESTION, BEGUN),
    "a lone prompt sees a profile": with_ancestors(LONE, PROFILE),
    "a completion does not see its profile": with_ancestors(FIRST, QUESTION, BEGUN),
    "a completion does not see its question": with_ancestors(FIRST, PROFILE, BEGUN),
    "a completion does not see what it begins with": with_ancestors(THIRD, PROFILE, OTHER),
    "a completion's beginning does not see its prompt": with_ancestors(TOKEN, PROFILE),
    "a question does not see its profile": with_ancestors(QUESTION),
    "positions run on through the row": RunningOn(TREE.token_ids, TREE.segments),
}


def completions_see_neighbours(layout: Layout) -> list[Run]:
    runs, ends = right_runs(layout), leaves(layout)
    return [replace(r, before=(*r.before, i - 1)) if {i, i - 1} <= ends else r for i, r in enumerate(runs)]


def completions_forget_what_they_begin_with(layout: Layout) -> list[Run]:
    runs, ends = right_runs(layout), leaves(layout)
    return [replace(run, before=run.before[:-1]) if i in ends else run for i, run in enumerate(runs)]


def leaves(layout: Layout) -> set[int]:
    return {i for i, segment in enumerate(layout.segments) if segment.sequence is not None}


right_runs = Layout.runs


def test_the_tree_has_the_segments_that_these_tests_name():
    assert [segment.sequence for segment in TREE.segments] == [
        *(None, None, None, 0, 1, None, 2, 3),
        *(None, None, 4, 5, 6, None, 7, 8),
    ]


def completions_are_seen_by_neighbours(layout: Layout) -> list[Run]:
    runs, ends = right_runs(layout), leaves(layout)
    # The first of those that begin alike, by those behind it.
    last = {run.before: run.stop for i, run in enumerate(runs) if i in ends}
    return [replace(run, stop=last[run.before]) if i in ends else run for i, run in enumerate(runs)]


def beginnings_are_hidden_from_completions(layout: Layout) -> list[Run]:
    runs = right_runs(layout)
    parents = {runs[i].before[-1] for i in leaves(layout)}
    # The first run of a row is what the outputs of all behind it begin with: hidden, they would be unset memory.
    return [replace(run, stop=run.end) if i in parents and run.before else run for i, run in enumerate(runs)]


def questions_are_seen_by_other_questions(layout: Layout) -> list[Run]:
    runs = right_runs(layout)
    return [replace(run, stop=runs[run.before[0]].stop if run.before else run.stop) for run in runs]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_wrong_tree_is_found_out(layout, as_on_gpus):
    assert_found_out(layout)


@pytest.mark.parametrize("mistake", [completions_see_neighbours, completions_forget_what_they_begin_with])
def test_runs_that_see_the_wrong_runs_are_found_out(monkeypatch, mistake, as_on_gpus):
    monkeypatch.setattr(Layout, "runs", mistake)
    assert_found_out()


@pytest.mark.parametrize(
    "mistake",
    [
        completions_are_seen_by_neighbours,
        beginnings_are_hidden_from_completions,
        questions_are_seen_by_other_questions,
    ],
)
def test_runs_that_are_seen_by_the_wrong_tokens_are_found_out(monkeypatch, mistake):
    monkeypatch.setattr(Layout, "runs", mistake)
    assert_found_out()


def test_a_mask_that_shows_the_next_token_is_found_out(monkeypatch, as_on_gpus):
    monkeypatch.setattr(
        scoring, "run_mask", lambda length, before, device: torch.ones(length, before + length).tril(before + 1) > 0
    )
    assert_found_out()


def assert_found_out(layout: Layout = TREE) -> None:
    # The runs and masks of a tree are found anew in each pass.
    logps, gradients = largest_difference(*build("qwen2"), layout)
    assert logps > 0.01
    assert gradients > 0.01


@pytest.mark.parametrize("wrong", ["neighbours", "no profile"])
def test_a_wrong_mask_of_flex_attention_is_found_out(monkeypatch, wrong):
    last = TREE.last_viewers()
    left, right, profile = (TREE.segments[number] for number in (LEFT, RIGHT, PROFILE))
    seen, stop = (left, right.end) if wrong == "neighbours" else (profile, profile.end)
    last[seen.start : seen.end] = [stop] * (seen.end - seen.start)
    monkeypatch.setattr(Layout, "last_viewers", lambda layout: last)
    tree, plain = build("qwen2")
    tree.set_attn_implementation(FLEX_ATTENTION)
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        ours, truth = torch.cat(packed_logps(tree, TREE)), torch.cat(padded_logps(plain, PAIRS))
    assert (ours - truth).abs().max() > 0.01
