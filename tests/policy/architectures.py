"""Families of causal language models, each as a tiny random one with every kind of layer and window that it has."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig

from raiden.policy.tiny import tiny_config

_CONV = {"layer_types": ["conv", "full_attention"] * 2, "num_hidden_layers": 4}
_LINEAR = {"layer_types": ["linear_attention", "full_attention"], "num_hidden_layers": 2}
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "Apertus": ("apertus", {}),
    "Arcee": ("arcee", {}),
    "Bamba": ("bamba", {"attn_layer_indices": [1]}),
    "BitNet": ("bitnet", {}),
    "BLOOM": ("bloom", {}),
    "Cohere (Command R)": ("cohere", {}),
    "Cohere 2 (Command A)": ("cohere2", {}),
    "DeepSeek V3": ("deepseek_v3", {}),
    "ERNIE 4.5": ("ernie4_5", {}),
    "EXAONE 4": ("exaone4", {}),
    "Falcon": ("falcon", {}),
    "Falcon H1": ("falcon_h1", {}),
    "Falcon Mamba": ("falcon_mamba", {}),
    "Gemma": ("gemma", {}),
    "Gemma 2": ("gemma2", {}),
    "Gemma 3": ("gemma3_text", {}),
    "GLM-4": ("glm4", {}),
    "GLM-4.5 MoE": ("glm4_moe", {}),
    "GPT-2": ("gpt2", {}),
    "GPT-NeoX (Pythia)": ("gpt_neox", {}),
    "gpt-oss": ("gpt_oss", {}),
    "Granite": ("granite", {"attention_multiplier": 0.2, "logits_scaling": 8.0}),
    "Granite MoE": ("granitemoe", {}),
    "Helium": ("helium", {}),
    "Jamba": ("jamba", {"attn_layer_period": 2, "attn_layer_offset": 1}),
    "LFM2": ("lfm2", _CONV),
    "Llama 2": ("llama", {"num_key_value_heads": 32}),
    "Llama 3": ("llama", {"num_key_value_heads": 8}),
    "Mamba": ("mamba", {}),
    "Mamba 2": ("mamba2", {}),
    "Ministral": ("ministral3", {}),
    "Mistral": ("mistral", {"sliding_window": None}),
    "Mistral with a window": ("mistral", {"sliding_window": 4096}),
    "Mixtral": ("mixtral", {}),
    "Nemotron-H": ("nemotron_h", {}),
    "OLMo": ("olmo", {}),
    "OLMo 2": ("olmo2", {}),
    "OLMo 3": ("olmo3", {}),
    "OLMoE": ("olmoe", {}),
    "OPT": ("opt", {}),
    "Phi": ("phi", {}),
    "Phi-3": ("phi3", {"sliding_window": None}),
    "Qwen2, Qwen2.5": ("qwen2", {}),
    "Qwen2 MoE": ("qwen2_moe", {}),
    "Qwen3": ("qwen3", {}),
    "Qwen3 MoE": ("qwen3_moe", {}),
    "Qwen3 Next": ("qwen3_next", {**_LINEAR}),
    "Qwen3.5": ("qwen3_5_text", {**_LINEAR}),
    "Seed-OSS": ("seed_oss", {}),
    "SmolLM3": ("smollm3", {}),
    "StableLM": ("stablelm", {}),
    "StarCoder 2": ("starcoder2", {}),
}
"""By the name that the table of docs/models.md has: `model_type`, and what of its config is not the default."""


def tiny(name: str) -> Any:
    model_type, options = ARCHITECTURES[name]
    return tiny_config(AutoConfig.for_model(model_type, **options))
