"""What a user reads of an evaluation in the terminal: shares, and how sure they are."""

from __future__ import annotations

from raiden.core.terminal import new_table, open_console, percent
from raiden.evaluation.results import Evaluation
from raiden.evaluation.statistics import MIN_CHARACTERS
from raiden.evaluation.summary import TITLES, estimates, pass_shares, title


def print_summary(evaluation: Evaluation) -> None:
    """Prints the table of an evaluation."""
    console = open_console()
    table = new_table(
        "replies that are right", ">share", ">95 % interval", ">characters", ">replies", title=evaluation.model
    )
    found = estimates(evaluation.rows)
    for name, value in found.items():
        interval = f"{100 * value.low:.1f} to {100 * value.high:.1f}" + ("" if value.is_trusted else " ?")
        table.add_row(title(name), percent(value.mean), interval, str(value.num_characters), str(value.num_samples))
    if "reward" in evaluation.metrics:
        table.add_row(TITLES["reward"], f"{evaluation.metrics['reward']:.3f}", "", "", str(len(evaluation.rows)))
    console.print(table)
    shares = pass_shares(evaluation.rows)
    if shares:
        console.print("  ".join(f"pass@{k} {percent(share)}" for k, share in shares.items()))
    if any(not value.is_trusted for value in found.values()):
        console.print(f"?: fewer than {MIN_CHARACTERS} characters; the interval is not to be trusted")
