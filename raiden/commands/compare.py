"""`raiden compare BEFORE.json AFTER.json`: whether a model is the better role-player, and how sure that is."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from raiden.commands.option_parser import POSITIONAL, parse_options
from raiden.core.errors import ConfigError, require_at_least
from raiden.core.records import write_json
from raiden.core.terminal import new_table, of_figures, open_console, percent
from raiden.evaluation.comparison import Comparison, compare, differing_rewards
from raiden.evaluation.results import read_evaluation
from raiden.evaluation.statistics import MIN_CHARACTERS, NUM_RESAMPLES, Difference
from raiden.evaluation.style import STYLE_TITLES
from raiden.evaluation.summary import title

_DESCRIPTION = """Compare two evaluations, sample by sample. Intervals are bootstrap ones over characters, p-values
those of a permutation test that swaps the models character by character; both take characters, not replies, for what
was drawn.
"better" and "worse" are said only where the 95 % interval of the difference excludes 0 and p is below 0.05."""
_MIN_RESAMPLES = 2000
_SHOWN_IDS = 5


@dataclass(frozen=True)
class CompareOptions:
    """What is compared."""

    before: str = field(metadata=POSITIONAL)
    """an evaluation, as `raiden validate --output_file` writes"""
    after: str = field(metadata=POSITIONAL)
    """likewise, on the same samples"""
    output_file: Path | None = None
    """the comparison as JSON; a new file"""
    seed: int = 0
    """of the resamples"""
    num_resamples: int = NUM_RESAMPLES
    """bootstrap resamples, at least 2000"""


def main(argv: Sequence[str]) -> int:
    """Compares two files that `raiden validate` wrote."""
    options = parse_options(CompareOptions, argv, "compare", _DESCRIPTION)
    require_at_least("num_resamples", options.num_resamples, _MIN_RESAMPLES)
    require_at_least("seed", options.seed, 0)
    output = options.output_file
    if output is not None:
        _refuse_output(output)
    before, after = read_evaluation(options.before), read_evaluation(options.after)
    comparison = compare(before, after, options.seed, options.num_resamples)
    _print(comparison)
    for name, evaluation in ((options.before, before), (options.after, after)):
        if evaluation.failed:
            print(f"{name}: {len(evaluation.failed)} requests had failed and count nowhere")
    if differing := differing_rewards(before, after):
        print(f"scored with different settings ({differing}); mean reward is not compared")
    if output is not None:
        write_json(output, comparison.as_json())
        print(f"comparison: {output}")
    return 0


def _refuse_output(output: Path) -> None:
    """Says before the work that its result could not be written."""
    if os.path.exists(output):
        raise ConfigError(f"`output_file`: {output} is there already; choose another name.")
    folder = next(parent for parent in output.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ConfigError(f"`output_file`: {output} cannot be written in {folder}; choose another folder.")


def _print(comparison: Comparison) -> None:
    console = open_console()
    console.print(f"before: {comparison.before}\nafter:  {comparison.after}")
    console.print(_table(comparison))
    styles = new_table("how replies are written", ">before", ">after")
    for name, heading in STYLE_TITLES.items():
        values = comparison.style_before[name], comparison.style_after[name]
        styles.add_row(heading, *(_style_cell(name, value) for value in values))
    console.print(styles)
    if any(_mark(d) for d in comparison.differences.values()):
        console.print(f"?: fewer than {MIN_CHARACTERS} characters; the interval is not to be trusted")
    console.print("samples: so many questions about so many characters")
    console.print("Each interval is a 95 % one on its own: of twenty rows, one may exclude 0 by chance.")
    for name, ids in (("before", comparison.only_before), ("after", comparison.only_after)):
        if ids:
            rest = ", ..." if len(ids) > _SHOWN_IDS else ""
            console.print(f"left out, in {name} only: {len(ids)} samples ({', '.join(ids[:_SHOWN_IDS])}{rest})")


def _table(comparison: Comparison) -> Table:
    columns = ("before", "after", "difference (95 % interval)", "p", "samples")
    table = new_table("replies that are right", *of_figures(columns), "verdict")
    for name, d in comparison.differences.items():
        table.add_row(
            title(name),
            percent(d.before),
            percent(d.after),
            f"{100 * d.difference:+.1f} ({100 * d.low:+.1f} to {100 * d.high:+.1f}{_mark(d)})",
            f"{d.p_value:.3f}" if d.p_value >= 0.001 else "<0.001",
            f"{d.num_samples} of {d.num_characters}",
            d.verdict,
        )
    return table


def _mark(difference: Difference) -> str:
    return " ?" if difference.num_characters < MIN_CHARACTERS else ""


def _style_cell(name: str, value: float) -> str:
    if name == "mean_length":
        return f"{value:.1f}"
    return f"{value:.3f}" if name.startswith("distinct") else percent(value)
