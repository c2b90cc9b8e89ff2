"""Skips steps whose values are not finite numbers, and ends a run in which that goes on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from lightning.pytorch.utilities import rank_zero_warn

from raiden.core.errors import TrainingError, require_at_least
from raiden.core.processes import Processes
from raiden.policy import BrokenWeight
from raiden.train.nonfinite import NonFinite, NonFiniteStep

_SHOWN = 200
"""Characters of a question or a completion in a message, at most."""


@dataclass(frozen=True)
class StepCompletion:
    """A completion as messages show it."""

    question: str
    text: str
    index: int
    """Among the completions of its prompt."""

    def __str__(self) -> str:
        return f'completion {self.index} of the question "{_short(self.question)}": "{_short(self.text)}"'


class BrokenStep(Exception):
    """An optimizer step, of finite gradients, after which some weights are no numbers."""

    def __init__(self, num_weights: int, first: BrokenWeight) -> None:
        super().__init__(num_weights, first)
        self.num_weights, self.first = num_weights, first


Record = Callable[[int, str, Mapping[str, Any]], str]
"""Writes a step down, by its number, what was found, and what else shows it; says where, and how to compute it again.
All processes have to ask together."""


@dataclass(frozen=True)
class SkippedStep:
    """A step that was not taken, and why."""

    step: int
    found: NonFinite
    told: StepCompletion
    """The completion that the value belongs to, or that gives the most of it."""
    record: Record

    def __str__(self) -> str:
        found = self.found
        place = "at " if found.token is None else f"at token {found.token} of "
        if found.alone is not None:
            place = f"most of it (alone {found.alone:.3g}) from "
        return f"in step {self.step} the {found.what} is {found.value}, {place}{self.told}"


class StepGuard:
    """Counts skipped steps: `max_skipped` in a row end the run, and no weight has changed since the first of them."""

    def __init__(self, max_skipped: int) -> None:
        require_at_least("watch.max_skipped", max_skipped, 1)
        self.max_skipped = max_skipped
        self.num_skipped = 0
        self.in_a_row: list[SkippedStep] = []
        """Since the last optimizer step."""

    @staticmethod
    def raise_on(found: NonFinite | None, processes: Processes, device: torch.device) -> None:
        """Ends the step, on all processes, where one of them has found a value that is no finite number.

        Raises:
            NonFiniteStep: the same on all processes.
        """
        if processes.reduce([float(found is not None)], "max", device)[0]:
            raise NonFiniteStep(next(value for value in processes.gather([found]) if value is not None))

    @contextmanager
    def step(
        self,
        number: int,
        trace: Callable[[NonFinite], NonFinite],
        tell: Callable[[int], StepCompletion],
        record: Record,
    ) -> Iterator[None]:
        """A step that ends where one of its values is no finite number; what it had not done by then is skipped.

        Args:
            number: of the step.
            trace: finds the completion behind a value of all together; called by all processes.
            tell: shows the completion of a row.
            record: writes the step down, and says where.

        Raises:
            TrainingError: so many in a row that the run has to end, or weights are broken.
        """
        try:
            yield
        except BrokenStep as broken:
            where = record(number, str(broken.first), {"optimizer": broken.first.as_record()})
            raise TrainingError(
                f"step {number} made weights that are not finite numbers ({broken.num_weights} weights, the first: "
                f"{broken.first}), although its loss and its gradients were. They are saved nowhere: go on from the "
                f"last checkpoint with a lower `model.optimizer.lr`. {where}"
            ) from None
        except NonFiniteStep as stop:
            found = stop.found if stop.found.row is not None else trace(stop.found)
            assert found.row is not None
            self.in_a_row.append(SkippedStep(number, found, tell(found.row), record))
            self.num_skipped += 1
            rank_zero_warn(f"Skipped: {self.in_a_row[-1]}.")
            if len(self.in_a_row) == self.max_skipped:
                self._give_up()

    def _give_up(self) -> NoReturn:
        first = self.in_a_row[0]
        where = first.record(first.step, str(first), {})  # no weight has changed since it was skipped
        raise TrainingError(
            f"{self.max_skipped} steps in a row (`watch.max_skipped`) were skipped for values that are not finite "
            f"numbers, and no weight has changed since. It began so: {first}. {where}"
        )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
