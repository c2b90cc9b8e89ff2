"""The options of `raiden export`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from raiden.commands.option_parser import POSITIONAL


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
