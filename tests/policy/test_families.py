"""Models that the packed tree does not compute are refused by name, with the reason."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig

from raiden.core.errors import ConfigError
from raiden.policy import PolicyConfig, load_policy
from raiden.policy.families import PROVEN, refuse_unsupported
from tests.prefix_tree.families import CONFIGS

ROTARY = {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0}
REFUSED = {
    "a window in each layer": ("mistral", {"sliding_window": 4096}, "has a sliding window"),
    "windows in some layers": ("gemma3_text", {}, "has layers with sliding_attention"),
    "windows below a picture's model": ("gemma3", {}, "has layers with sliding_attention"),
    "a window that is switched on": (
        "qwen2", {"use_sliding_window": True, "max_window_layers": 1}, "has layers with sliding_attention",
    ),
    "capped scores": ("gemma2", {"layer_types": ["full_attention"] * 26}, "caps its attention scores"),
    "capped logits": ("qwen2", {"final_logit_softcapping": 30.0}, "logits behind the head .final_logit_softcapping."),
    "scaled logits": ("granite", {"logits_scaling": 8.0}, "logits behind the head .logits_scaling."),
    "linear attention": ("qwen3_next", {}, "has layers with linear_attention"),
    "state spaces": ("mamba", {}, "has layers with linear_attention"),
    "state spaces, second": ("mamba2", {}, "has layers with linear_attention"),
    "no position ids": ("bloom", {}, "reads positions off the place in the row .ALiBi."),
    "no position ids, as an option": ("falcon", {"alibi": True}, "reads positions off the place in the row .ALiBi."),
    "frequencies of the batch": ("llama", {"rope_parameters": ROTARY}, "longest row of a batch .rope_type dynamic."),
    "attention sinks": ("gpt_oss", {"layer_types": ["full_attention"] * 36, "num_local_experts": 0}, "sinks"),
    "an encoder-decoder": ("t5", {}, "is an encoder-decoder"),
    "experts": ("qwen3_moe", {}, "routes each token to experts"),
    "other experts": ("mixtral", {}, "routes each token to experts"),
    "never compared": ("stablelm", {}, "is not among the architectures whose packed rows are proven"),
}  # fmt: skip


@pytest.mark.parametrize(("model_type", "options", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_model_that_would_be_computed_wrongly_is_refused_by_name(model_type, options, reason):
    config = AutoConfig.for_model(model_type, **options)
    with pytest.raises(ConfigError, match=rf"`model\.policy\.path`: {model_type} .*{reason}.*; take another model"):
        refuse_unsupported(config)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_proven_family_is_let_in(name):
    assert CONFIGS[name].model_type in PROVEN
    refuse_unsupported(CONFIGS[name])


@pytest.mark.parametrize("options", [{"use_sliding_window": False, "sliding_window": 4096}, {}])
def test_a_window_that_is_switched_off_is_none(options):
    refuse_unsupported(AutoConfig.for_model("qwen2", **options))


@pytest.mark.skipif(torch.cuda.is_available(), reason="refused where there is no GPU")
def test_flex_attention_is_refused_where_it_cannot_learn(tiny_folder):
    with pytest.raises(ConfigError, match=r"`model\.policy\.attention`: flex .*; set it to sdpa"):
        load_policy(PolicyConfig(str(tiny_folder), attention="flex"), with_reference=False)
