"""Where each token of a prefix tree stands in its packed row. No torch: plain integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MIN_SHARED = 16
"""Tokens; a shorter common beginning is cheaper to compute twice than to branch on."""


@dataclass(frozen=True)
class Segment:
    """A node of the tree, in the packed row: tokens that follow one another in every sequence through them.

    A segment that ends a prompt (a leaf) carries the completions of that prompt right behind its own tokens.
    """

    start: int
    """Index of the first token in the packed row."""
    end: int
    """Index behind the last token, completions left out."""
    ancestors: tuple[tuple[int, int], ...]
    """`(start, end)` of each segment before this one in its sequences, from the root on."""
    prompt: int | None = None
    """Which prompt ends here, as an index into what was packed; None for an inner node."""
    completions: tuple[tuple[int, int], ...] = ()
    """`(start, end)` of each completion of that prompt."""

    @property
    def depth(self) -> int:
        """Where its first token stands in its sequences."""
        return sum(end - start for start, end in self.ancestors)

    @property
    def stop(self) -> int:
        """Index behind the last token, completions included."""
        return self.completions[-1][1] if self.completions else self.end


@dataclass(frozen=True)
class Run:
    """Tokens of the packed row that follow one another in a sequence: a segment's own, or one completion."""

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
        positions: list[int] = []
        for segment in self.segments:
            end_of_prompt = segment.depth + segment.end - segment.start
            positions += range(segment.depth, end_of_prompt)
            for start, end in segment.completions:
                positions += range(end_of_prompt, end_of_prompt + end - start)
        return tuple(positions)

    def runs(self) -> list[Run]:
        """The row's runs, in order; together they cover it.

        >>> pack([[1] * 20 + [2], [1] * 20 + [3]], [[[4, 5], [6]], [[7]]]).runs()[2:4]
        [Run(start=21, end=23, stop=23, before=(0, 1)), Run(start=23, end=24, stop=24, before=(0, 1))]
        """
        stops = self.last_viewers()
        runs: list[Run] = []
        numbers: dict[tuple[int, int], int] = {}
        for segment in self.segments:
            before = tuple(numbers[span] for span in segment.ancestors)
            own = numbers[segment.start, segment.end] = len(runs)
            runs.append(Run(segment.start, segment.end, stops[segment.start], before))
            runs += [Run(start, end, end, (*before, own)) for start, end in segment.completions]
        return runs

    def last_viewers(self) -> list[int]:
        """For each token the index behind the last one that may see it.

        The row is written depth first, so that a token's descendants are the interval that begins with itself: token
        ``q`` sees token ``k`` where ``k <= q < last_viewers[k]``.

        >>> pack([[1] * 16 + [2], [1] * 16 + [3]], [[[4, 5], [6]], [[7]]]).last_viewers()[14:]
        [22, 22, 20, 19, 19, 20, 22, 22]
        """
        last = [0] * len(self)
        for segment in self.segments:
            # A later descendant overwrites an earlier one.
            for start, end in (*segment.ancestors, (segment.start, segment.end)):
                last[start:end] = [segment.stop] * (end - start)
            for start, end in segment.completions:
                last[start:end] = [end] * (end - start)
        return last


def pack(prompts: Sequence[Sequence[int]], completions: Sequence[Sequence[Sequence[int]]] | None = None) -> Layout:
    """Packs prompts, and the completions of each, as one prefix tree.

    Args:
        prompts: token ids, at least one token each. Equal beginnings are found among *all* prompts.
        completions: for each prompt its completions; without it prompts alone are packed.

    Returns:
        The layout; its leaf segments name prompts by their index here, in tree order.

    >>> layout = pack([[1] * 20 + [2], [1] * 20 + [3]], [[[4, 5], [6]], [[7]]])
    >>> [(s.start, s.end, s.prompt, s.completions) for s in layout.segments]
    [(0, 20, None, ()), (20, 21, 0, ((21, 23), (23, 24))), (24, 25, 1, ((25, 26),))]
    >>> layout.position_ids[20:]
    (20, 21, 22, 21, 20, 21)
    """
    packer = _Packer(prompts, completions or [()] * len(prompts))
    packer.add(list(range(len(prompts))), depth=0, ancestors=())
    return Layout(tuple(packer.token_ids), tuple(packer.segments))


class _Packer:
    """Writes the row from left to right, depth first."""

    def __init__(self, prompts: Sequence[Sequence[int]], completions: Sequence[Sequence[Sequence[int]]]) -> None:
        self.prompts = prompts
        self.completions = completions
        self.token_ids: list[int] = []
        self.segments: list[Segment] = []

    def add(self, members: list[int], depth: int, ancestors: tuple[tuple[int, int], ...]) -> None:
        """Adds prompts that are equal in their first ``depth`` tokens, which `ancestors` hold already."""
        for family in self._families(members, depth):
            if len(family) == 1:
                self._add_leaf(family[0], depth, ancestors)
                continue
            shared = _common_prefix([self.prompts[i] for i in family])
            span = self._write(self.prompts[family[0]][depth:shared])
            self.segments.append(Segment(*span, ancestors))
            self.add(family, shared, (*ancestors, span))

    def _families(self, members: list[int], depth: int) -> list[list[int]]:
        """Splits members into those that go on alike for at least MIN_SHARED tokens."""
        by_beginning: dict[tuple[int, ...], list[int]] = {}
        for i in members:
            # The last token of a prompt is always its own leaf: there its completions begin.
            beginning = tuple(self.prompts[i][depth : len(self.prompts[i]) - 1][:MIN_SHARED])
            key = beginning if len(beginning) == MIN_SHARED else (-1, i)
            by_beginning.setdefault(key, []).append(i)
        return list(by_beginning.values())

    def _add_leaf(self, prompt: int, depth: int, ancestors: tuple[tuple[int, int], ...]) -> None:
        ids = self.prompts[prompt]
        span = self._write(ids[depth:])
        completions = tuple(self._write(completion) for completion in self.completions[prompt])
        self.segments.append(Segment(*span, ancestors, prompt, completions))

    def _write(self, ids: Sequence[int]) -> tuple[int, int]:
        start = len(self.token_ids)
        self.token_ids.extend(ids)
        return start, len(self.token_ids)


def _common_prefix(sequences: list[Sequence[int]]) -> int:
    """Length of the common beginning, in tokens; the last token of each sequence is never part of it."""
    limit = min(map(len, sequences)) - 1
    first = sequences[0]
    return next((i for i in range(limit) if any(s[i] != first[i] for s in sequences)), limit)
