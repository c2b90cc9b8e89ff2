"""One tiny random model of each family that is supported, and a tree of three levels to try it on."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GemmaConfig,
    Glm4Config,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Phi3Config,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
    SmolLM3Config,
)

from raiden.packing import ATTENTION, Layout, TreeAttention, pack
from tests.padded import padded_logps

SIZES = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "initializer_range": 0.3,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": None,
}
# With an original length of 32 all three ranges of frequencies (kept, blended, slowed down) occur.
LLAMA_3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
YARN = {"rope_type": "yarn", "rope_theta": 10_000.0, "factor": 4.0, "original_max_position_embeddings": 16}
CONFIGS: dict[str, PreTrainedConfig] = {
    "qwen2": Qwen2Config(**SIZES, num_key_value_heads=2, tie_word_embeddings=True),
    "qwen2, yarn": Qwen2Config(**SIZES, num_key_value_heads=2, max_position_embeddings=64, rope_parameters=YARN),
    "qwen3": Qwen3Config(**SIZES, num_key_value_heads=1, head_dim=16),
    "llama 2": LlamaConfig(**SIZES, num_key_value_heads=4, attention_bias=True, attention_dropout=0.5),
    "llama 3": LlamaConfig(**SIZES, num_key_value_heads=2, rope_parameters=LLAMA_3_ROPE),
    "mistral": MistralConfig(**SIZES, num_key_value_heads=2, sliding_window=None),
    "gemma": GemmaConfig(**SIZES, num_key_value_heads=1, head_dim=16),
    "gemma 3, global": Gemma3TextConfig(
        **SIZES, num_key_value_heads=1, head_dim=16, layer_types=["full_attention"] * 2, query_pre_attn_scalar=9
    ),
    "smollm3": SmolLM3Config(**SIZES, num_key_value_heads=2, no_rope_layers=[1, 0]),
    "phi3": Phi3Config(**SIZES, num_key_value_heads=2, sliding_window=None),
    "glm4": Glm4Config(**SIZES, num_key_value_heads=2, head_dim=16),
    "gpt2": GPT2Config(**SIZES, n_positions=64, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0),
}
# Three levels: a profile of 18 tokens, a question of 17 that two prompts share, another question; completions of
# different lengths, some with the same beginning.
PROFILE = [(7 * i) % 47 + 1 for i in range(18)]
QUESTION = [(5 * i) % 43 + 2 for i in range(17)]
PROMPTS = [[*PROFILE, *QUESTION, 3], [*PROFILE, *QUESTION, 4, 9, 9], [*PROFILE, 11, 12], [13, 14, 15]]
COMPLETIONS = [
    [[1, 2, 3, 4, 5], [1, 2, 9]],
    [[6], [6, 10]],
    [[7, 8], [7, 8, 7], [30, 31, 32, 33]],
    [[20, 21], [22, 23]],
]
PAIRS = [(prompt, c) for prompt, group in zip(PROMPTS, COMPLETIONS, strict=True) for c in group]
TREE = pack([[*prompt, *completion] for prompt, completion in PAIRS], min_saved=1)


def build(name: str, seed: int = 0) -> tuple[PreTrainedModel, PreTrainedModel]:
    """The same random weights, biases and norms included, with the tree's attention and with plain sdpa."""
    torch.manual_seed(seed)
    # A copy each: a model reads its attention from the config it was given.
    tree = AutoModelForCausalLM.from_config(deepcopy(CONFIGS[name]), attn_implementation=ATTENTION)
    with torch.no_grad():
        for parameter in tree.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    plain = AutoModelForCausalLM.from_config(deepcopy(CONFIGS[name]), attn_implementation="sdpa")
    plain.load_state_dict(tree.state_dict())
    return tree.train(), plain.eval()


def packed_logps(model: PreTrainedModel, layout: Layout) -> list[Tensor]:
    """Log-probabilities of each completion's tokens, in the order of PAIRS.

    Args:
        layout: TREE, or what is wrong in it.
    """
    logits = model(
        input_ids=torch.tensor([layout.token_ids]),
        position_ids=torch.tensor([layout.position_ids]),
        use_cache=False,
        tree=TreeAttention(layout, torch.device("cpu")),
    ).logits[0]
    logps = []
    for path, (prompt, completion) in zip(TREE.paths(), PAIRS, strict=True):
        predictors, targets = path[len(prompt) - 1 : -1], torch.tensor(completion)
        logps.append(logits[predictors].log_softmax(-1).gather(1, targets[:, None])[:, 0])
    return logps


def largest_difference(tree: PreTrainedModel, plain: PreTrainedModel, layout: Layout = TREE) -> tuple[float, float]:
    """Of the log-probabilities, and of each parameter's gradient as a share of its largest entry.

    The gradients are those of a sum in which every token has a weight of its own.
    """
    ours, truth = packed_logps(tree, layout), padded_logps(plain, PAIRS)
    weights = torch.linspace(-1, 1, sum(len(c) for _, c in PAIRS))
    (torch.cat(ours) * weights).sum().backward()
    (torch.cat(truth) * weights).sum().backward()
    gradients = [
        (a.grad, b.grad) for a, b in zip(tree.parameters(), plain.parameters(), strict=True) if b.requires_grad
    ]
    assert gradients
    logps = (torch.cat(ours) - torch.cat(truth)).abs().max().item()
    return logps, max(((a - b).abs().max() / b.abs().max()).item() for a, b in gradients)
