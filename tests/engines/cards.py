"""Eight cards that are not there: Lightning and vLLM run their own code up to the moment when one is taken."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch
from lightning import Trainer
from transformers import AutoModelForCausalLM, AutoTokenizer

from raiden.rollout.engines import VLLMEngine
from raiden.train.strategy import FSDP2Strategy

NUM = 8
"""Of a machine."""
_MASTER = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


def by_lightning(node: int, local: int) -> dict[str, str]:
    """What Lightning's launcher sets for all but the first process of a machine, and a user for several machines."""
    return {**_MASTER, "NODE_RANK": str(node), **({"LOCAL_RANK": str(local)} if local else {})}


def by_torchrun(node: int, local: int) -> dict[str, str]:
    size = {"WORLD_SIZE": str(2 * NUM), "LOCAL_WORLD_SIZE": str(NUM), "GROUP_WORLD_SIZE": "2"}
    rank = {"RANK": str(NUM * node + local), "LOCAL_RANK": str(local), "GROUP_RANK": str(node)}
    return {**_MASTER, **size, **rank, "TORCHELASTIC_RUN_ID": "run"}


def by_slurm(node: int, local: int) -> dict[str, str]:
    job = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "train", "SLURM_NODELIST": "a,b", "SLURM_NNODES": "2"}
    size = {"SLURM_NTASKS": str(2 * NUM), "SLURM_NTASKS_PER_NODE": str(NUM)}
    rank = {"SLURM_PROCID": str(NUM * node + local), "SLURM_LOCALID": str(local), "SLURM_NODEID": str(node)}
    return {**_MASTER, **job, **size, **rank}


LAUNCHERS = {"Lightning": by_lightning, "torchrun": by_torchrun, "SLURM": by_slurm}


class Taken(Exception):
    """vLLM is about to make this device its process's own."""


def put_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Into this machine, for Lightning, torch and vLLM."""
    import vllm.v1.worker.gpu_worker  # noqa: F401  what it imports is for the platform that is there
    from vllm import envs, platforms
    from vllm.platforms.interface import DeviceCapability

    monkeypatch.setitem(sys.modules, "vllm._C_stable_libtorch", ModuleType("kernels"))
    from vllm.platforms.cuda import NonNvmlCudaPlatform

    envs.disable_envs_cache()  # of an engine that has started in this process

    class Cards(NonNvmlCudaPlatform):  # type: ignore[misc]
        """As drivers tell of them."""

        @classmethod
        def get_device_capability(cls, device_id: int = 0) -> DeviceCapability:
            return DeviceCapability(9, 0)

        @classmethod
        def get_device_name(cls, device_id: int = 0) -> str:
            return f"card {device_id}"

        @classmethod
        def get_device_total_memory(cls, device_id: int = 0) -> int:
            return 80 * 2**30

    own, cards = platforms.current_platform, Cards()
    monkeypatch.setattr(platforms, "_current_platform", cards)
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get("current_platform") is own:
            monkeypatch.setattr(module, "current_platform", cards)

    def take(device: torch.device) -> None:
        raise Taken(str(device))

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: NUM)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: str(device))
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: None)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: NUM)
    monkeypatch.setattr(torch.accelerator, "set_device_index", take)


def root_device(devices: int | list[int], num_nodes: int = 1) -> torch.device:
    """The device that Lightning gives to a process with the variables of the environment."""
    strategy = FSDP2Strategy() if num_nodes > 1 or devices == NUM else "auto"
    options: dict[str, bool] = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar"), False)
    trainer = Trainer(accelerator="gpu", devices=devices, num_nodes=num_nodes, strategy=strategy, **options)
    return trainer.strategy.root_device


def taken_by_engine(folder: object, device: torch.device, cards: pytest.MonkeyPatch) -> str:
    """The device on which vLLM's engine of a new process starts."""
    from vllm.platforms import interface

    cards.setattr(interface, "_assigned_physical_gpu_ids", None)
    model = AutoModelForCausalLM.from_pretrained(folder)
    engine = VLLMEngine(sleep_level=0)  # what puts it to sleep is compiled, for cards alone
    with pytest.raises(Taken) as taken:
        engine.start(model, AutoTokenizer.from_pretrained(folder), 128, torch.float32, device)
    return str(taken.value)
