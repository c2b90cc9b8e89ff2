"""What happens around the loop: reports, completions in TensorBoard, plain progress lines, the export."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from lightning import Callback

from raiden.core.errors import ConfigError
from raiden.core.records import write_json
from raiden.core.types import Rollout
from raiden.evaluation.results import Evaluation, scored_row, write_evaluation
from raiden.policy import export_policy, num_export_bytes
from raiden.train.checkpoints import NewestCheckpoints, checkpoints_of
from raiden.train.disk_need import disk_need, refuse_too_little_room
from raiden.train.report import completions_markdown, disagree, print_shares
from raiden.train.run_folder import SUMMARY, folder_of, goes_on
from raiden.train.watching import LearningWatch


class HeldOutReport(Callback):
    """Held-out SBK and CM before and after training, as table, `summary.json` and, where asked for, all replies."""

    def __init__(self, output_file: str | None = None) -> None:
        """
        Args:
            output_file: where the last evaluation goes, metrics and each scored reply, as JSON.
        """
        self.output_file = output_file
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
        self._samples += [row for rollout in pl_module.rollouts for row in _scored_rows(rollout)]

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
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
        print_shares(
            f"{pl_module.num_steps_done} steps, {self._seconds():.0f} s",
            {name: shares for name, shares in columns.items() if shares},
        )
        for what, path in paths.items():
            print(f"{what}: {path}")
        warnings = [text for c in trainer.callbacks if isinstance(c, LearningWatch) for text in c.warnings]
        if folder is not None:
            figures = {"steps": pl_module.num_steps_done, "seconds": round(self._seconds(), 1), "warnings": warnings}
            write_json(folder / SUMMARY, {**columns, **figures, **paths})
        self._write_output()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if stage == "fit" or not self._samples or not trainer.is_global_zero:
            return
        if stage == "predict":
            for sample in self._samples:
                print(f"{sample['character_name']}: {sample['question']}\n  {sample['reply']}")
        else:
            print_shares(stage, {"share": self.after})
        self._write_output()

    def _write_output(self) -> None:
        if self.output_file is not None:
            evaluation = Evaluation(self._model, self.after, self._samples, rewards=self._rewards)
            write_evaluation(self.output_file, evaluation)
            print(f"report: {self.output_file}")


def _scored_rows(rollout: Rollout) -> list[dict[str, Any]]:
    """A row of the evaluation file for each reply."""
    return [
        scored_row(rollout.prompt.sample, completion.text, completion.finish_reason == "length", reward, index)
        for index, (completion, reward) in enumerate(zip(rollout.completions, rollout.rewards, strict=True))
    ]


def run_paths(trainer: Any, folder: Path | None) -> dict[str, str | None]:
    """Where a finished run's files lie."""
    checkpoint = next((c.last_path for c in trainer.callbacks if isinstance(c, NewestCheckpoints)), None)
    export = next((c.path for c in trainer.callbacks if isinstance(c, ExportPolicy)), None)
    return {
        "logs": str(folder) if folder else None,
        "checkpoint": str(checkpoint) if checkpoint else None,
        "export": str(export) if export else None,
    }


class ExportPolicy(Callback):
    """Writes the trained policy as a Hugging Face folder when the run ends."""

    def __init__(
        self,
        enabled: bool = True,
        folder: str | None = None,
        dtype: Literal["float32", "bfloat16"] | None = None,
    ) -> None:
        """
        Args:
            enabled: whether the run ends with an export.
            folder: where; by default `export` in the run's folder. It must not be there yet; a run that is taken
                further writes another beside it.
            dtype: of the exported weights; null: as they were trained.
        """
        self.enabled = enabled
        self.folder = folder
        self.dtype = dtype
        self.path: Path | None = None

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        begins = self.enabled and stage == "fit" and not goes_on(trainer)
        if begins and self.folder is not None and Path(self.folder).exists():
            raise ConfigError(f"`export.folder`: {self.folder} is there already; choose another or remove it.")

    def state_dict(self) -> dict[str, Any]:
        return {"path": str(self.path) if self.path else None}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.path = Path(state_dict["path"]) if state_dict["path"] else None

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        run = folder_of(trainer)
        if self.enabled and run is not None:
            folder = _free_name(Path(self.folder) if self.folder else run / "export")
            self.path = export_policy(
                pl_module.policy, folder, self.dtype, trainer.is_global_zero, trainer.datamodule.state_dict()
            )


def _free_name(path: Path) -> Path:
    """The path, or with the first number behind it that is free: a run that is taken further exports again."""
    number = 2
    free = path
    while free.exists():
        free = path.with_name(f"{path.name}-{number}")
        number += 1
    return free


class RoomOnDisk(Callback):
    """Says before training what the run will lay on the disk; refuses one that could not end for want of room."""

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        run = folder_of(trainer)
        if run is None or not trainer.is_global_zero:
            return
        checkpoint = next(c for c in trainer.callbacks if isinstance(c, NewestCheckpoints))
        export = next(c for c in trainer.callbacks if isinstance(c, ExportPolicy))
        weights = list(pl_module.model.parameters())
        trained = sum(p.nbytes for p in weights if p.requires_grad)
        need = disk_need(
            trained=trained,
            stored=trained if pl_module.policy_config.lora is not None else sum(p.nbytes for p in weights),
            export=num_export_bytes(pl_module.policy, export.dtype) if export.enabled else 0,
            keep=checkpoint.keep,
            every_n_steps=checkpoint.every_n_steps,
            num_steps=pl_module.num_steps,
        )
        print(refuse_too_little_room(need, run, checkpoints_of(run)), flush=True)


class CloseEngine(Callback):
    """Shuts the engine down when a run ends by an error or by Ctrl-C, before the process group goes away."""

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        pl_module.engine.close()


class CompletionTable(Callback):
    """Shows sampled completions in TensorBoard's text tab: reward, matched span and reason."""

    def __init__(self, every_n_steps: int = 1, num_completions: int = 2) -> None:
        """
        Args:
            every_n_steps: steps between tables; 0 shows none.
            num_completions: completions of each prompt that are shown.
        """
        for name, value in (("every_n_steps", every_n_steps), ("num_completions", num_completions)):
            if value < 0:
                raise ConfigError(f"`completions.{name}` must be at least 0, got {value}.")
        self.every_n_steps = every_n_steps
        self.num_completions = num_completions

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        # Supervised steps sample nothing.
        if self.every_n_steps and pl_module.rollouts and pl_module.num_steps_done % self.every_n_steps == 0:
            prompt = pl_module.policy.tokenizer.decode(pl_module.rollouts[0].prompt.token_ids)
            table = completions_markdown(pl_module.rollouts, self.num_completions, prompt=prompt)
            disagreements = completions_markdown(pl_module.rollouts, None, disagree)
            for logger in trainer.loggers:
                experiment: Any = getattr(logger, "experiment", None)  # not all loggers have one
                if hasattr(experiment, "add_text"):
                    experiment.add_text("completions", table, pl_module.num_steps_done)
                    if disagreements.count("\n") > 1:
                        experiment.add_text("verifier/disagreements", disagreements, pl_module.num_steps_done)


class StepLine(Callback):
    """A plain line a step, where there is no progress bar: logs of batch systems stay readable."""

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.progress_bar_callback is None and trainer.is_global_zero:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            print(f"step {pl_module.num_steps_done}  {step_line(metrics)}", flush=True)


def step_line(metrics: Mapping[str, float]) -> str:
    """The figures of a step in one line.

    >>> step_line({"reward": 0.5, "train/sbk": 0.25, "tokens_per_second": 120.4, "step_time": 9.0})
    'reward 0.500  sbk 25 %  120 tok/s  9.0 s'
    """
    figure = "reward" if "reward" in metrics else "loss"
    parts = [f"{figure} {metrics[figure]:.3f}"]
    parts += [
        f"{focus} {100 * metrics[f'train/{focus}']:.0f} %" for focus in ("sbk", "cm") if f"train/{focus}" in metrics
    ]
    parts += [f"{metrics['tokens_per_second']:.0f} tok/s", f"{metrics['step_time']:.1f} s"]
    return "  ".join(parts)
