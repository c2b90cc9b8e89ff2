"""`raiden export CHECKPOINT`: a checkpoint as an ordinary Hugging Face folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raiden.commands.checkpoint import load_checkpoint, load_settings
from raiden.commands.option_parser import OptionParser
from raiden.core.errors import ConfigError
from raiden.policy import export_policy


def main(argv: Sequence[str]) -> int:
    """Writes the folder and says where it is.

    Raises:
        ConfigError: the checkpoint or its configuration cannot be used, or the folder is there already.
    """
    arguments = _parser().parse_args(argv)
    output = Path(arguments.output)
    if output.exists():
        raise ConfigError(f"`--output`: {output} is there already; choose another folder.")
    policy = load_checkpoint(Path(arguments.checkpoint), "CHECKPOINT", arguments.config)
    print(f"writing {output}", flush=True)
    settings = load_settings(Path(arguments.checkpoint), "CHECKPOINT")
    export_policy(policy, output, arguments.dtype, record={"prompts": settings.as_record()})
    print(f"export: {output}")
    return 0


def _parser() -> OptionParser:
    parser = OptionParser(
        "export", "Make a Hugging Face folder of a checkpoint: shards gathered, LoRA merged. Needs no GPU."
    )
    parser.add_argument("checkpoint", help="a .ckpt file, or the .ckpt folder of a sharded run")
    parser.add_argument("--output", required=True, help="the folder to write; it must not be there yet")
    parser.add_argument("--config", help="the run's configuration (default: config.yaml in the run's log folder)")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), help="of the weights (default: as trained)")
    return parser
