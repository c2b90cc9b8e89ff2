"""The report and the picture of a run, from what lies in its folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from warnings import warn

from raiden.core.errors import ConfigError, InputError
from raiden.core.records import write_text
from raiden.evaluation.curves import Curve, read_curves
from raiden.evaluation.html import build_page, page_content
from raiden.evaluation.picture import learning_curve
from raiden.evaluation.results import read_evaluation

BEFORE, AFTER = "before.json", "after.json"
"""Evaluations of the held-out samples: before the first step, and the last one so far."""
PAGE = "report.html"
PICTURE = "learning-curve.svg"
SUMMARY = "summary.json"


def evaluations_of(run: str | Path) -> list[Path]:
    """The evaluations that a run has kept, the earlier first.

    Raises:
        ConfigError: it has kept none.
    """
    found = [path for name in (BEFORE, AFTER) if (path := Path(run, name)).is_file()]
    if not found:
        raise ConfigError(
            f"`run`: {run} holds neither {BEFORE} nor {AFTER}, which a run writes when it has evaluated; name "
            "evaluations of your own: `raiden report BEFORE.json AFTER.json`."
        )
    return found


def curves_of(run: str | Path) -> list[Curve]:
    """The curves of a run; none where it keeps none, as with `trainer.logger: false`."""
    try:
        return read_curves(run)
    except ConfigError:
        return []


def warnings_of(run: str | Path) -> list[str]:
    """What a run that has ended has warned of."""
    try:
        warnings = json.loads(Path(run, SUMMARY).read_text(encoding="utf-8"))["warnings"]
    except (OSError, ValueError, LookupError, TypeError):
        return []
    return [str(warning) for warning in warnings] if isinstance(warnings, list) else []


def page_of(files: Sequence[Path], curves: Sequence[Curve], warnings: Sequence[str] = (), title: str = "") -> str:
    """The page of one evaluation or two.

    Args:
        title: left out, what the page is about.

    Raises:
        InputError: an evaluation cannot be read, or the two cannot be compared.
    """
    named = [(file.name, read_evaluation(file)) for file in files]
    about = title or ("Before and after" if len(named) == 2 else "Evaluation")
    return build_page(page_content(named, curves, warnings), about)


def write_run_page(run: Path, warnings: Sequence[str] = ()) -> dict[str, Path]:
    """Writes a run's report and its learning curve into its folder, over those of before.

    Returns:
        What was written, by what it is: the report where the run has evaluated, the curve where it has logged one.

    Raises:
        InputError: an evaluation cannot be read.
        OSError: the disk does not take it.
    """
    curves = curves_of(run)
    written: dict[str, Path] = {}
    if any((run / name).is_file() for name in (BEFORE, AFTER)):
        title = f"{run.parent.name}, {run.name}"
        write_text(run / PAGE, page_of(evaluations_of(run), curves, warnings, title))
        written["report"] = run / PAGE
    if (picture := learning_curve(curves)) is not None:
        write_text(run / PICTURE, picture)
        written["learning curve"] = run / PICTURE
    return written


def end_with_page(run: Path, warnings: Sequence[str] = ()) -> dict[str, Path]:
    """As `write_run_page`, at the end of a run, which does not fail for want of a page: it is told."""
    try:
        return write_run_page(run, warnings)
    except (OSError, InputError) as error:
        warn(f"no report was written ({error}); `raiden report --run {run}` makes it of the run.", stacklevel=2)
        return {}
