"""The command line: argument links and where runs are kept."""

import math
import sys
from collections.abc import Sequence
from datetime import date as day
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from lightning import Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.utilities import rank_zero_only

from raiden.commands.option_errors import (
    as_config_error,
    configure_jsonargparse,
    hide_warnings,
    in_plain_words,
    refuse_no_checkpoint,
)
from raiden.commands.run_config import SaveRunConfig
from raiden.core.errors import ConfigError
from raiden.core.limits import MAX_CONFIG_BYTES, refuse_larger
from raiden.core.writing import of_disk
from raiden.train.callbacks import CloseEngine, CompletionTable, ExportPolicy, RoomOnDisk
from raiden.train.checkpoints import AtomicCheckpointIO, NewestCheckpoints, checkpoints_of
from raiden.train.datamodule import RoleplayDataModule, date_of
from raiden.train.grpo.module import GRPOModule
from raiden.train.held_out_report import HeldOutReport
from raiden.train.live import LiveView, StepLine
from raiden.train.module import PolicyModule
from raiden.train.run_folder import RunFolder, is_first_process
from raiden.train.run_options import RunOptions, own_curves
from raiden.train.strategy import FSDP2Strategy
from raiden.train.trackers import refuse_unfit
from raiden.train.watching import LearningWatch

_TRAINER_DEFAULTS: dict[str, Any] = {
    "accelerator": "auto",
    "devices": 1,
    "log_every_n_steps": 1,
    # All of the held-out samples once before training: the "before" of the report.
    "num_sanity_val_steps": -1,
    "enable_model_summary": False,
    "logger": {
        "class_path": "lightning.pytorch.loggers.TensorBoardLogger",
        "init_args": {"save_dir": "logs", "name": "raiden"},
    },
}


class RaidenParser(LightningArgumentParser):
    """Says in which config file a fault is."""

    def parse_path(self, cfg_path: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_larger(cfg_path, MAX_CONFIG_BYTES, ConfigError, "give a file of options")
        with as_config_error(UnicodeDecodeError, prefix=f"{cfg_path}: "):
            return super().parse_path(cfg_path, *args, **kwargs)


class RaidenCLI(LightningCLI):
    """`raiden fit|validate|test|predict`."""

    draws = True
    """Whether the seed of the process's own generators matters."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._words = set(settings["args"])
        self.folder = RunFolder()
        settings["trainer_defaults"]["callbacks"] = [self.folder, RoomOnDisk(), StepLine(), CloseEngine()]
        try:
            super().__init__(*arguments, **settings)
        except OSError as error:  # of a logger's thread, say, whose file has no name
            if (told := self.folder.gone(error) or of_disk(error, self.folder.path or ".")) is None:
                raise
            raise told from error
        finally:
            self.folder.close()

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]
        """The command that is asked for, alone: the options of one take more than a second to set up."""
        everything = LightningCLI.subcommands()
        return {name: skipped for name, skipped in everything.items() if name in self._words} or everything

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_lightning_class_args(NewestCheckpoints, "checkpoint")
        parser.add_lightning_class_args(ExportPolicy, "export")
        parser.add_lightning_class_args(CompletionTable, "completions")
        parser.add_lightning_class_args(HeldOutReport, "report")
        parser.add_lightning_class_args(LearningWatch, "watch")
        parser.add_argument(
            "--output_file",
            type=str | None,
            default=None,
            help="Where the report of the last evaluation goes: metrics and each scored reply, as JSON.",
        )
        parser.link_arguments("output_file", "report.output_file")
        parser.link_arguments("seed_everything", "model.seed", compute_fn=_seed)
        parser.link_arguments("seed_everything", "data.seed", compute_fn=_seed)
        parser.link_arguments("watch.max_skipped", "model.max_skipped")
        parser.link_arguments("model.policy.path", "data.tokenizer")
        parser.link_arguments("model.policy.chat_template", "data.chat_template")
        parser.link_arguments("model.rewards.response_format", "data.response_format")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        own = next((word for word in args if word in self.subcommands()), None) if parser.prog == "raiden" else None
        options = self._parser(own)
        with in_plain_words(own or parser.prog.removeprefix("raiden "), args, options):
            super().parse_arguments(parser, args)

    @property
    def trains(self) -> bool:
        """Whether there is a run, which logs and goes on from its checkpoints; else an evaluation."""
        return self.subcommand in ("fit", None)

    def _set_seed(self) -> None:
        if self.draws:
            super()._set_seed()

    def _parse_ckpt_path(self) -> None:
        """Nothing to do: raiden keeps no hyperparameters in checkpoints, and reading one takes seconds."""

    def before_instantiate_classes(self) -> None:
        config = self.config[self.subcommand] if self.subcommand else self.config
        self._refuse_unusable(config)
        self._settle_limits(config.trainer)
        if config.trainer.enable_progress_bar is None:
            config.trainer.enable_progress_bar = sys.stdout.isatty()
        options = RunOptions(config.trainer)
        last_run = self._find_last(config, options) if config.ckpt_path == "last" else None
        if config.ckpt_path is not None:
            refuse_no_checkpoint(config.ckpt_path, or_else=checkpoints_of(last_run)[:-1] if last_run else ())
            if config.data.date is None:  # what the run took for today when it began
                config.data.date = date_of(config.ckpt_path)
        config.data.date = config.data.date or day.today().isoformat()
        if config.output_file is not None and Path(config.output_file).is_dir():
            raise ConfigError(f"`output_file`: {config.output_file} is a folder; name a file.")
        if not self.trains:
            # Evaluations report to the terminal and to --output_file; a log folder of theirs would look like a run.
            config.trainer.logger = False
            if "verbose" in config:
                config.verbose = False  # Lightning's own table; raiden's has figures as people write them
        elif not config.trainer.fast_dev_run:
            self._take_folder(options, last_run)

    def _take_folder(self, options: RunOptions, last_run: Path | None) -> None:
        """The folder of a run that goes on, or a new one; the other processes are told of it once they are joined."""
        if is_first_process():
            if last_run is None:
                last_run = self.folder.begin(options.roots, options.version)
            else:
                self.folder.go_on(last_run)
                options.keep_metrics(last_run)
        if last_run is not None:
            options.log_to(last_run)

    def _settle_limits(self, trainer: Any) -> None:
        """One epoch where nothing else ends the run; and 15 batches where `float | int`, in place of Lightning's
        `int | float`, has made 15.0 of them, which depends on what Python remembers of unions."""
        if trainer.max_epochs is None and trainer.max_steps == -1 and trainer.max_time is None:
            trainer.max_epochs = 1
        for name in ("train", "val", "test", "predict"):
            limit = trainer[f"limit_{name}_batches"]
            if isinstance(limit, float) and limit > 1 and limit.is_integer():
                trainer[f"limit_{name}_batches"] = int(limit)

    def _refuse_unusable(self, config: Any) -> None:
        """What jsonargparse lets through: `sampling: 1` where a group of options stands, and numbers that are none."""
        for name, value in vars(config.as_flat()).items():
            if any(isinstance(v, float) and not math.isfinite(v) for v in _listed(value)):
                raise ConfigError(f"`{name}` must be a finite number, got {value}.")
        for name in self._parser(self.subcommand).groups or ():
            value = config.get(name, Namespace())
            if not isinstance(value, Namespace):
                raise ConfigError(f"`{name}` must be a group of options, got {value!r}; set the options beneath it.")

    def _find_last(self, config: Any, options: RunOptions) -> Path | None:
        """`--ckpt_path last`: the newest checkpoint of the newest run; that run's folder, where training goes on."""
        run = options.last_run
        checkpoints = checkpoints_of(run) if run else []
        config.ckpt_path = str(checkpoints[-1]) if checkpoints else None
        if self.trains and checkpoints:
            _tell(f"Going on from {checkpoints[-1]}")
        elif self.trains:
            _tell(f"No checkpoint in {run or options.roots[0]} yet; starting from the beginning.")
        elif not checkpoints:
            raise ConfigError(f"`--ckpt_path last`: there is no checkpoint in {run or options.roots[0]}.")
        return run

    def instantiate_classes(self) -> None:
        with as_config_error(ValueError, ImportError):
            super().instantiate_classes()

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        own = self._get(self.config_init, "trainer")
        if own.enable_progress_bar and not any(isinstance(c, ProgressBar) for c in _listed(own.callbacks)):
            self.trainer_defaults["callbacks"].append(LiveView())
        with as_config_error(ValueError, TypeError, prefix="`trainer`: "):
            trainer = super().instantiate_trainer(
                plugins=[*_listed(own.plugins or []), AtomicCheckpointIO()], **kwargs
            )
        # The view goes before others tell of the end.
        trainer.callbacks.sort(key=lambda callback: not isinstance(callback, LiveView))  # type: ignore[attr-defined]
        refuse_unfit(trainer.loggers)
        if trainer.loggers and self.folder.path is not None:
            trainer.loggers = [*trainer.loggers, *own_curves(trainer.loggers, self.folder.path)]
        sharded = isinstance(trainer.strategy, FSDP2Strategy)
        if sharded:
            self.model.policy_config.refuse_shards()
        path = self._get(self.config, "ckpt_path")
        if path is not None and Path(path).is_dir() and not sharded:
            raise ConfigError(
                f"`ckpt_path`: {path} holds shards, which `trainer.strategy` fsdp2 reads (on any number of "
                "processes); set it, or make an ordinary model of the checkpoint with `raiden export`."
            )
        if trainer.world_size > 1 and not sharded:
            # Said here, before Lightning starts the other processes.
            raise ConfigError(
                f"`trainer.strategy`: {trainer.world_size} processes need `fsdp2` "
                f"(raiden.train.strategy.FSDP2Strategy), got {type(trainer.strategy).__name__}."
            )
        return trainer


@rank_zero_only
def _tell(what: str) -> None:
    print(what, flush=True)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _seed(seed_everything: bool | int) -> int:
    if not 0 <= seed_everything < 2**32:
        raise ConfigError(f"`seed_everything` must be at least 0 and below 2**32, got {seed_everything}.")
    return int(seed_everything)


def open_cli(
    kind: type[RaidenCLI],
    args: Sequence[str],
    prog: str,
    description: str,
    run: bool = True,
    module: type[PolicyModule] = GRPOModule,
) -> RaidenCLI:
    """Parses the options of a run and does what `kind` does with them.

    Args:
        run: whether a command stands before the options.
        module: what trains; its arguments are the options of `model`.

    Raises:
        RaidenError: what the user gave cannot work; the message names the option, or the place in a file.
    """
    hide_warnings()
    configure_jsonargparse()
    with as_config_error():
        return kind(
            module,
            RoleplayDataModule,
            save_config_callback=SaveRunConfig,
            trainer_defaults=dict(_TRAINER_DEFAULTS),
            seed_everything_default=0,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
            parser_class=RaidenParser,
            parser_kwargs={
                "prog": prog,
                "description": description,
                "allow_abbrev": False,  # an abbreviation is a typo that goes through
                "exit_on_error": False,  # __main__ tells the error, without the usage of all options
            },
            run=run,
            args=["--help" if word == "--help_all" else word for word in args],
        )


def main(args: Sequence[str]) -> int:
    """Runs `raiden fit`, `validate`, `test` or `predict`; 0 at its end."""
    open_cli(RaidenCLI, args, "raiden", "Train and evaluate with Lightning's trainer.")
    return 0
