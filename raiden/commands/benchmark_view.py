"""What is seen of `raiden benchmark`: progress, what was left out, and the tables at the end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from raiden.endpoints import ChatEndpoint, RecordedEndpoint
from raiden.evaluation.benchmark.dialogues import Benchmark

_NUM_SHOWN = 3
_PLAIN_WIDTH = 120
_STYLE_ROWS = {
    "mean_length": "length, characters",
    "distinct_1": "distinct words",
    "distinct_2": "distinct pairs of words",
    "first_person": "in the first person",
    "repeated_openings": "repeated openings",
}


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], object]]:
    """Shows a bar; what it gives is called after each."""
    with tqdm(total=total, desc=what, disable=not total) as bar:
        yield bar.update


def print_skipped(benchmark: Benchmark) -> None:
    """Says how many turns there are, and what is left out and why."""
    print(f"{len(benchmark.turns)} dialogues can be evaluated")
    for kind, number in Counter(one.kind for one in benchmark.skipped).most_common():
        examples = [one.detail for one in benchmark.skipped if one.kind == kind][:_NUM_SHOWN]
        print(f"{kind} ({number}): {' '.join(examples)}", file=sys.stderr)


def say_cost(who: str, endpoint: ChatEndpoint) -> None:
    """What was asked of a model, and what came from its record."""
    if isinstance(endpoint, RecordedEndpoint):
        usage = endpoint.usage
        asked = usage.num_replies - usage.num_replayed
        print(
            f"{who}: {asked} replies asked for, {usage.num_replayed} known, {usage.num_failed} failed; "
            f"tokens: {usage.prompt_tokens:,} in, {usage.completion_tokens:,} out"
        )


def print_summary(summary: Mapping[str, Any], folder: Path) -> None:
    """The tables, and where the rest is."""
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    console.print(_dimensions(summary))
    if summary["agreement"]:
        agreement = summary["agreement"]
        kappa = "-" if agreement["kappa"] is None else f"{agreement['kappa']:.2f}"
        console.print(f"judge and rules: Cohen's kappa {kappa} on {agreement['num_comparisons']} comparisons")
    for language, styles in summary["style"].items():
        console.print(_style(language, styles, summary["against"]))
    console.print(f"replies, verdicts, figures: {folder}", soft_wrap=True)


def _dimensions(summary: Mapping[str, Any]) -> Table:
    against = summary["against"]
    table = Table(title=f"{summary['model']} against {against}" if against else summary["model"], title_justify="left")
    table.add_column("dimension")
    columns = ["turns", "failed", "right (rules)", "95 %", "hits"]
    columns += ["win (judge)", "95 %", "strict", "W/T/L", "orders differ", "errors"] if summary["judge"] else []
    for column in columns:
        table.add_column(column, justify="right")
    for name, figures in summary["dimensions"].items():
        cells = [figures["num_turns"], figures["num_failed"], *_rule_cells(figures["rule"])]
        if summary["judge"]:
            cells += _judge_cells(figures["judge"])
        table.add_row(f"{name} {figures.get('title', '')}", *map(str, cells))
    return table


def _rule_cells(rule: Mapping[str, Any] | None) -> list[str]:
    if rule is None:
        return ["-"] * 3
    return [_percent(rule["accuracy"]), _range(rule["interval"]), _percent(rule["keyword_hits"])]


def _judge_cells(judge: Mapping[str, Any] | None) -> list[str]:
    if judge is None:
        return ["-"] * 6
    return [
        _percent(judge["score"]),
        _range(judge["interval"]),
        _percent(judge["strict_score"]),
        f"{judge['wins']:g}/{judge['ties']:g}/{judge['losses']:g}",
        _percent(judge["disagreement_share"]),
        str(judge["num_errors"]),
    ]


def _style(language: str, styles: Mapping[str, Any], against: str | None) -> Table:
    others = {"reference": "references", "against": against or ""}
    shown = {name: title for name, title in others.items() if styles[name]["num_turns"]}
    if against == "reference":
        shown.pop("against", None)
    table = Table(title=f"how replies are written ({language})", title_justify="left")
    table.add_column("")
    table.add_column("model", justify="right")
    for name, title in shown.items():
        table.add_column("model, same turns", justify="right")
        table.add_column(f"{title} ({styles[name]['num_turns']})", justify="right")
    for figure, title in _STYLE_ROWS.items():
        cells = [styles["model"][figure]]
        cells += [styles[name][side][figure] for name in shown for side in ("model", "other")]
        show = "{:.1f}".format if figure == "mean_length" else _percent
        table.add_row(title, *map(show, cells))
    return table


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _range(interval: list[float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.0f}-{100 * interval[1]:.0f}"
