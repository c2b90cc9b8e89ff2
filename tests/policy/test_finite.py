"""Weights and optimizer states that are no numbers are found and named."""

from __future__ import annotations

import math
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from raiden.core.errors import ConfigError
from raiden.policy import LoraConfig, PolicyConfig, load_policy, nonfinite_of, nonfinite_states, nonfinite_weights

LAYER = "model.layers.1.mlp.down_proj.weight"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_single_number_that_is_none_is_found_in_any_place(dtype, value):
    for place in (0, 1000, 4095):
        weight = torch.linspace(-1, 1, 4096, dtype=dtype)
        assert nonfinite_of([("a", weight)]) == []
        weight[place] = value
        largest = torch.full((64, 64), torch.finfo(dtype).max, dtype=dtype)  # whose sum is infinite
        tensors = {"largest": largest, "weight": weight, "empty": weight[:0], "seen across": weight.view(64, 64).T}
        assert nonfinite_of(tensors.items()) == ["weight", "seen across"]


def test_nothing_at_all_is_finite(tiny_model):
    assert nonfinite_of([]) == []
    assert nonfinite_states(tiny_model, torch.optim.AdamW(tiny_model.parameters())) == []


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("lora", [None, LoraConfig(rank=4)], ids=["full", "lora"])
def test_a_folder_with_a_single_nan_is_refused_by_the_name_of_the_weight(tiny_folder, tmp_path, dtype, lora):
    folder = tmp_path / "broken"
    shutil.copytree(tiny_folder, folder)
    weights = load_file(folder / "model.safetensors")
    weights[LAYER][5, 7] = math.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError, match=rf"`model\.policy\.path`: .*broken .*\(1 weights, the first: {LAYER}\)"):
        load_policy(PolicyConfig(str(folder), dtype=dtype, lora=lora), with_reference=False)


def test_adapters_that_broke_are_named_too(tiny_folder):
    model = load_policy(PolicyConfig(str(tiny_folder), lora=LoraConfig(rank=4)), with_reference=False).model
    broken = dict(model.named_parameters())["base_model.model.model.layers.0.mlp.up_proj.lora_B.default.weight"]
    with torch.no_grad():
        broken[3, 1] = math.inf
    assert nonfinite_weights(model) == ["model.layers.0.mlp.up_proj.lora_B.default.weight"]


def test_a_square_that_overflowed_in_the_optimizer_is_found(tiny_model):
    # The gradient is finite and the weights stay so: this one would just never move again.
    optimizer = torch.optim.AdamW(tiny_model.parameters())
    for parameter in tiny_model.parameters():
        parameter.grad = torch.ones_like(parameter)
    tiny_model.get_parameter(LAYER).grad[5, 7] = 1e30
    optimizer.step()
    assert nonfinite_weights(tiny_model) == []
    assert nonfinite_states(tiny_model, optimizer) == [f"exp_avg_sq of {LAYER}"]
