"""The weights of a checkpoint, file or folder of shards, back into a policy, without a trainer."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributed import checkpoint as shards

from raiden.errors import ConfigError
from raiden.policy.loading import Policy

_PREFIX = "model."
"""What the policy is called in the module that checkpoints are made of."""


def restore_weights(policy: Policy, checkpoint: str | Path) -> None:
    """Fills an unsharded policy with the trained weights of a checkpoint.

    Raises:
        ConfigError: it is of another model.
    """
    own = {_PREFIX + name: tensor for name, tensor in policy.model.state_dict().items()}
    stored = _stored_shapes(checkpoint)
    trained = [_PREFIX + name for name, p in policy.model.named_parameters() if p.requires_grad]
    wrong = [name for name in trained if name not in stored or stored[name] != own[name].shape]
    if wrong:
        raise ConfigError(
            f"{checkpoint} is of another model: {len(wrong)} weights differ, the first: "
            f"{wrong[0].removeprefix(_PREFIX)}; give the configuration of the run that wrote it."
        )
    _read_into({name: tensor for name, tensor in own.items() if name in stored}, checkpoint)


def _stored_shapes(checkpoint: str | Path) -> dict[str, torch.Size]:
    if not Path(checkpoint).is_dir():
        return {name: tensor.shape for name, tensor in _state_dict(checkpoint).items()}
    entries: Any = shards.FileSystemReader(checkpoint).read_metadata().state_dict_metadata
    prefix = "state_dict."
    return {name.removeprefix(prefix): entry.size for name, entry in entries.items() if name.startswith(prefix)}


def _state_dict(checkpoint: str | Path) -> dict[str, Tensor]:
    return torch.load(checkpoint, map_location="cpu", mmap=True, weights_only=False)["state_dict"]


def _read_into(tensors: dict[str, Tensor], checkpoint: str | Path) -> None:
    """In place, one after the other: no second copy of the model is in memory."""
    if Path(checkpoint).is_dir():
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="torch.distributed is disabled")
            shards.load({"state_dict": tensors}, checkpoint_id=checkpoint, no_dist=True)
        return
    state = _state_dict(checkpoint)
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(state[name])
