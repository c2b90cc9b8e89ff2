"""Values of a step that are not finite numbers, and where the first one stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class NonFinite:
    """A NaN or an infinity among the values of a step."""

    what: str
    """`reward`, `loss`, `gradient norm`, ..."""
    value: float
    row: int | None = None
    """Index of the completion among all of the step; None: it is of all together."""
    token: int | None = None
    """Place in the completion; None: it belongs to the whole of it."""
    alone: float | None = None
    """What the completion gives alone, where the value is of all together and this one gives the most of it."""


class NonFiniteStep(Exception):
    """A step that must not be taken."""

    def __init__(self, found: NonFinite) -> None:
        super().__init__(found)
        self.found = found


def first_nonfinite(by_token: Mapping[str, Tensor], rows: Tensor, lengths: Tensor) -> NonFinite | None:
    """The first NaN or infinity among values of tokens; None where there is none.

    Args:
        by_token: what the values are, in the order in which one makes the next.
        rows: index of each completion among all of the step.
        lengths: tokens of each of them.

    Shape:
        - each value: ``(N,)``, completion after completion
        - rows, lengths: ``(n,)``

    >>> logps = torch.tensor([-1.0, -2.0, -torch.inf])
    >>> first_nonfinite({"logp": logps, "loss": logps * 0}, rows=torch.tensor([7, 4]), lengths=torch.tensor([1, 2]))
    NonFinite(what='logp', value=-inf, row=4, token=1, alone=None)
    """
    if torch.cat(list(by_token.values())).isfinite().all():
        return None
    ends = lengths.cumsum(0)
    for what, values in by_token.items():
        places = (~values.isfinite()).nonzero()
        if len(places):
            place = places[0, 0]
            completion = torch.searchsorted(ends, place, right=True)
            token = place - ends[completion] + lengths[completion]
            return NonFinite(what, values[place].item(), int(rows[completion]), int(token))
    return None
