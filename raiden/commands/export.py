"""`raiden export CHECKPOINT`: a checkpoint as an ordinary Hugging Face folder, or as a GGUF file for llama.cpp."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from raiden.commands.checkpoint import load_checkpoint, load_settings
from raiden.commands.option_parser import OptionParser
from raiden.core.errors import ConfigError
from raiden.policy import export_policy

_DTYPES = {"folder": ("float32", "bfloat16"), "gguf": ("f32", "f16", "bf16", "q8_0")}
_OF_GGUF = ("profiles_file", "character")
_EPILOG = """examples:
  raiden export logs/quickstart/version_0/checkpoints/last.ckpt --output edith
  raiden export logs/quickstart/version_0/export --format gguf --dtype q8_0 --output edith.gguf"""


def main(argv: Sequence[str]) -> int:
    """Writes the folder or the file and says where it is.

    Raises:
        ConfigError: the checkpoint or its configuration cannot be used, or what is to be written is there already.
        TrainingError: the file does not hold what it should.
    """
    arguments = _parser().parse_args(argv)
    _check(arguments)
    if arguments.format == "gguf":
        from raiden.commands.export_gguf import export_gguf

        return export_gguf(arguments)
    return _export_folder(arguments)


def _export_folder(arguments: argparse.Namespace) -> int:
    output = Path(arguments.output)
    if output.exists():
        raise ConfigError(f"`--output`: {output} is there already; choose another folder.")
    policy = load_checkpoint(Path(arguments.checkpoint), "CHECKPOINT", arguments.config)
    print(f"writing {output}", flush=True)
    settings = load_settings(Path(arguments.checkpoint), "CHECKPOINT")
    export_policy(policy, output, arguments.dtype, record={"prompts": settings.as_record()})
    print(f"export: {output}")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuses what does nothing in a format."""
    is_file = arguments.format == "gguf"
    fitting = _DTYPES["gguf" if is_file else "folder"]
    if arguments.dtype not in (None, *fitting):
        raise ConfigError(
            f"`--dtype` must be one of {', '.join(fitting)} for `--format {arguments.format}`, got {arguments.dtype}."
        )
    for name in _OF_GGUF:
        if not is_file and getattr(arguments, name) is not None:
            raise ConfigError(f"`--{name}` does nothing without `--format gguf`; drop it.")


def _parser() -> OptionParser:
    parser = OptionParser(
        "export",
        "Make a Hugging Face folder of a checkpoint, or a GGUF file for llama.cpp, Ollama, KoboldCpp and LM Studio: "
        "shards gathered, LoRA merged. Needs no GPU.",
        _EPILOG,
    )
    add = parser.add_argument
    add(
        "checkpoint",
        help="a .ckpt file, or the .ckpt folder of a sharded run; for a GGUF file also a model folder or a hub id",
    )
    add("--output", required=True, help="the folder or the .gguf file to write; it must not be there yet")
    add(
        "--format",
        choices=("hf", "vllm", "gguf"),
        default="hf",
        help="hf or vllm: the folder, which transformers and vLLM load (default); gguf: one file, and beside it a "
        "Modelfile for Ollama and a preset for SillyTavern",
    )
    add(
        "--dtype",
        choices=(*_DTYPES["folder"], *_DTYPES["gguf"]),
        help="of the weights: float32 or bfloat16 (default: as trained); of a GGUF file f32, f16, bf16 or q8_0 "
        "(default: f16)",
    )
    add("--config", help="the run's configuration (default: config.yaml in the run's log folder)")
    add = parser.add_argument_group("the Modelfile's character").add_argument
    add("--profiles_file", metavar="FILE", help="characters (default: those of the run's own samples)")
    add("--character", metavar="NAME", help="who it is, or a part of the name (default: the first)")
    return parser
