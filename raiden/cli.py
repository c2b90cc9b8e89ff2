"""The command line: argument links and where runs are kept."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import Any

from jsonargparse import set_parsing_settings
from lightning import LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback

from raiden.callbacks import CompletionTable, ExportPolicy, HeldOutReport, StepLine
from raiden.checkpoints import AtomicCheckpointIO, NewestCheckpoints, checkpoints_of, newest_run
from raiden.datamodule import RoleplayDataModule
from raiden.module import GRPOModule

_TRAINER_DEFAULTS: dict[str, Any] = {
    "accelerator": "auto",
    "devices": 1,
    "max_epochs": 1,
    "log_every_n_steps": 1,
    # All of the held-out samples once before training: the "before" of the report.
    "num_sanity_val_steps": -1,
    "enable_model_summary": False,
    "logger": {
        "class_path": "lightning.pytorch.loggers.TensorBoardLogger",
        "init_args": {"save_dir": "logs", "name": "raiden"},
    },
}


class SaveRunConfig(SaveConfigCallback):
    """Keeps a run's whole configuration in its log folder; a resumed run keeps the one it was started with."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if stage == "fit" and trainer.log_dir and not (Path(trainer.log_dir) / self.config_filename).exists():
            super().setup(trainer, pl_module, stage)


class RaidenCLI(LightningCLI):
    """`raiden fit|validate|test|predict`."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_lightning_class_args(NewestCheckpoints, "checkpoint")
        parser.add_lightning_class_args(ExportPolicy, "export")
        parser.add_lightning_class_args(CompletionTable, "completions")
        parser.add_lightning_class_args(HeldOutReport, "report")
        parser.add_argument(
            "--output_file",
            type=str | None,
            default=None,
            help="Where the report of the last evaluation goes: metrics and each scored reply, as JSON.",
        )
        parser.link_arguments("output_file", "report.output_file")
        parser.link_arguments("seed_everything", "model.seed", compute_fn=int)
        parser.link_arguments("seed_everything", "data.seed", compute_fn=int)
        parser.link_arguments("model.policy.path", "data.tokenizer")
        parser.link_arguments("model.rewards.response_format", "data.response_format")

    def _parse_ckpt_path(self) -> None:
        """Nothing to do: raiden keeps no hyperparameters in checkpoints, and reading one takes seconds."""

    def before_instantiate_classes(self) -> None:
        config = self.config[self.subcommand]
        if config.trainer.enable_progress_bar is None:
            config.trainer.enable_progress_bar = sys.stdout.isatty()
        if self.subcommand == "fit":
            self._continue_newest_run(config)
        else:
            # Evaluations report to the terminal and to --output_file; a log folder of theirs would look like a run.
            config.trainer.logger = False

    def _continue_newest_run(self, config: Any) -> None:
        """`--ckpt_path last`: the newest run goes on in its own folder, from its newest checkpoint."""
        if config.ckpt_path != "last" or not hasattr(config.trainer.logger, "init_args"):
            return
        init = config.trainer.logger.init_args
        run = newest_run(Path(init.save_dir) / (init.name or ""))
        config.ckpt_path = None
        if run is None:
            print(f"No run in {init.save_dir}/{init.name} to go on with; starting a new one.", flush=True)
            return
        init.version = int(run.name.removeprefix("version_"))
        checkpoints = checkpoints_of(run)
        if checkpoints:
            config.ckpt_path = str(checkpoints[-1])
            print(f"Going on from {checkpoints[-1]}", flush=True)
        else:
            print(f"{run} has no checkpoint yet; starting it again from the beginning.", flush=True)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        plugins = self._get(self.config_init, "trainer").plugins or []
        plugins = plugins if isinstance(plugins, list) else [plugins]
        return super().instantiate_trainer(plugins=[*plugins, AtomicCheckpointIO()], **kwargs)


def _quieten() -> None:
    """Takes away what speaks neither of the user's data nor of the user's options."""
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
    # Lightning counts raiden's loaders as slow because they have no worker processes; they need none.
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(
        lambda record: not record.getMessage().startswith("💡 Tip")
    )


def main(args: list[str] | None = None) -> None:
    """Runs `raiden fit`, `validate`, `test` or `predict`."""
    _quieten()
    # Strings beneath a config's fields become its help.
    set_parsing_settings(docstring_parse_attribute_docstrings=True)
    RaidenCLI(
        GRPOModule,
        RoleplayDataModule,
        save_config_callback=SaveRunConfig,
        trainer_defaults={**_TRAINER_DEFAULTS, "callbacks": [StepLine()]},
        seed_everything_default=0,
        auto_configure_optimizers=False,
        load_from_checkpoint_support=False,
        args=args,
    )
