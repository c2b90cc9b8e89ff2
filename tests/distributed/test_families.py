"""Other families than the tiny Qwen2: sharded on two processes they compute what one does."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GemmaConfig, Lfm2Config, Qwen3MoeConfig

from raiden.policy import LoraConfig
from raiden.train.grpo import ObjectiveConfig, UpdateConfig
from tests.distributed.processes import in_processes
from tests.distributed.test_gradients import assert_same
from tests.distributed.training import Case, Trained, train_all
from tests.runs import write_samples_file

pytestmark = pytest.mark.slow
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "head_dim": 24,
    "initializer_range": 0.1,
    "max_position_embeddings": 8192,
}
CONFIGS = {
    "gemma": GemmaConfig(**SIZES, num_key_value_heads=1),
    # Its files hold each expert alone.
    "qwen3 moe": Qwen3MoeConfig(
        **SIZES, num_key_value_heads=2, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32
    ),
    # In separate rows.
    "lfm2": Lfm2Config(**{**SIZES, "num_key_value_heads": 2}, layer_types=["conv", "full_attention"]),
}
PARTS = UpdateConfig(prompts_per_update=2, num_iterations=2, micro_batch_tokens=200)
CASES = {
    "reference in parts": Case(steps=2, options={"objective": ObjectiveConfig(beta=0.1), "update": PARTS}),
    "lora checkpointing": Case(policy={"lora": LoraConfig(rank=4), "gradient_checkpointing": True}),
}


def write_model(name: str, tiny_folder: Path, folder: Path) -> Path:
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    config = CONFIGS[name]
    config.update(
        {
            "vocab_size": len(tokenizer),
            "bos_token_id": None,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        }
    )
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def train_families(models: Mapping[str, Path], samples: Path, folder: Path, num: int) -> dict[str, dict[str, Trained]]:
    """One start of the processes serves all families."""
    return {name: train_all(model, samples, folder, CASES, num) for name, model in models.items()}


def test_two_processes_compute_what_one_does(tiny_folder, tmp_path):
    models = {name: write_model(name, tiny_folder, tmp_path / name) for name in CONFIGS}
    arguments = (models, write_samples_file(tmp_path / "samples.json"), tmp_path)
    alone = train_families(*arguments, 1)
    for own in in_processes(2, train_families, *arguments, 2):
        for name, case in product(CONFIGS, CASES):
            assert any(g.abs().max() > 1e-4 for g in alone[name][case].gradients[0].values())
            assert_same(own[name][case], alone[name][case])
