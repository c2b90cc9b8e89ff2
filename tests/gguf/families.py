"""One tiny random model of each family that is written as GGUF, with what of it llama.cpp has to be told."""

from __future__ import annotations

from copy import deepcopy

import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    GemmaConfig,
    LlamaConfig,
    MistralConfig,
    Phi3Config,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
    Qwen2Config,
    Qwen3Config,
    SmolLM3Config,
)

from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import PromptSettings
from raiden.packing import ATTENTION
from raiden.policy import Policy
from raiden.policy.gguf import GgufFile, GgufType
from tests.prefix_tree.families import LLAMA_3_ROPE, YARN

SIZES = {
    "vocab_size": 320,  # 20 more than there are tokens
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 2,
}
GEMMA = {**SIZES, "head_dim": 32, "num_hidden_layers": 6, "initializer_range": 0.1}
# With windows shorter than the prompt.
WINDOWS = {"sliding_window": 16, "query_pre_attn_scalar": 32}
LONGROPE = {
    "rope_type": "longrope",
    "rope_theta": 10_000.0,
    "short_factor": [1.0, 1.1, 1.2, 1.3, 1.5, 1.7, 2.0, 2.5],
    "long_factor": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
    "original_max_position_embeddings": 512,
}
CONFIGS: dict[str, PreTrainedConfig] = {
    "llama": LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True, tie_word_embeddings=False),
    "llama 3": LlamaConfig(**SIZES, rope_parameters=LLAMA_3_ROPE, tie_word_embeddings=True),
    "llama, linear": LlamaConfig(**SIZES, rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 1e4}),
    "mistral": MistralConfig(**SIZES, sliding_window=None, head_dim=24),
    "smollm3": SmolLM3Config(**{**SIZES, "num_hidden_layers": 4}),
    "qwen2": Qwen2Config(**SIZES, tie_word_embeddings=True),
    "qwen2, yarn": Qwen2Config(**SIZES, rope_parameters=YARN),
    "qwen3": Qwen3Config(**SIZES, head_dim=32),
    "phi3": Phi3Config(**SIZES, sliding_window=None),
    "phi3, longrope": Phi3Config(
        **{**SIZES, "max_position_embeddings": 2048},
        sliding_window=None,
        rope_parameters=LONGROPE,
        original_max_position_embeddings=512,
    ),
    "gemma": GemmaConfig(**GEMMA),
    "gemma 2": Gemma2Config(**GEMMA, **WINDOWS, attn_logit_softcapping=5.0, final_logit_softcapping=10.0),
    "gemma 3": Gemma3TextConfig(**GEMMA, **WINDOWS),
}


def build(config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase) -> Policy:
    """A policy of random weights, biases and norms included."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(deepcopy(config), attn_implementation=ATTENTION)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return Policy(model.eval(), tokenizer, None)


def file_of(policy: Policy, dtype: GgufType = "f32", settings: PromptSettings = PromptSettings()) -> GgufFile:
    return GgufFile(policy, dtype, ChatTemplate(policy.tokenizer, settings), "tiny")
