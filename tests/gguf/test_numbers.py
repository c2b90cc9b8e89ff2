"""What llama.cpp and transformers compute with a file, against the policy that was written."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from transformers import AutoModelForCausalLM

from raiden.core.errors import ConfigError
from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import PromptSettings
from raiden.packing import ATTENTION
from raiden.policy.adapters import LoraConfig, add_lora
from raiden.policy.gguf.check import ask_llama_cpp, read_again
from raiden.policy.sources import resolve_model
from tests.gguf.families import CONFIGS, SIZES, build, file_of


def agreement(policy, path, dtype="f32"):
    file = file_of(policy, dtype)
    file.write(path, lambda num_bytes: None)
    read_again(file, path)
    return ask_llama_cpp(file, path, ChatTemplate(policy.tokenizer, PromptSettings()))


@pytest.mark.parametrize("name", CONFIGS)
def test_llama_cpp_gives_each_family_the_log_probabilities_of_the_policy(name, tiny_tokenizer, tmp_path):
    found = agreement(build(CONFIGS[name], tiny_tokenizer), tmp_path / "x.gguf")
    # Of Gemma's activation llama.cpp has a table in float16.
    assert found.difference < (2e-3 if name.startswith("gemma") else 1e-4)
    assert found.gap == 0


@pytest.mark.parametrize(("dtype", "bound"), [("f16", 0.02), ("bf16", 0.2), ("q8_0", 0.3)])
def test_each_type_of_weights_stays_within_its_own_bound(dtype, bound, tiny_tokenizer, tmp_path):
    found = agreement(build(CONFIGS["qwen3"], tiny_tokenizer), tmp_path / "x.gguf", dtype)
    assert 0 < found.difference < bound


def test_rows_that_q8_0_cannot_cut_into_blocks_are_f16(tiny_tokenizer, tmp_path):
    config = type(CONFIGS["qwen2"])(**{**SIZES, "intermediate_size": 100})
    policy = build(config, tiny_tokenizer)
    kinds = {tensor.name: tensor.kind.name for tensor in file_of(policy, "q8_0").tensors}
    assert kinds["blk.0.ffn_down.weight"] == "F16"  # rows of 100
    assert kinds["blk.0.ffn_up.weight"] == "Q8_0"  # rows of 64
    assert kinds["blk.0.attn_q.bias"] == kinds["output_norm.weight"] == "F32"
    assert agreement(policy, tmp_path / "x.gguf", "q8_0").difference < 0.3


def test_adapters_are_merged(tiny_tokenizer, tmp_path):
    policy = build(CONFIGS["llama 3"], tiny_tokenizer)
    plain = deepcopy(policy.model.state_dict())
    policy.model = add_lora(policy.model, LoraConfig(rank=4))
    with torch.no_grad():
        for name, parameter in policy.model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    assert agreement(policy, tmp_path / "x.gguf").difference < 1e-4
    base = policy.model.get_base_model().state_dict()
    assert all(torch.equal(base[n], w) for n, w in plain.items() if n in base), "the policy stays as it was"


@pytest.mark.parametrize("name", CONFIGS)
def test_raiden_reads_the_same_model(name, tiny_tokenizer, tmp_path, monkeypatch):
    monkeypatch.setenv("RAIDEN_CACHE", str(tmp_path / "cache"))
    policy = build(CONFIGS[name], tiny_tokenizer)
    file_of(policy).write(tmp_path / "x.gguf", lambda num_bytes: None)
    if name in ("smollm3", "gemma"):
        with pytest.raises(ConfigError, match=f"architecture {name} is not supported"):
            resolve_model(str(tmp_path / "x.gguf"))
        return
    again = AutoModelForCausalLM.from_pretrained(
        resolve_model(str(tmp_path / "x.gguf")), dtype=torch.float32, attn_implementation=ATTENTION
    )
    tokens = torch.arange(3, 60)[None]
    with torch.no_grad():
        ours, theirs = (m(tokens, use_cache=False).logits.log_softmax(-1) for m in (policy.model, again))
    torch.testing.assert_close(theirs, ours, atol=1e-4, rtol=0)
