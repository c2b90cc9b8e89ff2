"""`raiden report [BEFORE.json] AFTER.json`, or `--run RUN`: evaluations as one HTML file."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raiden.commands.option_parser import POSITIONAL, parse_options
from raiden.commands.stopping import STOPPED
from raiden.core.errors import ConfigError
from raiden.core.records import write_text
from raiden.evaluation.curves import read_curves
from raiden.evaluation.run_page import curves_of, evaluations_of, page_of, warnings_of

_DESCRIPTION = """Make one HTML file of an evaluation, or of two of the same samples, before and after: figures with
their intervals, every reply with its matched words and the reason for its score, filters, and the curves of the run.
It opens in any browser, without a server or a network."""


@dataclass(frozen=True)
class ReportOptions:
    """What is shown, and where it goes."""

    files: tuple[Path, ...] = field(default=(), metadata=POSITIONAL)
    """[BEFORE.json] AFTER.json, as `raiden validate --output_file` writes (default: those of --run)"""
    output: Path = Path("report.html")
    """the file to write"""
    run: str | None = None
    """log folder of the run whose curves are shown, such as logs/quickstart/version_0; a run writes this page itself
    at its end, so that this is for one that was killed, or goes on"""
    title: str | None = None
    """of the page (default: Evaluation, or Before and after)"""
    overwrite: bool = False
    """write over a file of the name of --output"""


def main(argv: Sequence[str]) -> int:
    """Writes the page and says where it is.

    Returns:
        The exit code: 0, or 130 where it was stopped by Ctrl-C; then no page was written.
    """
    options = parse_options(ReportOptions, argv, "report", _DESCRIPTION)
    if len(options.files) > 2:
        raise ConfigError(f"one evaluation or two can be shown, got {len(options.files)}; give the two to compare.")
    output = options.output
    if os.path.isdir(output):
        raise ConfigError(f"`--output`: {output} is a folder; name a file.")
    if os.path.exists(output) and not options.overwrite:
        raise ConfigError(f"`--output`: {output} is there already; choose another name or say `--overwrite`.")
    try:
        _write(options)
    except KeyboardInterrupt:
        print("stopped; no page was written", file=sys.stderr)
        return STOPPED
    return 0


def _write(options: ReportOptions) -> None:
    files, run = options.files, options.run
    if not files and not run:
        raise ConfigError("nothing to report: give BEFORE.json and AFTER.json, or `--run logs/quickstart/version_0`.")
    curves = (read_curves(run) if files else curves_of(run)) if run else []
    page = page_of(files or evaluations_of(run or ""), curves, warnings_of(run) if run else (), options.title or "")
    write_text(options.output, page)
    print(f"report: {options.output} ({len(page.encode()) / 2**20:.1f} MiB)")
