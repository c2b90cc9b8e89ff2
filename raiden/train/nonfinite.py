"""Values of a step that are not finite numbers: where the first one stands, and which completion it is of."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import Parameter

from raiden.policy import full_tensor


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
    ends = lengths.cumsum(0)
    for what, values in by_token.items():
        places = (~values.isfinite()).nonzero()
        if len(places):
            place = places[0, 0]
            completion = torch.searchsorted(ends, place, right=True)
            token = place - ends[completion] + lengths[completion]
            return NonFinite(what, values[place].item(), int(rows[completion]), int(token))
    return None


class NonFiniteWatch:
    """The first NaN or infinity among all values that were shown; whoever asks for it waits for the device."""

    def __init__(self, first: NonFinite | None = None) -> None:
        self._first = first
        self._waiting: list[tuple[Tensor, dict[str, Tensor], Tensor, Tensor]] = []

    def show(self, by_token: Mapping[str, Tensor], rows: Tensor, lengths: Tensor) -> None:
        """Values of a micro-batch; arguments as those of `first_nonfinite`."""
        values = {what: value.detach() for what, value in by_token.items()}
        self._waiting.append((torch.cat(list(values.values())).isfinite().all(), values, rows, lengths))

    @property
    def first(self) -> NonFinite | None:
        waiting, self._waiting = self._waiting, []
        if waiting and self._first is None:
            finite = torch.stack([all_finite for all_finite, *_ in waiting]).tolist()
            broken = next((shown for fine, (_, *shown) in zip(finite, waiting, strict=True) if not fine), None)
            self._first = first_nonfinite(*broken) if broken else None  # type: ignore[arg-type]
        return self._first


LOSS, GRADIENT_NORM = "loss", "gradient norm"
"""What is found in a step as a whole."""


def largest_alone(
    found: NonFinite, rows: Sequence[int], losses: Iterable[Tensor], parameters: Iterable[Parameter]
) -> NonFinite:
    """What was found, with the completion that gives the most of it when each is computed again alone.

    All processes have to ask together, each for all completions: what is sharded is gathered by all.

    Args:
        found: of the step as a whole.
        rows: index of each completion among all of the step.
        losses: of each of them alone, in the same order.
        parameters: whose gradients are looked at; they have none afterwards.
    """
    trained = [p for p in parameters if p.requires_grad]
    sizes = [_size(found.what, loss, trained) for loss in losses]
    place = max(range(len(sizes)), key=lambda i: math.inf if math.isnan(sizes[i]) else sizes[i])
    return replace(found, row=rows[place], alone=sizes[place])


def _size(what: str, loss: Tensor, parameters: Sequence[Parameter]) -> float:
    if what == LOSS:
        return abs(loss.item())
    for parameter in parameters:
        parameter.grad = None
    loss.backward()
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    for parameter in parameters:
        parameter.grad = None
    return full_tensor(norm).item()
