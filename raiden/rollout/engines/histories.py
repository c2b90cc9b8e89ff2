"""Completions that are equal so far are one row of the batch, until they part. No torch: plain integers."""

from collections.abc import Collection, Sequence


class Histories:
    """Which completions stand in which row.

    The rows of a prompt are neighbours, as are those that were one row before.

    >>> histories = Histories([3, 1])
    >>> histories.live, histories.rows
    ([0, 1, 2, 3], [0, 0, 0, 1])
    >>> histories.draw([7, 8, 7, 7], stop_ids={9})
    ([0, 0, 1], [7, 8, 7])
    >>> histories.live, histories.rows
    ([0, 2, 1, 3], [0, 0, 1, 2])
    >>> histories.draw([9, 5, 5, 5], stop_ids={9})
    ([0, 1, 2], [5, 5, 5])
    >>> histories.live
    [2, 1, 3]
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        """
        Args:
            sizes: completions of each prompt, at least one; they are counted prompt by prompt.
        """
        starts = [sum(sizes[:i]) for i in range(len(sizes))]
        self._members = [list(range(start, start + size)) for start, size in zip(starts, sizes, strict=True)]

    @property
    def live(self) -> list[int]:
        """The completions that go on, row by row."""
        return [completion for members in self._members for completion in members]

    @property
    def rows(self) -> list[int]:
        """The row of each of them."""
        return [row for row, members in enumerate(self._members) for _ in members]

    def draw(self, tokens: Sequence[int], stop_ids: Collection[int]) -> tuple[list[int], list[int]]:
        """Takes the next token of each live completion; those that drew a stop token are done.

        Returns:
            Of each row from now on the row that it comes from, in ascending order, and its last token.
        """
        drawn = iter(tokens)
        parents: list[int] = []
        last: list[int] = []
        parted: list[list[int]] = []
        for row, members in enumerate(self._members):
            by_token: dict[int, list[int]] = {}
            for completion in members:
                by_token.setdefault(next(drawn), []).append(completion)
            going_on = {token: same for token, same in by_token.items() if token not in stop_ids}
            parents += [row] * len(going_on)
            last += going_on
            parted += going_on.values()
        self._members = parted
        return parents, last
