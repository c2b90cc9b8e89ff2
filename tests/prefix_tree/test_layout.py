"""The packed row against the sequences that went in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from raiden.packing import Layout, Segment, pack
from raiden.packing.layout import MIN_SHARED

# Joined at random, these begin alike for 0 to 80 tokens, on both sides of MIN_SHARED = 16.
BLOCKS = [[1] * 15, [1] * 16, [1] * 17, [1] * 8 + [2] * 20, [3], [2, 1]]
ends = st.lists(st.integers(1, 3), min_size=1, max_size=20)
prompts_strategy = st.lists(
    st.builds(lambda blocks, end: [*chain(*blocks), *end], st.lists(st.sampled_from(BLOCKS), max_size=3), ends),
    min_size=1,
    max_size=6,
)


def path(segment: Segment) -> list[int]:
    """Where the tokens of the prompt that ends in this segment stand in the row."""
    spans = [*segment.ancestors, (segment.start, segment.end)]
    return [i for start, end in spans for i in range(start, end)]


def leaves(layout: Layout) -> dict[int, Segment]:
    return {s.prompt: s for s in layout.segments if s.prompt is not None}


def common_beginning(a: Sequence[int], b: Sequence[int]) -> int:
    """Tokens that two prompts can share; each keeps its last one, where its completions begin."""
    length = 0
    while length < min(len(a), len(b)) - 1 and a[length] == b[length]:
        length += 1
    return length


@given(prompts_strategy, st.lists(ends, max_size=3))
def test_every_sequence_is_read_back_by_following_its_path(prompts, completions):
    layout = pack(prompts, [completions] * len(prompts))
    assert sorted(leaves(layout)) == list(range(len(prompts)))
    for number, leaf in leaves(layout).items():
        assert len(leaf.completions) == len(completions)
        for completion, (start, end) in zip(completions, leaf.completions, strict=True):
            indices = [*path(leaf), *range(start, end)]
            assert [layout.token_ids[i] for i in indices] == prompts[number] + completion
            assert [layout.position_ids[i] for i in indices] == list(range(len(indices)))
        assert [layout.token_ids[i] for i in path(leaf)] == prompts[number]


@given(prompts_strategy, st.lists(ends, max_size=3))
def test_segments_cover_the_row_once_and_parents_come_first(prompts, completions):
    layout = pack(prompts, [completions] * len(prompts))
    assert [i for s in layout.segments for i in range(s.start, s.stop)] == list(range(len(layout)))
    assert len(layout.position_ids) == len(layout.token_ids)
    spans = [(s.start, s.end) for s in layout.segments]
    for number, segment in enumerate(layout.segments):
        assert set(segment.ancestors) <= set(spans[:number])


@given(prompts_strategy)
def test_a_shared_beginning_stands_once(prompts):
    paths = {number: path(leaf) for number, leaf in leaves(pack(prompts)).items()}
    for a, b in combinations(range(len(prompts)), 2):
        possible = common_beginning(prompts[a], prompts[b])
        shared = len(set(paths[a]) & set(paths[b]))
        assert paths[a][:shared] == paths[b][:shared]
        # What is left over at a branch is shorter than what is worth another branch.
        assert possible - MIN_SHARED < shared <= possible
        if possible >= MIN_SHARED:
            assert shared >= MIN_SHARED


def test_fifteen_equal_tokens_are_not_shared_and_sixteen_are():
    # Two prompts of n equal tokens and one of their own: 2 (n + 1) tokens apart, n + 2 together.
    assert len(pack([[1] * 15 + [2], [1] * 15 + [3]])) == 32
    assert len(pack([[1] * 16 + [2], [1] * 16 + [3]])) == 18


def test_a_profile_a_question_and_completions_make_three_levels():
    profile, question = [7] * 20, [8] * 16
    layout = pack([[*profile, *question, 1], [*profile, *question, 2], [*profile, 3, 4]], [[[5, 6]], [[5]], [[6]]])
    assert [(s.start, s.end, s.ancestors, s.prompt, s.completions) for s in layout.segments] == [
        (0, 20, (), None, ()),
        (20, 36, ((0, 20),), None, ()),
        (36, 37, ((0, 20), (20, 36)), 0, ((37, 39),)),
        (39, 40, ((0, 20), (20, 36)), 1, ((40, 41),)),
        (41, 43, ((0, 20),), 2, ((43, 44),)),
    ]
    assert layout.position_ids[36:] == (36, 37, 38, 36, 37, 20, 21, 22)


def test_equal_prompts_share_all_but_the_last_token():
    assert len(pack([[1] * 40] * 5)) == 39 + 5


def test_a_prompt_that_is_the_beginning_of_another_keeps_its_own_last_token():
    layout = pack([[1] * 20, [1] * 30])
    assert [(s.start, s.end) for s in layout.segments] == [(0, 19), (19, 20), (20, 31)]


def test_prompts_that_stand_apart_meet_in_one_subtree():
    a, b = [1] * 16, [2] * 16
    layout = pack([[*a, 3], [*b, 3], [*a, 4]])
    assert [s.prompt for s in layout.segments] == [None, 0, 2, 1]


def test_one_token_is_a_prompt():
    layout = pack([[5], [5]], [[[6]], [[7]]])
    assert layout.token_ids == (5, 6, 5, 7)
    assert layout.position_ids == (0, 1, 0, 1)
