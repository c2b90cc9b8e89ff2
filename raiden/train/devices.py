"""Which process of a run holds which card: two engines, or two policies, on one would each take the other's memory."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero_info

from raiden.core.errors import ConfigError
from raiden.core.processes import Processes


@dataclass(frozen=True)
class HeldDevice:
    """The device of one process."""

    rank: int
    host: str
    device: str
    """As torch counts those that the process sees."""
    name: str
    card: str
    """The card's own number, the same for whoever sees it under whatever index."""

    def __str__(self) -> str:
        return f"process {self.rank} on {self.host}: {self.device}, {self.name} ({self.card})"


def own_device(strategy: Any, processes: Processes) -> torch.device:
    """The device of this process; says which process holds which card. All processes have to ask together.

    Raises:
        ConfigError: two hold the same one.
    """
    device: torch.device = strategy.root_device
    if device.type != "cuda":
        return device
    card = torch.cuda.get_device_properties(device)
    held = processes.gather([HeldDevice(processes.rank, socket.gethostname(), str(device), card.name, str(card.uuid))])
    refuse_one_card_for_two(held)
    rank_zero_info("\n".join(map(str, held)))
    return device


def refuse_one_card_for_two(held: Sequence[HeldDevice]) -> None:
    """
    Raises:
        ConfigError: two processes of a machine hold the same card.
    """
    first: dict[tuple[str, str], HeldDevice] = {}
    for one in held:
        other = first.setdefault((one.host, one.card), one)
        if other is not one:
            visible = os.environ.get("CUDA_VISIBLE_DEVICES", "not set")
            raise ConfigError(
                f"`trainer.devices`: {other} and process {one.rank} hold the same card. Start one process a card: "
                "`trainer.devices` (and SLURM's --ntasks-per-node) is their number on a machine, and "
                f"CUDA_VISIBLE_DEVICES ({visible}) has to leave all of them to each process."
            )
