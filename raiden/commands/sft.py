"""`raiden sft --config FILE`: the cold start, supervised training on reference answers."""

from collections.abc import Sequence

from lightning.pytorch.cli import LightningArgumentParser

from raiden.commands.cli import RaidenCLI, open_cli
from raiden.train.sft import SFTModule

_DESCRIPTION = """Train on the samples' reference answers, so that GRPO starts from a model that knows the format.
The run ends with an export; `raiden fit --model.policy.path EXPORT` goes on from it."""


class SFTCLI(RaidenCLI):
    """The options of `raiden fit`, without those that only sampling in training has."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        super().add_arguments_to_parser(parser)
        parser.add_argument(
            "--ckpt_path",
            type=str | None,
            default=None,
            help="Go on from this checkpoint; `last`: from the newest one of the newest run.",
        )

    def after_instantiate_classes(self) -> None:
        self.trainer.fit(self.model, datamodule=self.datamodule, ckpt_path=self.config.ckpt_path)


def main(argv: Sequence[str]) -> int:
    """Trains; 0 at the end of the run."""
    open_cli(SFTCLI, argv, "raiden sft", _DESCRIPTION, run=False, module=SFTModule)
    return 0
