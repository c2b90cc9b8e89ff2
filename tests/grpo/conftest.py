from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from raiden.packing import ATTENTION


def nudged(folder: Path, attention: str, phase: float) -> PreTrainedModel:
    """The tiny model with weights a little different, so that ratios and divergences are not trivial."""
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention)
    with torch.no_grad():
        for parameter in model.parameters():
            wave = torch.sin(torch.arange(parameter.numel()) + phase).view_as(parameter)
            parameter.add_(wave, alpha=0.02)
    return model


@pytest.fixture
def old_model(tiny_folder: Path) -> PreTrainedModel:
    """The policy that sampled, some steps ago."""
    return nudged(tiny_folder, ATTENTION, 0.0)


@pytest.fixture
def plain_old_model(tiny_folder: Path) -> PreTrainedModel:
    return nudged(tiny_folder, "sdpa", 0.0)


@pytest.fixture
def reference(tiny_folder: Path) -> PreTrainedModel:
    return nudged(tiny_folder, ATTENTION, 1.0)


@pytest.fixture
def plain_reference(tiny_folder: Path) -> PreTrainedModel:
    return nudged(tiny_folder, "sdpa", 1.0)
