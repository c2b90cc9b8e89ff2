"""Plain words where the machine or a limit refuses memory: in which stage of a run, and what to lower there."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from raiden.core.errors import OutOfMemoryError, led_to
from raiden.core.writing import in_bytes

Stage = Literal["loading the model", "sampling", "the update", "validation", "this command"]
_SIDE_BY_SIDE = "what the engine decodes side by side (`model.engine.max_rows`, with vLLM `model.engine.max_num_seqs`)"
_LOWER: dict[Stage, str] = {
    "loading the model": "take `model.policy.dtype` bfloat16 with `model.policy.lora`, more processes with fsdp2, "
    "or a smaller model; with vLLM lower `model.engine.gpu_memory_utilization` (on CPU `model.engine.cpu_cache_gib`)",
    "sampling": "lower `data.batch_size`, `model.num_generations`, `model.sampling.max_tokens` or " + _SIDE_BY_SIDE,
    "the update": "lower `model.update.micro_batch_tokens`, or set `model.policy.gradient_checkpointing` or "
    "`model.policy.lora`; with vLLM lower `model.engine.gpu_memory_utilization` too",
    "validation": "lower `data.val_batch_size`, `model.val_sampling.max_tokens` or " + _SIDE_BY_SIDE,
    "this command": "take a smaller model or a narrower type, or fewer and shorter replies at a time",
}
_REFUSED = re.compile(
    r"out of memory|(can't|cannot) allocate memory|not enough memory|STATUS_ALLOC_FAILED|\(os error 12\)",
    re.IGNORECASE,
)
"""What torch, on each device, and Rust's libraries say."""
_ASKED = re.compile(r"(?:tried|unable) to allocate ([\d.]+) ?([KMGT]i?B|bytes)", re.IGNORECASE)


@contextmanager
def explain_out_of_memory(stage: Stage) -> Iterator[None]:
    """Whatever a library makes of memory that it does not get becomes one error; the innermost stage is told.

    Raises:
        OutOfMemoryError: it names the stage, what was asked for where that is known, and the options to lower.
    """
    try:
        yield
    except OutOfMemoryError:
        raise
    except Exception as error:
        refused = next(filter(_is_refusal, led_to(error)), None)
        if refused is None:
            raise
        raise OutOfMemoryError(
            f"out of memory in {stage}{_asked(str(refused))}; {_LOWER[stage]}. A run goes on by `--ckpt_path last`."
        ) from error


def _is_refusal(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return _REFUSED.search(str(error)) is not None


def _asked(said: str) -> str:
    """
    >>> _asked("CUDA out of memory. Tried to allocate 2.50 GiB."), _asked("you tried to allocate 4000000000 bytes.")
    (' (2.50 GiB more were asked for)', ' (4.0 GB more were asked for)')
    """
    if (found := _ASKED.search(said)) is None:
        return ""
    size, unit = found.groups()
    return f" ({in_bytes(int(size)) if unit == 'bytes' else f'{size} {unit}'} more were asked for)"
