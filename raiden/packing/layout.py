"""Where each token of a prefix tree stands in its packed row. No torch: plain integers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MIN_SAVED = 16
"""Tokens that a segment of its own saves at least: what ``n`` sequences have in common for ``L`` tokens saves
``(n - 1) L``; less is cheaper to compute again than to branch on."""


@dataclass(frozen=True)
class Segment:
    """A node of the tree, in the packed row: tokens that follow one another in every sequence through them."""

    start: int
    """Index of the first token in the packed row."""
    end: int
    """Index behind the last token."""
    ancestors: tuple[tuple[int, int], ...]
    """`(start, end)` of each segment before this one in its sequences, from the root on."""
    sequence: int | None = None
    """Which sequence ends here, as an index into what was packed; None for an inner node."""

    @property
    def depth(self) -> int:
        """Where its first token stands in its sequences."""
        return sum(end - start for start, end in self.ancestors)


@dataclass(frozen=True)
class Run:
    """A segment as attention goes through it."""

    start: int
    end: int
    stop: int
    """Index behind the last token that may see this run: its descendants follow it in the row."""
    before: tuple[int, ...]
    """The runs that come before it in its sequences, by their number in the row, from the root on."""

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Layout:
    """A packed row: the tokens, each one's position in its own sequence, and the tree's segments."""

    token_ids: tuple[int, ...]
    segments: tuple[Segment, ...]
    """Parents before children, in the order of the row; together they cover it."""

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def position_ids(self) -> tuple[int, ...]:
        """Where each token stands in its own sequence."""
        return tuple(
            position
            for segment in self.segments
            for position in range(segment.depth, segment.depth + segment.end - segment.start)
        )

    def paths(self) -> list[list[int]]:
        """For each sequence where its tokens stand in the row.

        >>> pack([[1] * 20 + [2], [1] * 20 + [3]]).paths()[1][18:]
        [18, 19, 21]
        """
        leaves = {s.sequence: (*s.ancestors, (s.start, s.end)) for s in self.segments if s.sequence is not None}
        return [[i for start, end in leaves[number] for i in range(start, end)] for number in range(len(leaves))]

    def runs(self) -> list[Run]:
        """The row's runs, in order; together they cover it.

        >>> pack([[1] * 20 + [2], [1] * 20 + [3, 4]]).runs()
        [Run(start=0, end=20, stop=23, before=()), Run(start=20, end=21, stop=21, before=(0,)), \
Run(start=21, end=23, stop=23, before=(0,))]
        """
        stops = self.last_viewers()
        numbers = {(segment.start, segment.end): number for number, segment in enumerate(self.segments)}
        return [
            Run(s.start, s.end, stops[s.start], tuple(numbers[span] for span in s.ancestors)) for s in self.segments
        ]

    def last_viewers(self) -> list[int]:
        """For each token the index behind the last one that may see it.

        The row is written depth first, so that a token's descendants are the interval that begins with itself: token
        ``q`` sees token ``k`` where ``k <= q < last_viewers[k]``.

        >>> pack([[1] * 16 + [2, 4], [1] * 16 + [3]]).last_viewers()[14:]
        [19, 19, 18, 18, 19]
        """
        last = [0] * len(self)
        for segment in self.segments:
            # A later descendant overwrites an earlier one.
            for start, end in (*segment.ancestors, (segment.start, segment.end)):
                last[start:end] = [segment.end] * (end - start)
        return last


def pack(sequences: Sequence[Sequence[int]], min_saved: int = MIN_SAVED) -> Layout:
    """Packs sequences as one prefix tree.

    Args:
        sequences: token ids, at least one token each. Equal beginnings are found among *all* of them.
        min_saved: what a further segment has to save, in tokens.

    Returns:
        The layout; its leaf segments name sequences by their index here, in tree order.

    >>> layout = pack([[1] * 20 + [2, 4, 5], [1] * 20 + [3]])
    >>> [(s.start, s.end, s.sequence) for s in layout.segments]
    [(0, 20, None), (20, 23, 0), (23, 24, 1)]
    >>> layout.position_ids[20:]
    (20, 21, 22, 20)
    """
    packer = _Packer([tuple(sequence) for sequence in sequences], min_saved)
    packer.add(list(range(len(sequences))), depth=0, ancestors=())
    return Layout(tuple(packer.token_ids), tuple(packer.segments))


class _Packer:
    """Writes the row from left to right, depth first."""

    def __init__(self, sequences: Sequence[tuple[int, ...]], min_saved: int) -> None:
        self.sequences = sequences
        self.min_saved = min_saved
        self.token_ids: list[int] = []
        self.segments: list[Segment] = []

    def add(self, members: list[int], depth: int, ancestors: tuple[tuple[int, int], ...]) -> None:
        """Adds sequences that are equal in their first ``depth`` tokens, which `ancestors` hold already."""
        for family in self._families(members, depth, depth):
            number = family[0] if len(family) == 1 else None
            end = len(self.sequences[family[0]]) if number is not None else self._shared(family, depth)
            start = len(self.token_ids)
            self.token_ids += self.sequences[family[0]][depth:end]
            span = start, len(self.token_ids)
            self.segments.append(Segment(*span, ancestors, number))
            if number is None:
                self.add(family, end, (*ancestors, span))

    def _families(self, members: list[int], depth: int, place: int) -> Iterator[list[int]]:
        """Splits members, equal before ``place``, into those that have enough in common behind ``depth``."""
        by_token: dict[tuple[int, ...], list[int]] = {}
        for i in members:
            # The last token of a sequence is always in its own leaf: there its completions begin.
            is_last = place == len(self.sequences[i]) - 1
            by_token.setdefault((-1, i) if is_last else (self.sequences[i][place],), []).append(i)
        for family in by_token.values():
            shared = self._shared(family, place)
            if len(family) == 1 or (len(family) - 1) * (shared - depth) >= self.min_saved:
                yield family
            else:
                yield from self._families(family, depth, shared)

    def _shared(self, family: list[int], place: int) -> int:
        """How far a family is equal that is so before ``place``; the last token of each is never part of it."""
        sequences = [self.sequences[i] for i in family]
        limit = min(map(len, sequences)) - 1
        # What the first and the last in alphabetical order have in common, all have.
        first, last = min(sequences), max(sequences)
        return next((i for i in range(place, limit) if first[i] != last[i]), limit)
