"""The weights of a checkpoint, file or folder of shards, back into a policy, without a trainer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from raiden.core.errors import ConfigError
from raiden.policy.frozen import frozen_digests, refuse_other_frozen
from raiden.policy.loading import Policy
from raiden.policy.saved_state import load_rest, load_saved, load_shards, refuse_nonfinite, stored_shapes

_PREFIX = "model."
"""What the policy is called in the module that checkpoints are made of."""


def refuse_other_weights(own: Mapping[str, Tensor], stored: Mapping[str, Tensor]) -> None:
    """Compares the names and shapes of the weights that a checkpoint holds with those that there are.

    Raises:
        ConfigError: they are of another model.
    """
    wrong = [name for name, weight in stored.items() if name not in own or own[name].shape != weight.shape]
    if wrong:
        raise ConfigError(
            "`ckpt_path`: the checkpoint is of another model than `model.policy.path` and its `lora` give "
            f"({len(wrong)} weights differ, the first: {wrong[0]}); give the options of the run that wrote it."
        )


def restore_weights(policy: Policy, checkpoint: str | Path) -> None:
    """Fills an unsharded policy with the trained weights of a checkpoint.

    Raises:
        ConfigError: it is of another model, or was trained on another.
    """
    own = {_PREFIX + name: tensor for name, tensor in policy.model.state_dict().items()}
    stored = stored_shapes(checkpoint)
    trained = [_PREFIX + name for name, p in policy.model.named_parameters() if p.requires_grad]
    wrong = [name for name in trained if name not in stored or stored[name] != own[name].shape]
    if wrong:
        raise ConfigError(
            f"{checkpoint} is of another model: {len(wrong)} weights differ, the first: "
            f"{wrong[0].removeprefix(_PREFIX)}; give the configuration of the run that wrote it."
        )
    refuse_other_frozen(frozen_digests(policy), load_rest(checkpoint)["raiden"].get("frozen", {}), str(checkpoint))
    _read_into({name: tensor for name, tensor in own.items() if name in stored}, checkpoint)


def _read_into(tensors: dict[str, Tensor], checkpoint: str | Path) -> None:
    """In place, one after the other: no second copy of the model is in memory."""
    if Path(checkpoint).is_dir():
        load_shards({"state_dict": tensors}, checkpoint, no_dist=True)
        return
    state = load_saved(checkpoint)["state_dict"]
    refuse_nonfinite(state, checkpoint)
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(state[name])
