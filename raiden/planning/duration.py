"""How long an epoch will take, roughly: its arithmetic at the rate of the machine."""

import time

import torch

from raiden.planning.plan import Plan

_UPDATE_SHARE, _SAMPLING_SHARE = 0.65, 0.25
"""Of the rate of a matrix product, what an update and sampling reach; measured on two cores (`roofline.py`)."""
GPU_RATE = 400e12
"""Operations a second: 40 % of an H100's 989e12 in bfloat16. Assumed, not measured: nothing was run on a GPU."""


def measured_rate(size: int = 1024, seconds: float = 0.2) -> float:
    """Operations a second of a matrix product in float32, here and now."""
    matrix = torch.ones(size, size)
    matrix @ matrix
    started, num = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        matrix @ matrix
        num += 1
    return 2 * size**3 * num / (time.perf_counter() - started)


def epoch_seconds(plan: Plan, rate: float, with_reference: bool, checkpointing: bool) -> float:
    """Of all processes together at this rate each; completions are taken as long as they may become.

    A parameter costs two operations a token forward, two backward for what flows through and two where it is trained
    (Kaplan et al., arXiv:2001.08361); checkpointing goes forward once more, and so does a reference.

    Args:
        rate: operations a second of one process.
    """
    work = plan.workload
    forward = 2 * plan.num_parameters
    backward = forward + 2 * plan.num_trained
    passes = forward * (1 + checkpointing + with_reference) + backward
    update = work.update_tokens * passes / _UPDATE_SHARE
    sampling = (work.prompt_tokens + work.sampled_tokens) * forward / _SAMPLING_SHARE
    return (update + sampling) / rate / plan.processes.num
