"""The packed row against the sequences that went in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from raiden.packing import pack
from raiden.packing.layout import MIN_SAVED

# Joined at random, these begin alike for 0 to 80 tokens, on both sides of MIN_SAVED = 16.
BLOCKS = [[1] * 15, [1] * 16, [1] * 17, [1] * 8 + [2] * 20, [3], [2, 1]]
ends = st.lists(st.integers(1, 3), min_size=1, max_size=20)
several = st.lists(
    st.builds(lambda blocks, end: [*chain(*blocks), *end], st.lists(st.sampled_from(BLOCKS), max_size=3), ends),
    min_size=1,
    max_size=6,
)


def common_beginning(sequences: Sequence[Sequence[int]]) -> int:
    """Tokens that sequences can share; each keeps its last one."""
    length = 0
    while length < min(map(len, sequences)) - 1 and len({s[length] for s in sequences}) == 1:
        length += 1
    return length


@given(several, st.integers(1, 40))
def test_every_sequence_is_read_back_by_following_its_path(sequences, min_saved):
    layout = pack(sequences, min_saved)
    for sequence, path in zip(sequences, layout.paths(), strict=True):
        assert [layout.token_ids[i] for i in path] == sequence
        assert [layout.position_ids[i] for i in path] == list(range(len(sequence)))


@given(several)
def test_segments_cover_the_row_once_and_parents_come_first(sequences):
    layout = pack(sequences)
    assert [i for s in layout.segments for i in range(s.start, s.end)] == list(range(len(layout)))
    assert len(layout.position_ids) == len(layout.token_ids)
    spans = [(s.start, s.end) for s in layout.segments]
    for number, segment in enumerate(layout.segments):
        assert set(segment.ancestors) <= set(spans[:number])


@given(several)
def test_what_two_sequences_have_in_common_stands_once(sequences):
    paths = pack(sequences).paths()
    for a, b in combinations(range(len(sequences)), 2):
        possible = common_beginning([sequences[a], sequences[b]])
        shared = len(set(paths[a]) & set(paths[b]))
        assert paths[a][:shared] == paths[b][:shared]
        # What is left over at a branch is less than what is worth another one.
        assert possible - MIN_SAVED < shared <= possible


@given(several, st.integers(1, 40))
def test_every_branch_saves_what_is_asked_for(sequences, min_saved):
    layout = pack(sequences, min_saved)
    paths = layout.paths()
    for segment in layout.segments:
        if segment.sequence is None:
            through = sum(segment.start in path for path in paths)
            assert (through - 1) * (segment.end - segment.start) >= min_saved


def test_fifteen_equal_tokens_of_two_are_not_shared_and_sixteen_are():
    # Two of n equal tokens and one of their own: 2 (n + 1) tokens apart, n + 2 together.
    assert len(pack([[1] * 15 + [2], [1] * 15 + [3]])) == 32
    assert len(pack([[1] * 16 + [2], [1] * 16 + [3]])) == 18


def test_nine_sequences_share_two_tokens_and_eight_do_not():
    # 8 * 2 = 16 tokens saved, and 7 * 2 = 14.
    assert len(pack([[1, 1, 2 + i] for i in range(9)])) == 2 + 9
    assert len(pack([[1, 1, 2 + i] for i in range(8)])) == 8 * 3


def test_where_all_have_too_little_in_common_some_may_have_enough():
    # Three begin with the same token, which saves 2; two of them go on alike for 15 more, which with it saves 16.
    layout = pack([[1] * 16 + [2], [1] * 16 + [3], [1, 4, 5]])
    assert [(s.start, s.end, s.sequence) for s in layout.segments] == [
        (0, 16, None),
        (16, 17, 0),
        (17, 18, 1),
        (18, 21, 2),
    ]


def test_a_profile_a_question_and_the_beginning_of_completions_make_levels():
    profile, question, begun = [7] * 20, [8] * 16, [5] * 16
    one, another = [*profile, *question, 1], [*profile, 3, 4]
    layout = pack([[*one, *begun, 1], [*one, *begun, 2], [*one, 6], [*another, 5]])
    assert [(s.start, s.end, s.ancestors, s.sequence) for s in layout.segments] == [
        (0, 20, (), None),
        (20, 37, ((0, 20),), None),
        (37, 53, ((0, 20), (20, 37)), None),
        (53, 54, ((0, 20), (20, 37), (37, 53)), 0),
        (54, 55, ((0, 20), (20, 37), (37, 53)), 1),
        (55, 56, ((0, 20), (20, 37)), 2),
        (56, 59, ((0, 20),), 3),
    ]
    assert layout.position_ids[53:] == (53, 53, 37, 20, 21, 22)


def test_equal_sequences_share_all_but_the_last_token():
    assert len(pack([[1] * 40] * 5)) == 39 + 5


def test_a_sequence_that_is_the_beginning_of_another_keeps_its_own_last_token():
    layout = pack([[1] * 20, [1] * 30])
    assert [(s.start, s.end) for s in layout.segments] == [(0, 19), (19, 20), (20, 31)]


def test_sequences_that_stand_apart_meet_in_one_subtree():
    a, b = [1] * 16, [2] * 16
    layout = pack([[*a, 3], [*b, 3], [*a, 4]])
    assert [s.sequence for s in layout.segments] == [None, 0, 2, 1]


def test_one_token_is_a_sequence():
    layout = pack([[5], [5]])
    assert layout.token_ids == (5, 5)
    assert layout.position_ids == (0, 0)
