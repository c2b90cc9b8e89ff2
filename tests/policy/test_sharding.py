"""A sharded policy is the one that transformers loads, and no process reads more of it than its own part."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor.debug import CommDebugMode
from transformers import AutoModelForCausalLM

from raiden.core.errors import ConfigError
from raiden.packing import ATTENTION
from raiden.policy import (
    LoraConfig,
    Placement,
    Policy,
    PolicyConfig,
    export_policy,
    frozen_digests,
    full_tensor,
    gathered,
    load_policy,
    nonfinite_weights,
    sharding,
    stream_weights,
)
from raiden.policy.loading import empty_model
from raiden.policy.sources import local_folder
from raiden.policy.weights import local_tensor
from tests.distributed.processes import in_processes

IDS = torch.tensor([[5, 6, 7, 8, 9, 60, 61]])
CPU = torch.device("cpu")
FULL, LORA = "full", "lora"


def look(folders: dict[str, Path], out: Path, num: int) -> dict[str, Any]:
    """Loads each model in shards and writes down what there is of it; as one of `num` processes."""
    torch.distributed.init_process_group("gloo", rank=int(os.environ["LOCAL_RANK"]))
    placement = Placement(CPU, init_device_mesh("cpu", (num,)))
    return {
        (name, kind): _facts(_counted(config, placement), out / f"{name} {kind} {num}")
        for name, folder in folders.items()
        for kind, config in {
            FULL: PolicyConfig(str(folder)),
            LORA: PolicyConfig(str(folder), lora=LoraConfig(4)),
        }.items()
    }


def _counted(config: PolicyConfig, placement: Placement) -> tuple[Policy, int]:
    """The policy, and how many numbers were read for it."""
    read_part, num_read = sharding._read_part, 0

    def counting(*arguments: Any) -> torch.Tensor:
        nonlocal num_read
        part = read_part(*arguments)
        num_read += part.numel()
        return part

    sharding._read_part = counting
    torch.manual_seed(3)
    torch.rand(placement.mesh.size())  # what was drawn before does not matter
    try:
        return load_policy(config, with_reference=False, placement=placement), num_read
    finally:
        sharding._read_part = read_part


def _facts(loaded: tuple[Policy, int], exported: Path) -> dict[str, Any]:
    policy, num_read = loaded
    rank = torch.distributed.get_rank()
    with torch.no_grad():
        logits = policy.model(input_ids=IDS, use_cache=False).logits
        with gathered(policy.model):
            # One process at a time: nobody waits for the others' weights.
            alone = policy.model(input_ids=IDS[:, : 3 + rank], use_cache=False).logits
        again = policy.model(input_ids=IDS, use_cache=False).logits
    export_policy(policy, exported, writes=rank == 0)
    with CommDebugMode() as collectives:
        streamed = {name: weight.clone() for name, weight in stream_weights(policy.model)}
    weights = {name: full_tensor(p).clone() for name, p in policy.model.named_parameters()}
    return {
        "frozen": frozen_digests(policy),
        "nonfinite": [nonfinite_weights(policy.model), _with_one_broken(policy.model)],
        "weights": weights,
        "streamed": streamed,
        "collectives": collectives.get_total_counts(),
        "buffers": dict(policy.model.named_buffers()),
        "num_read": num_read,
        "logits": logits,
        "alone": alone,
        "again": again,
        "stop": policy.model.generation_config.eos_token_id,
    }


def _with_one_broken(model: Any) -> list[str]:
    """What is found where the last process alone has a NaN, in its part of one weight."""
    parameter = next(p for name, p in model.named_parameters() if name.endswith("norm.weight"))
    if torch.distributed.get_rank() == torch.distributed.get_world_size() - 1:
        local_tensor(parameter)[-1] = math.nan
    return nonfinite_weights(model)


@pytest.fixture(scope="module")
def looks(tiny_folder, untied_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("exports")
    folders = {"tied": tiny_folder, "untied": untied_folder}
    return {num: in_processes(num, look, folders, out, num) for num in (1, 2)}, folders, out


@pytest.fixture(params=["tied", "untied"])
def name(request):
    return request.param


@pytest.mark.parametrize("num", [1, 2])
def test_sharded_weights_and_buffers_are_those_of_from_pretrained_bit_for_bit(looks, name, num):
    by_num, folders, _ = looks
    truth = AutoModelForCausalLM.from_pretrained(folders[name], attn_implementation=ATTENTION)
    for own in by_num[num]:
        facts = own[name, FULL]
        assert facts["weights"].keys() == dict(truth.named_parameters()).keys()
        assert all(torch.equal(facts["weights"][n], p) for n, p in truth.named_parameters())
        assert facts["buffers"].keys() == dict(truth.named_buffers()).keys()
        assert all(torch.equal(facts["buffers"][n], b) for n, b in truth.named_buffers())
        assert facts["stop"] == truth.generation_config.eos_token_id


def test_a_frozen_base_is_told_by_the_same_digest_sharded_or_not(looks, name):
    """So that a run goes on with adapters on another number of processes, and not on another base."""
    by_num, folders, _ = looks
    whole = load_policy(PolicyConfig(str(folders[name]), lora=LoraConfig(4)), with_reference=False)
    for own in (*by_num[1], *by_num[2]):
        assert own[name, LORA]["frozen"] == frozen_digests(whole)


@pytest.mark.parametrize("kind", [FULL, LORA])
def test_weights_go_to_the_engine_by_one_collective_a_layer(looks, name, kind):
    by_num, folders, _ = looks
    truth = AutoModelForCausalLM.from_pretrained(folders[name]).state_dict()
    for own in by_num[2]:
        facts = own[name, kind]
        assert facts["streamed"].keys() == truth.keys()
        assert all(torch.equal(weight, truth[n]) for n, weight in facts["streamed"].items())
        # Embeddings; two layers; norm and head, or the norm and once more the tied embeddings. One by one they were
        # 27, with adapters 55.
        assert facts["collectives"] == (5 if name == "tied" else 4)


@pytest.mark.parametrize("num", [1, 2])
def test_adapters_begin_alike_sharded_or_not(looks, name, num):
    by_num, folders, _ = looks
    torch.manual_seed(3)
    truth = load_policy(PolicyConfig(str(folders[name]), lora=LoraConfig(4)), with_reference=False).model
    adapters = [p for n, p in truth.named_parameters() if "lora_A" in n]
    assert all(p.std() > 0.05 for p in adapters)
    assert not torch.equal(adapters[0], adapters[1])
    for own in by_num[num]:
        weights = own[name, LORA]["weights"]
        assert weights.keys() == dict(truth.named_parameters()).keys()
        assert all(torch.equal(weights[n], p) for n, p in truth.named_parameters())


def test_each_process_reads_its_own_part_alone(looks, name):
    by_num, folders, _ = looks
    total = sum(p.numel() for p in AutoModelForCausalLM.from_pretrained(folders[name]).parameters())
    for kind in (FULL, LORA):
        parts = [own[name, kind]["num_read"] for own in by_num[2]]
        assert sum(parts) == total
        assert max(parts) < 0.51 * total


@pytest.mark.parametrize("num", [1, 2])
def test_sharded_gathered_and_whole_models_compute_the_same(looks, name, num):
    by_num, folders, _ = looks
    truth = AutoModelForCausalLM.from_pretrained(folders[name], attn_implementation="sdpa")
    with torch.no_grad():
        logits = truth(input_ids=IDS).logits
    for rank, own in enumerate(by_num[num]):
        for kind in (FULL, LORA):  # new adapters change nothing
            torch.testing.assert_close(own[name, kind]["logits"], logits, rtol=0, atol=1e-4)
            torch.testing.assert_close(own[name, kind]["again"], logits, rtol=0, atol=1e-4)
            torch.testing.assert_close(own[name, kind]["alone"], logits[:, : 3 + rank], rtol=0, atol=1e-4)


@pytest.mark.parametrize("num", [1, 2])
@pytest.mark.parametrize("kind", [FULL, LORA])
def test_all_processes_know_which_weight_is_broken_on_one(looks, name, kind, num):
    by_num, _, _ = looks
    for own in by_num[num]:
        assert own[name, kind]["nonfinite"] == [[], ["model.layers.0.input_layernorm.weight"]]


@pytest.mark.parametrize("num", [1, 2])
def test_exports_of_sharded_policies_are_the_folders_they_came_from(looks, name, num):
    _, folders, out = looks
    truth = AutoModelForCausalLM.from_pretrained(folders[name])
    for kind in (FULL, LORA):
        exported = AutoModelForCausalLM.from_pretrained(out / f"{name} {kind} {num}")
        assert all(torch.equal(p, q) for p, q in zip(exported.parameters(), truth.parameters(), strict=True))
        assert exported.generation_config.eos_token_id == truth.generation_config.eos_token_id


def test_an_empty_model_has_no_memory_but_for_its_buffers(untied_folder):
    model = empty_model(str(untied_folder), torch.float32)
    assert all(p.is_meta for p in model.parameters())
    assert not any(b.is_meta for b in model.buffers())


@pytest.fixture
def broken(tiny_folder, tmp_path):
    """The tiny model with changed weights."""

    def change(how) -> Path:
        folder = tmp_path / "broken"
        shutil.copytree(tiny_folder, folder)
        weights = load_file(folder / "model.safetensors")
        how(weights)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return folder

    return change


def load(folder: Path) -> None:
    sharding.load_shards(empty_model(str(folder), torch.float32), folder, CPU)


def test_a_weight_that_is_missing_is_named(broken):
    folder = broken(lambda weights: weights.pop("model.norm.weight"))
    with pytest.raises(ConfigError, match=r"`model\.policy\.path`: .* has no weight model\.norm\.weight"):
        load(folder)


def test_a_weight_of_another_shape_is_named(broken):
    folder = broken(lambda weights: weights.update({"model.norm.weight": torch.ones(3)}))
    with pytest.raises(
        ConfigError, match=r"has model\.norm\.weight of shape \(3,\), the model's config asks for \(64,\)"
    ):
        load(folder)


def test_a_folder_without_safetensors_is_told(tiny_folder, tmp_path):
    shutil.copy(tiny_folder / "config.json", tmp_path)
    with pytest.raises(ConfigError, match=r"has no model\.safetensors.*; save the model as safetensors"):
        load(tmp_path)


def test_a_model_that_does_not_name_its_layers_is_refused(tiny_model):
    tiny_model._no_split_modules = None
    with pytest.raises(ConfigError, match=r"Qwen2ForCausalLM does not say .* train it on one device"):
        sharding.shard(tiny_model, None, None)


def test_a_hub_id_is_read_from_the_hubs_own_cache(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    cached = tmp_path / "models--someone--tiny"
    shutil.copytree(tiny_folder, cached / "snapshots" / "0123abc")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0123abc")
    folder = local_folder("someone/tiny")
    assert Path(folder) == cached / "snapshots" / "0123abc"
    assert json.loads((Path(folder) / "config.json").read_text())["model_type"] == "qwen2"
    assert local_folder(str(tiny_folder)) == str(tiny_folder)
