"""How a model's passes are computed is found by trying a tiny copy; where none can be made nothing is shared."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import AutoConfig

from raiden.core.errors import ConfigError
from raiden.packing import Packing, scoring
from raiden.policy import PolicyConfig, load_policy, sharing
from raiden.policy.sharing import find_sharing
from raiden.policy.tiny import tiny_config, tiny_model
from tests.prefix_tree.families import CONFIGS

DYNAMIC = {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0, "original_max_position_embeddings": 4096}


@pytest.mark.parametrize("name", CONFIGS)
def test_models_that_the_tree_computes_share(name):
    assert find_sharing(CONFIGS[name]) == sharing.Sharing(Packing.SHARED)


@pytest.mark.parametrize("options", [{"use_sliding_window": False, "sliding_window": 4096}, {}])
def test_a_window_that_is_switched_off_is_none(options):
    assert find_sharing(AutoConfig.for_model("qwen2", **options)).packing is Packing.SHARED


@pytest.mark.parametrize(
    ("model_type", "options", "reason"),
    [("t5", {}, "is an encoder-decoder"), ("bert", {}, "see those behind them")],
)
def test_what_is_no_causal_language_model_is_refused(model_type, options, reason):
    with pytest.raises(ConfigError, match=rf"`model\.policy\.path`: {model_type}.* {reason}"):
        find_sharing(AutoConfig.for_model(model_type, **options))


def test_rotary_frequencies_of_the_longest_row_leave_each_length_to_itself():
    found = find_sharing(AutoConfig.for_model("llama", rope_parameters=DYNAMIC, max_position_embeddings=8))
    assert found.packing is Packing.ALONE
    assert found.reason


def test_where_no_copy_can_be_tried_nothing_is_shared(monkeypatch):
    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(sharing, "tiny_model", broken)
    found = find_sharing(CONFIGS["qwen2"])
    assert (found.packing, found.attention) == (Packing.ALONE, "eager")
    assert "RuntimeError" in found.reason


def test_capped_scores_are_left_to_the_attention_that_caps_them():
    """Of transformers' own ones the fused kernel leaves the cap out."""
    small = tiny_config(AutoConfig.for_model("gemma2"))
    ids = torch.arange(12)[None] + 3
    with torch.no_grad():
        eager, fused = (tiny_model(small, name).eval()(input_ids=ids).logits for name in ("eager", "sdpa"))
    assert (eager - fused).abs().max() > 1e-2
    assert find_sharing(small).packing is Packing.SHARED


@pytest.mark.parametrize("model_type", ["mistral", "gemma2", "gemma3_text", "gpt_oss"])
@pytest.mark.parametrize("by", [-1, 1])
def test_a_window_that_is_wrong_by_one_is_found_out(monkeypatch, model_type, by):
    right = scoring.window_mask
    monkeypatch.setattr(
        scoring, "window_mask", lambda length, before, window, device: right(length, before, window + by, device)
    )
    found = find_sharing(AutoConfig.for_model(model_type))
    assert found.packing is not Packing.SHARED
    assert found.reason == "its attention is none that the prefix tree computes"


@pytest.mark.parametrize("left_out", [{"cap": None}, {"sinks": None}])
def test_caps_and_sinks_that_are_left_out_are_found_out(monkeypatch, left_out):
    right = scoring.Scoring.weights
    monkeypatch.setattr(
        scoring.Scoring, "weights", lambda own, scores, hidden: right(replace(own, **left_out), scores, hidden)
    )
    found = find_sharing(AutoConfig.for_model("gemma2" if "cap" in left_out else "gpt_oss"))
    assert found.packing is not Packing.SHARED


@pytest.mark.skipif(torch.cuda.is_available(), reason="refused where there is no GPU")
def test_flex_attention_is_refused_where_it_cannot_learn(tiny_folder):
    with pytest.raises(ConfigError, match=r"`model\.policy\.attention`: flex .*; set it to sdpa"):
        load_policy(PolicyConfig(str(tiny_folder), attention="flex"), with_reference=False)
