"""What happens around the loop: completions in TensorBoard, room on the disk, the export."""

from pathlib import Path
from typing import Any, Literal

from lightning import Callback

from raiden.core.errors import ConfigError, require_at_least
from raiden.policy import export_policy, num_export_bytes
from raiden.train.checkpoints import NewestCheckpoints, checkpoints_of
from raiden.train.disk_need import disk_need, refuse_too_little_room
from raiden.train.report import completion_rows, disagree, first_prompt
from raiden.train.run_folder import folder_of, goes_on
from raiden.train.trackers import log_table


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
    """Shows sampled completions in the run's trackers (in TensorBoard's text tab): reward, matched span and reason."""

    def __init__(self, every_n_steps: int = 1, num_completions: int = 2) -> None:
        """
        Args:
            every_n_steps: steps between tables; 0 shows none.
            num_completions: completions of each prompt that are shown.
        """
        for name, value in (("every_n_steps", every_n_steps), ("num_completions", num_completions)):
            require_at_least(f"completions.{name}", value, 0)
        self.every_n_steps = every_n_steps
        self.num_completions = num_completions

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        # Supervised steps sample nothing.
        if self.every_n_steps and pl_module.rollouts and pl_module.num_steps_done % self.every_n_steps == 0:
            prompt = pl_module.policy.tokenizer.decode(pl_module.rollouts[0].prompt.token_ids)
            rows = completion_rows(pl_module.rollouts, self.num_completions)
            disagreements = completion_rows(pl_module.rollouts, None, disagree)
            for logger in trainer.loggers:
                log_table(logger, "completions", rows, pl_module.num_steps_done, first_prompt(prompt))
                if disagreements:
                    log_table(logger, "verifier/disagreements", disagreements, pl_module.num_steps_done)
