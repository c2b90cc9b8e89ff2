"""Held-out replies of a TRL run, kept as those of `raiden fit` are: evaluations, a table, a page and a picture."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accelerate.utils import gather_object
from transformers import TrainerCallback

from raiden.evaluation.results import Evaluation, Row, metrics_of, read_evaluation, write_evaluation
from raiden.evaluation.run_page import AFTER, BEFORE
from raiden.train.report import print_shares
from raiden.train.trl.rewards import RewardFunctions


class HeldOutReplies(TrainerCallback):
    """Keeps what TRL's evaluations scored: the one before the first step (`eval_on_start`), and the last one.

    Args:
        model: that is trained, as the user wrote it.
        rewards: that score the replies.
        num_generations: replies to each question. Some are drawn twice, to fill the last batch of several processes.
    """

    def __init__(self, model: str, rewards: RewardFunctions, num_generations: int) -> None:
        self._model, self._rewards, self._num_generations = model, rewards, num_generations
        self._rows: list[Row] = []

    def on_prediction_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._rows += self._rewards.last_rows

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        rows = _numbered(gather_object(self._rows), self._num_generations)
        self._rows = []
        if state.is_world_process_zero:
            steps = state.global_step
            told = self._model + (f", {steps} steps on" if steps else "")
            settings = asdict(self._rewards.config)
            evaluation = Evaluation(told, metrics_of(rows), rows, rewards=settings)
            write_evaluation(Path(args.output_dir, AFTER if steps else BEFORE), evaluation)


def print_held_out(title: str, output_dir: Path) -> None:
    """Prints the run's table, as far as it was evaluated; else the title alone."""
    found = {path.stem: path for name in (BEFORE, AFTER) if (path := output_dir / name).is_file()}
    if found:
        print_shares(title, {name: read_evaluation(path).metrics for name, path in found.items()})
    else:
        print(title)


def _numbered(rows: Sequence[Row], limit: int) -> list[Row]:
    """The replies to each question by their number, no more than were asked for."""
    counts: Counter[str] = Counter()
    numbered: list[Row] = []
    for row in rows:
        if counts[row["id"]] < limit:
            numbered.append({**row, "reply_index": counts[row["id"]]})
            counts[row["id"]] += 1
    return numbered
