"""Two processes that share a policy by FSDP2: by NCCL on one card where that is possible, by gloo on a CPU."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh

from raiden.packing import micro_batches, token_logps
from raiden.policy import stream_weights
from raiden.policy.sharding import shard
from tests.distributed.processes import in_processes

if TYPE_CHECKING:
    from tests.gpu.checks import Setting


def two_processes(setting: Setting) -> dict[str, Any]:
    """Log-probabilities and weights of a sharded policy, and those of a whole one."""
    from tests.gpu.checks import Skipped, distance, flex_on_cpus

    try:
        both = in_processes(2, _sharded, seconds=120)
    except Exception as fault:
        # NCCL refuses two processes on one card unless it is told otherwise, and older ones always do.
        if setting.on_gpu and "NCCL" in str(fault).upper():
            raise Skipped(f"NCCL does not let two processes share this card: {str(fault).splitlines()[-1]}") from fault
        raise
    model = setting.model()
    (batch,) = micro_batches(setting.groups(), 10**9, setting.device)
    with flex_on_cpus(setting), torch.no_grad():
        logps, _ = token_logps(model, batch)
    total = sum(weight.double().sum().item() for _, weight in stream_weights(model))
    found = {
        "logps": max(distance(own["logps"], logps.double().cpu()) for own in both),
        "sums": max(abs(own["sum"] - total) for own in both),
        "sync_seconds": both[0]["sync_seconds"],
        "backend": both[0]["backend"],
    }
    assert found["logps"] < (3e-2 if setting.on_gpu else 1e-5), found
    assert found["sums"] <= 1e-6 * max(1.0, abs(total)), found
    return found


def _sharded() -> dict[str, Any]:
    import time

    from tests.gpu.checks import Setting, flex_on_cpus

    setting = Setting.here()
    backend = "nccl" if setting.on_gpu else "gloo"
    os.environ.setdefault("NCCL_MULTI_RANK_GPU_ENABLE", "1")
    distributed.init_process_group(backend, rank=int(os.environ["LOCAL_RANK"]))
    model = setting.model()
    shard(model, init_device_mesh(setting.device.type, (2,)), None)
    (batch,) = micro_batches(setting.groups(), 10**9, setting.device)
    with flex_on_cpus(setting), torch.no_grad():
        logps, _ = token_logps(model, batch)
    setting.synchronize()
    started = time.perf_counter()
    total = sum(weight.double().sum().item() for _, weight in stream_weights(model))
    return {
        "logps": logps.cpu(),
        "sum": total,
        "sync_seconds": time.perf_counter() - started,
        "backend": backend,
    }
