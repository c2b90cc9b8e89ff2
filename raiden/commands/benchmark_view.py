"""What is seen of `raiden benchmark`: progress, what was left out, and the tables at the end."""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from raiden.core.terminal import new_table, of_figures, open_console, percent
from raiden.endpoints import ChatEndpoint, RecordedEndpoint
from raiden.evaluation.benchmark.dialogues import Benchmark
from raiden.evaluation.statistics import MIN_CHARACTERS
from raiden.evaluation.style import STYLE_TITLES

_NUM_SHOWN = 3
_NOT_BY_RULES = (
    "-: nothing is scored by rules, for no keywords say what a right reply to SBK and CM must say: have a judge "
    "propose them (--judge_base_url URL --extract_keywords), or give your own (--keywords_file)"
)


def print_skipped(benchmark: Benchmark) -> None:
    """Says how many turns there are, and what is left out and why."""
    print(f"{len(benchmark.turns)} dialogues can be evaluated")
    for kind, number in Counter(one.kind for one in benchmark.skipped).most_common():
        examples = [one.detail for one in benchmark.skipped if one.kind == kind][:_NUM_SHOWN]
        print(f"{kind} ({number}): {' '.join(examples)}", file=sys.stderr)


def print_usage(who: str, endpoint: ChatEndpoint) -> None:
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
    console = open_console()
    console.print(_by_rules(summary))
    if not any(figures["rule"] for figures in summary["dimensions"].values()):
        console.print(_NOT_BY_RULES)
    if any(figures["judge"] for figures in summary["dimensions"].values()):
        console.print(_by_judge(summary))
        console.print(f"mean over the dimensions: {percent(summary['mean_score'])}")
    if summary["num_uncompared"]:
        console.print(f"without anything to be compared with, and left out: {summary['num_uncompared']} replies")
    if agreement := summary["agreement"]:
        kappa = "cannot be told" if agreement["kappa"] is None else f"{agreement['kappa']:.2f}"
        console.print(f"judge and rules, Cohen's kappa: {kappa} ({agreement['num_comparisons']} comparisons)")
    console.print(f"95 %: intervals over characters; those in brackets are of fewer than {MIN_CHARACTERS}")
    for language, styles in summary["style"].items():
        console.print(_style(language, styles, summary["against"]))
    console.print(f"replies, verdicts, figures: {folder}", soft_wrap=True)


def _by_rules(summary: Mapping[str, Any]) -> Table:
    columns = ("turns", "failed", "cut", "scored by rules", "right", "95 %", "mention the keyword")
    table = new_table("dimension", *of_figures(columns), title=str(summary["model"]))
    for name, figures in summary["dimensions"].items():
        title = f"{name} ({figures['title']})" if "title" in figures else name
        counts = (figures[count] for count in ("num_turns", "num_failed", "num_truncated"))
        table.add_row(title, *map(str, counts), *_rule_cells(figures["rule"]))
    return table


def _rule_cells(rule: Mapping[str, Any] | None) -> list[str]:
    if rule is None:
        return ["-"] * 4
    return [
        str(rule["num_scored"]),
        percent(rule["accuracy"]),
        _range(rule),
        percent(rule["keyword_hits"]),
    ]


def _by_judge(summary: Mapping[str, Any]) -> Table:
    columns = ("win", "tie", "lose", "score", "95 %", "both orders", "orders differ", "errors", "verdict")
    title = f"against {summary['against']}, judged by {summary['judge']}"
    table = new_table("dimension", *of_figures(columns), title=title)
    for name, figures in summary["dimensions"].items():
        if judge := figures["judge"]:
            cells = [f"{judge[count]:g}" for count in ("wins", "ties", "losses")]
            cells += [percent(judge["score"]), _range(judge), percent(judge["strict_score"])]
            cells += [percent(judge["disagreement_share"]), str(judge["num_errors"])]
            table.add_row(name, *cells, judge["margin"]["verdict"] if judge["margin"] else "-")
    return table


def _style(language: str, styles: Mapping[str, Any], against: str | None) -> Table:
    """The model beside the references and the other model, each pair of columns on the turns that both have."""
    others = {"reference": "references"} if against == "reference" else {"reference": "references", "against": against}
    columns = [
        (f"{who} ({styles[name]['num_turns']})", styles[name][side])
        for name, other in others.items()
        if styles[name]["num_turns"]
        for who, side in (("model", "model"), (other, "other"))
    ] or [("model", styles["model"])]
    headings = of_figures(title for title, _ in columns)
    table = new_table("", *headings, title=f"how replies are written ({language})")
    for figure in styles["model"]:
        show = "{:.1f}".format if figure == "mean_length" else percent
        table.add_row(STYLE_TITLES[figure], *(show(figures[figure]) for _, figures in columns))
    return table


def _range(figures: Mapping[str, Any]) -> str:
    """An interval, in brackets where there are too few characters to trust it."""
    if figures["interval"] is None:
        return "-"
    low, high = (100 * end for end in figures["interval"])
    shown = f"{low:.0f}-{high:.0f}"
    return shown if figures["num_characters"] >= MIN_CHARACTERS else f"({shown})"
