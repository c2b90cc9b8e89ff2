"""What is said of an evaluation: shares, how sure they are, and how tables call them."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from raiden.evaluation.results import Row, cells
from raiden.evaluation.statistics import Estimate, estimate, pass_at_k

TITLES = {
    "all": "SBK and CM",
    "sbk": "SBK (profile)",
    "cm": "CM (conversation)",
    "reward": "mean reward",
    "loss": "loss of reference answers",
}


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
    return {name: by_cell[name] for name in sorted(by_cell, key=row_order)}


def row_order(name: str) -> tuple[int, str]:
    """By which the cells of a table are sorted: as in `TITLES`, each before its kinds."""
    return list(TITLES).index(name.split("/")[0]), name


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
