"""What a run says of itself: held-out replies before and after, as a table, in files, on a page."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lightning import Callback
from lightning.pytorch.loggers import TensorBoardLogger

from raiden.core.records import write_json
from raiden.evaluation.results import Evaluation, scored_row, write_evaluation
from raiden.evaluation.run_page import AFTER, BEFORE, SUMMARY, end_with_page
from raiden.train.callbacks import ExportPolicy
from raiden.train.checkpoints import NewestCheckpoints
from raiden.train.report import print_shares
from raiden.train.run_folder import folder_of
from raiden.train.trackers import log_glance
from raiden.train.watching import LearningWatch

_GLANCE = {"sbk": "2_held_out_sbk", "cm": "3_held_out_cm", "reward": "4_held_out_reward", "loss": "5_held_out_loss"}


class HeldOutReport(Callback):
    """Held-out SBK and CM before and after training, as table, `summary.json`, a page and a picture.

    A run keeps its evaluations in its folder as they are made, so that one that is stopped, or killed and gone on
    with, has its report all the same: `write_run_page` makes it of what lies there.
    """

    def __init__(self, output_file: str | None = None, page: bool = True) -> None:
        """
        Args:
            output_file: where the last evaluation goes, metrics and each scored reply, as JSON.
            page: whether a run ends with `report.html` and `learning-curve.svg` in its folder.
        """
        self.output_file = output_file
        self.page = page
        self.before: dict[str, float] | None = None
        self.after: dict[str, float] = {}
        self.seconds_before_resume = 0.0
        self._samples: list[dict[str, Any]] = []
        self._model = ""
        self._rewards: dict[str, Any] = {}
        self._evaluated_at = -1
        self._started = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        evaluation = {"after": self.after, "evaluated_at": self._evaluated_at}
        return {"before": self.before, "seconds": self._seconds(), **evaluation}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.before, self.seconds_before_resume = state_dict["before"], state_dict["seconds"]
        self.after, self._evaluated_at = state_dict["after"], state_dict["evaluated_at"]

    def _seconds(self) -> float:
        return self.seconds_before_resume + time.monotonic() - self._started

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self._started = time.monotonic()

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self._samples = []

    def on_validation_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        for rollout in pl_module.rollouts:
            replies = enumerate(zip(rollout.completions, rollout.rewards, strict=True))
            self._samples += [
                scored_row(rollout.prompt.sample, reply.text, reply.finish_reason == "length", reward, index)
                for index, (reply, reward) in replies
            ]

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        folder = folder_of(trainer)
        self.after = dict(pl_module.shares)
        steps = pl_module.num_steps_done
        self._model = pl_module.policy_config.path + (f", {steps} steps on" if steps else "")
        self._rewards = asdict(pl_module.scorer.config)
        self._evaluated_at = pl_module.num_steps_done
        if trainer.sanity_checking:
            self.before = self.after
            # Lightning logs nothing while it checks; the curves shall start at step 0.
            for logger in trainer.loggers:
                logger.log_metrics({f"val/{name}": share for name, share in self.before.items()}, step=0)
        held_out = {shown: self.after[name] for name, shown in _GLANCE.items() if name in self.after}
        self._glance(trainer, held_out, steps)
        if folder is not None and self._samples and trainer.state.fn == "fit" and trainer.is_global_zero:
            write_evaluation(folder / (BEFORE if trainer.sanity_checking else AFTER), self._evaluation())

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        if (reward := pl_module.step_metrics.get("reward")) is not None:
            self._glance(trainer, {"1_sampled_reward": reward}, pl_module.num_steps_done)

    def _glance(self, trainer: Any, values: Mapping[str, float], step: int) -> None:
        for logger in trainer.loggers if trainer.state.fn == "fit" else ():
            log_glance(logger, values, step)

    on_test_start = on_validation_start
    on_test_batch_end = on_validation_batch_end  # type: ignore[assignment]
    on_test_end = on_validation_end
    on_predict_start = on_validation_start
    on_predict_batch_end = on_validation_batch_end  # type: ignore[assignment]

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        if self._evaluated_at != pl_module.num_steps_done and trainer.enable_validation:
            # Training ended between two validations; the report is about the model as it is now.
            trainer.validating = True
            trainer.fit_loop.epoch_loop.val_loop.run()
            trainer.training = True

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        folder = folder_of(trainer)
        if not trainer.is_global_zero:
            return
        paths = run_paths(trainer, folder)
        columns = {"before": self.before, "after": self.after}
        warnings = warnings_of(trainer)
        print_shares(
            f"{pl_module.num_steps_done} steps, {self._seconds():.0f} s",
            {name: shares for name, shares in columns.items() if shares},
        )
        pages = self._write_page(trainer, folder, warnings)
        for what, path in {**paths, **pages}.items():
            print(f"{what}: {path}")
        if folder is not None:
            figures = {"steps": pl_module.num_steps_done, "seconds": round(self._seconds(), 1), "warnings": warnings}
            write_json(folder / SUMMARY, {**columns, **figures, **paths, **pages})
        self._write_output()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """A run that is stopped tells how far it came."""
        folder = folder_of(trainer)
        if isinstance(exception, KeyboardInterrupt) and trainer.is_global_zero and pl_module.num_steps_done:
            for what, path in self._write_page(trainer, folder, warnings_of(trainer)).items():
                print(f"{what} so far: {path}", flush=True)

    def _write_page(self, trainer: Any, folder: Path | None, warnings: Sequence[str]) -> dict[str, str]:
        """The page and the picture, by what they are; a run does not fail for want of them."""
        if folder is None or not self.page or trainer.state.fn != "fit":
            return {}
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.flush()  # the page reads its file
        return {what: str(path) for what, path in end_with_page(folder, warnings).items()}

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if stage == "fit" or not self._samples or not trainer.is_global_zero:
            return
        if stage == "predict":
            for sample in self._samples:
                print(f"{sample['character_name']}: {sample['question']}\n  {sample['reply']}")
        else:
            print_shares(stage, {"share": self.after})
        self._write_output()

    def _evaluation(self) -> Evaluation:
        return Evaluation(self._model, self.after, self._samples, rewards=self._rewards)

    def _write_output(self) -> None:
        if self.output_file is not None:
            write_evaluation(self.output_file, self._evaluation())
            print(f"evaluation: {self.output_file}")


def warnings_of(trainer: Any) -> list[str]:
    """What the run has warned of so far."""
    return [text for c in trainer.callbacks if isinstance(c, LearningWatch) for text in c.warnings]


def run_paths(trainer: Any, folder: Path | None) -> dict[str, str | None]:
    """Where a finished run's files lie."""
    checkpoint = next((c.last_path for c in trainer.callbacks if isinstance(c, NewestCheckpoints)), None)
    export = next((c.path for c in trainer.callbacks if isinstance(c, ExportPolicy)), None)
    return {
        "logs": str(folder) if folder else None,
        "checkpoint": str(checkpoint) if checkpoint else None,
        "export": str(export) if export else None,
    }
