"""The trained policy as a Hugging Face folder that plain transformers loads."""

import json
from collections.abc import Iterator, Mapping
from copy import copy
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import GenerationConfig

from raiden.core.errors import TrainingError
from raiden.core.writing import writing
from raiden.data.chat_template import end_of_turn_ids
from raiden.data.prompts import write_record
from raiden.packing.logps import base_model
from raiden.policy.finite import nonfinite_of
from raiden.policy.loading import Policy
from raiden.policy.quantised import num_bytes_dequantised
from raiden.policy.weights import stream_weights

MAX_FILE_BYTES = 4 * 2**30
"""Weights in one file, at most; more files follow."""


def export_policy(
    policy: Policy,
    folder: str | Path,
    dtype: Literal["float32", "bfloat16"] | None = None,
    writes: bool = True,
    record: Mapping[str, Any] | None = None,
) -> Path:
    """Writes weights (gathered, LoRA merged), config, tokenizer and chat template; the folder appears whole or not.

    Weights in 4 bits are written as the numbers that passes compute with. The policy stays as it is, and no second
    copy of it is made: weights pass
    one layer at a time.

    Args:
        dtype: of the written weights; None: as they are trained.
        record: how the run made its prompts; written beside the weights.
        writes: false on all processes of a sharded run but one; they have to take part in the gathering.

    Raises:
        FileExistsError: the folder is there already.
        TrainingError: a weight is no finite number.
        StorageError: the disk does not take it.
    """
    folder = Path(folder)
    weights = _finite(stream_weights(policy.model, getattr(torch, dtype) if dtype else None))
    if not writes:
        for _ in weights:
            pass
        return folder
    if folder.exists():
        raise FileExistsError(f"{folder} is there already; nothing was written.")
    with writing(folder, num_export_bytes(policy, dtype)) as part:
        part.mkdir()
        left_out = {"lm_head.weight"} if policy.model.config.tie_word_embeddings else set()
        stored_dtype = _write_weights((pair for pair in weights if pair[0] not in left_out), part)
        _write_config(policy, part, stored_dtype)
        policy.tokenizer.save_pretrained(part)
        if record is not None:
            write_record(part, record)
    return folder


def num_export_bytes(policy: Policy, dtype: Literal["float32", "bfloat16"] | None = None) -> int:
    """Size of the weights that `export_policy` writes."""
    weights = (p for name, p in policy.model.named_parameters() if ".lora_" not in name)
    return sum(num_bytes_dequantised(p, getattr(torch, dtype) if dtype else None) for p in weights)


def _finite(weights: Iterator[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """The same, refused on all processes where one is not: merging and casting may overflow too."""
    for name, weight in weights:
        if nonfinite_of([(name, weight)]):
            raise TrainingError(
                f"{name} holds a NaN or an infinity as it would be exported; nothing was written. Export an earlier "
                "checkpoint (`raiden export`), or in float32 where `dtype` is bfloat16."
            )
        yield name, weight


def _write_weights(weights: Iterator[tuple[str, Tensor]], folder: Path) -> torch.dtype:
    """Safetensors files of bounded size, and the index that says what lies where; the type of the last weight."""
    parts: list[Path] = []
    part_of: dict[str, int] = {}
    total_size = 0
    for batch in _batches(weights):
        part_of |= dict.fromkeys(batch, len(parts))
        total_size += sum(weight.nbytes for weight in batch.values())
        parts.append(folder / f"part-{len(parts)}.safetensors")
        save_file(batch, parts[-1], metadata={"format": "pt"})
        dtype = next(iter(batch.values())).dtype
    names = [f"model-{i + 1:05d}-of-{len(parts):05d}.safetensors" for i in range(len(parts))]
    if len(parts) == 1:
        names = ["model.safetensors"]
    for part, name in zip(parts, names, strict=True):
        part.rename(folder / name)
    if len(parts) > 1:
        weight_map = {weight: names[part] for weight, part in part_of.items()}
        index = {"metadata": {"total_size": total_size}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1))
    return dtype


def _batches(weights: Iterator[tuple[str, Tensor]]) -> Iterator[dict[str, Tensor]]:
    """Neighbouring weights that go into one file."""
    batch: dict[str, Tensor] = {}
    for name, weight in weights:
        if batch and sum(w.nbytes for w in batch.values()) + weight.nbytes > MAX_FILE_BYTES:
            yield batch
            batch = {}
        batch[name] = weight.cpu().contiguous()
    yield batch


def _write_config(policy: Policy, folder: Path, dtype: torch.dtype) -> None:
    base = base_model(policy.model)
    config = base.config.to_dict()
    config.pop("quantization_config", None)
    config["dtype"] = str(dtype).removeprefix("torch.")
    config["architectures"] = [base.config.architectures[0]] if base.config.architectures else [type(base).__name__]
    type(base.config).from_dict(config).save_pretrained(folder)
    if base.generation_config is not None:
        _with_end_of_turn(base.generation_config, policy).save_pretrained(folder)


def _with_end_of_turn(config: GenerationConfig, policy: Policy) -> GenerationConfig:
    """Whoever generates stops where the engines of the run did, at the end of a turn of the chat template as well."""
    own = config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
    known = {*own, policy.tokenizer.eos_token_id}
    if new := [token for token in end_of_turn_ids(policy.tokenizer) if token not in known]:
        config = copy(config)
        config.eos_token_id = [token for token in own if token is not None] + new
    return config
