"""What a user reads of an evaluation in the terminal: shares, and how sure they are."""

from __future__ import annotations

import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from raiden.evaluation.results import Evaluation
from raiden.evaluation.statistics import MIN_CHARACTERS
from raiden.evaluation.summary import TITLES, estimates, pass_shares, title

_PLAIN_WIDTH = 120


def open_console() -> Console:
    """Where tables go: as wide as the terminal, or wide enough for all columns in a file."""
    return Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False, markup=False)


def print_summary(evaluation: Evaluation) -> None:
    """Prints the table of an evaluation."""
    console = open_console()
    table = Table(title=evaluation.model, title_justify="left", box=SIMPLE_HEAD)
    for heading in ("replies that are right", "share", "95 % interval", "characters", "replies"):
        table.add_column(heading, justify="left" if heading.startswith("replies that") else "right")
    found = estimates(evaluation.rows)
    for name, value in found.items():
        interval = f"{100 * value.low:.1f} to {100 * value.high:.1f}" + ("" if value.is_trusted else " ?")
        table.add_row(
            title(name), f"{100 * value.mean:.1f} %", interval, str(value.num_characters), str(value.num_samples)
        )
    if "reward" in evaluation.metrics:
        table.add_row(TITLES["reward"], f"{evaluation.metrics['reward']:.3f}", "", "", str(len(evaluation.rows)))
    console.print(table)
    shares = pass_shares(evaluation.rows)
    if shares:
        console.print("  ".join(f"pass@{k} {100 * share:.1f} %" for k, share in shares.items()))
    if any(not value.is_trusted for value in found.values()):
        console.print(f"?: fewer than {MIN_CHARACTERS} characters; the interval is not to be trusted")
