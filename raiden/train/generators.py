"""The global random generators of a process, as plain values that a checkpoint may hold.

Nothing in raiden draws from them, but a user's callback may.
"""

import random
from typing import Any

import numpy as np
import torch


def generator_states() -> dict[str, Any]:
    """Where torch's (CPU), Python's and NumPy's generators stand."""
    name, keys, *rest = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": (name, np.asarray(keys).tolist(), *rest),
    }


def restore_generators(states: dict[str, Any]) -> None:
    """Puts them back to where they stood."""
    torch.set_rng_state(states["torch"])
    random.setstate(states["python"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
