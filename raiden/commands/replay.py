"""`raiden replay FOLDER`: a step that a run skipped, computed again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from raiden.commands.option_parser import POSITIONAL, parse_options
from raiden.core.terminal import new_table, of_figures, open_console
from raiden.train.replaying import Replayed, broken_by_optimizer, replay

_DESCRIPTION = "Compute a skipped step again, one completion at a time. Exit code 1: a value is not finite."


@dataclass(frozen=True)
class ReplayOptions:
    """The step and its model."""

    folder: Path = field(metadata=POSITIONAL)
    """the folder that the run's last message names"""
    model_path: str | None = None
    """the model, where the folder does not hold it (LoRA: the base model)"""
    checkpoint: Path | None = None
    """the weights, where the folder does not hold them"""


def main(argv: Sequence[str]) -> int:
    """Prints what each completion of the step gives, and what is not finite.

    Returns:
        1 where a value is not finite here either, else 0: a fix can be tried with it, and searched for by bisection.
    """
    options = parse_options(ReplayOptions, argv, "replay", _DESCRIPTION)
    broken = broken_by_optimizer(options.folder)
    if broken is not None:
        step = broken.step_again()
        print(f"The run said: {broken}.\nComputed again the step moves it by {step:g}.", flush=True)
        if options.model_path is None and options.checkpoint is None:
            return int(not math.isfinite(step))
    found, completions, work = replay(options.folder, options.model_path, options.checkpoint)
    print(f"The run said: {found}.", flush=True)
    replayed = list(completions)
    open_console().print(_table(replayed))
    first = next((r for r in replayed if not r.is_finite), None)
    if first is None and work.nonfinite is None:
        print("Here all values are finite.")
        return int(broken is not None and not math.isfinite(step))
    if work.nonfinite is not None:
        value = work.nonfinite
        print(f"Not finite here either: the {value.what} of completion {value.row} is {value.value}.")
    if first is not None and first.first is not None:
        print(f"It comes first in {first.first}, in completion {first.row}.")
    return 1


def _table(completions: Sequence[Replayed]) -> Table:
    table = new_table(
        "", "question", "completion", *of_figures(("tokens", "reward", "advantage", "loss", "gradient norm"))
    )
    for c in completions:
        scores = ["" if v is None else f"{v:.4g}" for v in (c.reward, c.advantage, c.loss, c.grad_norm)]
        table.add_row(str(c.row), c.question[:40], " ".join(c.text.split())[:40], str(c.num_tokens), *scores)
    return table
