"""`raiden export CHECKPOINT`: a checkpoint as an ordinary Hugging Face folder, or as a GGUF file for llama.cpp."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from raiden.commands.checkpoint import load_checkpoint, load_settings
from raiden.commands.option_parser import POSITIONAL, parse_options
from raiden.core.errors import ConfigError
from raiden.policy import export_policy


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, and as what."""

    checkpoint: str = field(metadata=POSITIONAL)
    """a .ckpt file, or the .ckpt folder of a sharded run; for a GGUF file also a model folder or a hub id"""
    output: Path
    """the folder or the .gguf file to write; it must not be there yet"""
    format: Literal["hf", "vllm", "gguf"] = "hf"
    """hf or vllm: the folder, which transformers and vLLM load; gguf: one file, and beside it a Modelfile for Ollama
    and a preset for SillyTavern"""
    dtype: Literal["float32", "bfloat16", "f32", "f16", "bf16", "q8_0"] | None = None
    """of the weights: float32 or bfloat16 (default: as trained); of a GGUF file f32, f16, bf16 or q8_0 (default:
    f16)"""
    config: Path | None = None
    """the run's configuration (default: config.yaml in the run's log folder)"""
    profiles_file: str | None = None
    """characters for the Modelfile (default: those of the run's own samples)"""
    character: str | None = None
    """whom the Modelfile makes the model, or a part of the name (default: the first)"""


_DTYPES = {"folder": ("float32", "bfloat16"), "gguf": ("f32", "f16", "bf16", "q8_0")}
_OF_GGUF = ("profiles_file", "character")
_DESCRIPTION = """Make a Hugging Face folder of a checkpoint, or a GGUF file for llama.cpp, Ollama, KoboldCpp and LM
Studio: shards gathered, LoRA merged. Needs no GPU."""
_EPILOG = """examples:
  raiden export logs/quickstart/version_0/checkpoints/step-00000040.ckpt --output edith
  raiden export logs/quickstart/version_0/export --format gguf --dtype q8_0 --output edith.gguf"""


def main(argv: Sequence[str]) -> int:
    """Writes the folder or the file and says where it is."""
    options = parse_options(ExportOptions, argv, "export", _DESCRIPTION, _EPILOG)
    _check(options)
    if options.format == "gguf":
        from raiden.commands.export_gguf import export_gguf

        return export_gguf(options)
    return _export_folder(options)


def _export_folder(options: ExportOptions) -> int:
    output = options.output
    if output.exists():
        raise ConfigError(f"`--output`: {output} is there already; choose another folder.")
    policy = load_checkpoint(Path(options.checkpoint), "CHECKPOINT", options.config)
    print(f"writing {output}", flush=True)
    settings = load_settings(Path(options.checkpoint), "CHECKPOINT")
    dtype: Any = options.dtype
    export_policy(policy, output, dtype, record={"prompts": settings.as_record()})
    print(f"export: {output}")
    return 0


def _check(options: ExportOptions) -> None:
    """Refuses what does nothing in a format."""
    is_file = options.format == "gguf"
    fitting = _DTYPES["gguf" if is_file else "folder"]
    if options.dtype not in (None, *fitting):
        raise ConfigError(
            f"`--dtype` must be one of {', '.join(fitting)} for `--format {options.format}`, got {options.dtype}."
        )
    for name in _OF_GGUF:
        if not is_file and getattr(options, name) is not None:
            raise ConfigError(f"`--{name}` does nothing without `--format gguf`; drop it.")
