"""Every configuration that is shipped: it parses, its parts can be made, and it fits where it says that it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from raiden.__main__ import main
from tests.runs import ROOT

CONFIGS = ROOT / "configs"
DATA = Path(__file__).parent / "data"
ON_GPUS = {
    "qwen14b_fsdp": ("14b", 80),
    "qwen7b_fsdp": ("7b", 80),
    "qwen14b_lora_1gpu": ("14b", 80),
    "qwen14b_lora_48gb": ("14b", 48),
    "qwen7b_qlora_24gb": ("7b", 24),
}
"""And the model config of each, and the GiB of its GPUs."""
ON_CPU = ("quickstart", "vllm_cpu")
ON_TRL = ("openr1_qwen14b", "openr1_laptop", "openr1_recipe")
"""Of `raiden trl`; tested in trl_route."""
ELSEWHERE = ("easyr1_qwen14b",)
"""Of other trainers; tested in verl_route."""
ON_SFT = ("sft", "qwen14b_sft_fsdp")
"""Tested with `raiden sft`."""


def config(name: str) -> dict[str, Any]:
    return yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))


def plan(capsys: pytest.CaptureFixture[str], name: str, *more: str) -> dict[str, Any]:
    # The plan parses with the parser of `raiden fit`, and makes the module, the engine and the data from it.
    code = main(["plan", f"--config={CONFIGS / name}.yaml", "--json", *more])
    printed = capsys.readouterr()
    assert code in (0, 1), printed.err
    return json.loads(printed.out)


def test_no_config_is_left_out():
    assert {path.stem for path in CONFIGS.glob("*.yaml")} == {*ON_GPUS, *ON_CPU, *ON_TRL, *ON_SFT, *ELSEWHERE}


@pytest.mark.parametrize("name", ON_GPUS)
def test_a_config_for_gpus_fits_them(name, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    model, gib = ON_GPUS[name]
    file = f"--model_config={DATA / f'qwen2.5-{model}-instruct.json'}"
    planned = plan(capsys, name, file, f"--gpu_memory={gib}")
    assert planned["verdict"] == "fits"
    assert planned["advice"] is None
    assert planned["processes"]["num"] == config(name)["trainer"]["devices"]
    assert planned["processes"]["on_gpu"]


@pytest.mark.parametrize("name", ON_CPU)
def test_a_config_for_a_laptop_is_planned_for_its_cpu(name, tiny_folder, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    planned = plan(capsys, name, f"--model.policy.path={tiny_folder}", "--gpu_memory=8")
    assert planned["processes"] == {"num": 1, "on_gpu": False, "shards": None}
    assert planned["workload"]["steps"] == config(name)["trainer"]["limit_train_batches"]


def test_the_14b_run_is_the_papers(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    own = config("qwen14b_fsdp")
    assert own["model"]["optimizer"] == {"lr": 3e-6, "schedule": "cosine"}
    assert own["model"]["num_generations"] == 4
    assert own["data"]["batch_size"] == 8 * 4 * 2
    assert own["trainer"]["max_epochs"] == 1
    planned = plan(capsys, "qwen14b_fsdp", f"--model_config={DATA / 'qwen2.5-14b-instruct.json'}")
    samples = json.loads((ROOT / own["data"]["train_file"]).read_text(encoding="utf-8"))
    assert planned["workload"]["num_prompts"] == len(samples)
    assert planned["workload"]["steps"] == -(-len(samples) // 64)
    assert planned["model"]["parameters"] == planned["model"]["trained"] == 14_770_033_664


def test_the_14b_run_does_not_fit_gpus_of_half_the_size(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    file = f"--model_config={DATA / 'qwen2.5-14b-instruct.json'}"
    planned = plan(capsys, "qwen14b_fsdp", file, "--gpu_memory=40")
    assert planned["verdict"] == "does not fit"
    assert planned["advice"]


def test_the_vllm_config_is_the_quickstart_with_another_engine():
    quickstart, vllm = config("quickstart"), config("vllm_cpu")
    engine = vllm["model"].pop("engine")
    assert engine["class_path"] == "raiden.rollout.engines.VLLMEngine"
    quickstart["trainer"]["logger"]["init_args"]["name"] = "vllm_cpu"
    assert vllm == quickstart
