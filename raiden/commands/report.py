"""`raiden report [BEFORE.json] AFTER.json`, or `--run RUN`: evaluations as one HTML file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from raiden.commands.option_parser import OptionParser
from raiden.commands.stopping import STOPPED
from raiden.core.errors import ConfigError
from raiden.core.records import write_text
from raiden.evaluation.curves import read_curves
from raiden.evaluation.run_page import curves_of, evaluations_of, page_of, warnings_of


def main(argv: Sequence[str]) -> int:
    """Writes the page and says where it is.

    Returns:
        The exit code: 0, or 130 where it was stopped by Ctrl-C; then no page was written.

    Raises:
        InputError: an evaluation cannot be read, or the page cannot be written where it should be.
    """
    arguments = _parser().parse_args(argv)
    if len(arguments.files) > 2:
        raise ConfigError(f"one evaluation or two can be shown, got {len(arguments.files)}; give the two to compare.")
    _refuse_output(arguments)
    try:
        _write(arguments)
    except KeyboardInterrupt:
        print("stopped; no page was written", file=sys.stderr)
        return STOPPED
    return 0


def _parser() -> OptionParser:
    parser = OptionParser(
        "report",
        "Make one HTML file of an evaluation, or of two of the same samples, before and after: figures "
        "with their intervals, every reply with its matched words and the reason for its score, filters, and the "
        "curves of the run. It opens in any browser, without a server or a network.",
    )
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="[BEFORE.json] AFTER.json, as `raiden validate --output_file` writes (default: those of --run)",
    )
    parser.add_argument("--output", default="report.html", help="the file to write (default: report.html)")
    parser.add_argument(
        "--run",
        help="log folder of the run whose curves are shown, such as logs/quickstart/version_0; a run writes this page "
        "itself at its end, so that this is for one that was killed, or goes on",
    )
    parser.add_argument("--title", help="of the page (default: Evaluation, or Before and after)")
    parser.add_argument("--overwrite", action="store_true", help="write over a file of the name of --output")
    return parser


def _write(arguments: argparse.Namespace) -> None:
    run = arguments.run
    if not arguments.files and not run:
        raise ConfigError("nothing to report: give BEFORE.json and AFTER.json, or `--run logs/quickstart/version_0`.")
    files = [Path(file) for file in arguments.files] or evaluations_of(run)
    curves = (read_curves(run) if arguments.files else curves_of(run)) if run else []
    page = page_of(files, curves, warnings_of(run) if run else (), arguments.title or "")
    try:
        write_text(arguments.output, page)
    except OSError as fault:
        raise ConfigError(f"`--output`: {arguments.output} cannot be written ({fault.strerror}).") from fault
    print(f"report: {arguments.output} ({len(page.encode()) / 2**20:.1f} MiB)")


def _refuse_output(arguments: argparse.Namespace) -> None:
    output = Path(arguments.output)
    if output.is_dir():
        raise ConfigError(f"`--output`: {output} is a folder; name a file.")
    if output.exists() and not arguments.overwrite:
        raise ConfigError(f"`--output`: {output} is there already; choose another name or say `--overwrite`.")
