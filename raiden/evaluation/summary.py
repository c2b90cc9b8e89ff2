"""What a user reads of an evaluation in the terminal: shares, and how sure they are."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from raiden.evaluation.results import Evaluation, Row, cells
from raiden.evaluation.statistics import MIN_CHARACTERS, Estimate, estimate, pass_at_k

TITLES = {"all": "SBK and CM", "sbk": "SBK (profile)", "cm": "CM (conversation)", "reward": "mean reward"}
_PLAIN_WIDTH = 120


def estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    """The share of right replies in each cell, with its 95 % interval by bootstrap over characters."""
    by_cell = grouped(rows)
    return {
        name: estimate([row["accuracy"] for row in own], [row["character_name"] for row in own])
        for name, own in by_cell.items()
    }


def grouped(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each cell, in the order of a table: SBK and CM together, then each with its kinds."""
    by_cell: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for name in ("all", *cells(row)):
            by_cell[name].append(row)
    order = list(TITLES)
    return {name: by_cell[name] for name in sorted(by_cell, key=lambda n: (order.index(n.split("/")[0]), n))}


def title(name: str) -> str:
    """A cell's name as a table shows it.

    >>> title("sbk/question_type/why")
    '  question type: why'
    """
    if name in TITLES:
        return TITLES[name]
    _, kind, value = name.split("/")
    return f"  {kind.replace('_', ' ')}: {value}"


def pass_shares(rows: Sequence[Row]) -> dict[int, float]:
    """pass@k of the questions that have several replies, for k = 1, 2, 4, ... and all; {} where none has.

    Questions with fewer replies than others (failed requests) count for the k that they have.
    """
    right: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        right[row["id"]].append(row["accuracy"])
    most = max(map(len, right.values()), default=0)
    ks = sorted({2**i for i in range(most.bit_length()) if 2**i <= most} | {most}) if most > 1 else []
    enough = {k: [draws for draws in right.values() if len(draws) >= k] for k in ks}
    return {k: fmean(pass_at_k(len(d), round(sum(d)), k) for d in draws) for k, draws in enough.items()}


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
