"""The pass of packed weights against the model's own, and when it is taken; rows that are one until they part."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from transformers import AutoModelForCausalLM

from raiden.packing import ATTENTION
from raiden.rollout.engines import SamplingConfig, blocks, direct, transformers
from raiden.rollout.engines.direct import computes_directly
from tests.engines.test_transformers_engine import PROMPTS, SEEDS, start, tokens
from tests.prefix_tree.families import CONFIGS

LONG = SamplingConfig(temperature=0.7, max_tokens=24)
DIRECT = {"qwen2", "qwen2, yarn", "qwen3", "llama 2", "llama 3", "mistral"}


def windowed(window: int):
    config = deepcopy(CONFIGS["mistral"])
    config.sliding_window = window
    return config


@pytest.mark.parametrize("name", CONFIGS)
def test_a_model_is_computed_directly_where_a_small_copy_of_it_says_so(name):
    model = AutoModelForCausalLM.from_config(deepcopy(CONFIGS[name]), attn_implementation=ATTENTION)
    assert computes_directly(model) == (name in DIRECT)


def test_a_name_is_no_reason_to_be_computed_directly():
    # SmolLM3 has the modules of Llama, but some of its layers leave out the rotation.
    model = AutoModelForCausalLM.from_config(deepcopy(CONFIGS["smollm3"]), attn_implementation=ATTENTION)
    assert direct.looks_direct(model)
    assert not computes_directly(model)


@pytest.mark.parametrize("config", [*(CONFIGS[name] for name in sorted(DIRECT)), windowed(9)], ids=str)
def test_completions_of_packed_weights_are_those_of_the_models_own_pass(config, tiny_tokenizer, monkeypatch):
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(deepcopy(config), attn_implementation=ATTENTION)
    prompts = [[token % 50 for token in prompt] for prompt in PROMPTS]
    ours = start(model, tiny_tokenizer).generate(prompts, SEEDS, LONG)
    monkeypatch.setattr(transformers, "computes_directly", lambda model: False)
    theirs = start(model, tiny_tokenizer).generate(prompts, SEEDS, LONG)
    assert tokens(ours) == tokens(theirs)
    for one, other in zip((c for g in ours for c in g), (c for g in theirs for c in g), strict=True):
        torch.testing.assert_close(one.sampling_logps, other.sampling_logps, rtol=0, atol=1e-5)


def test_weights_are_packed_once_until_they_change_or_the_engine_sleeps(tiny_model, tiny_tokenizer, monkeypatch):
    made = []
    monkeypatch.setattr(transformers, "Direct", lambda model: made.append(direct.Direct(model)) or made[-1])
    engine = start(tiny_model, tiny_tokenizer)
    engine.generate(PROMPTS, SEEDS, LONG)
    before = tokens(engine.generate(PROMPTS, SEEDS, LONG))
    assert len(made) == 1
    optimizer = torch.optim.SGD(tiny_model.parameters(), lr=1.0)
    tiny_model(torch.tensor([[5, 6]]), labels=torch.tensor([[5, 6]])).loss.backward()
    optimizer.step()
    assert tokens(engine.generate(PROMPTS, SEEDS, LONG)) != before
    assert len(made) == 2
    engine.sleep()
    engine.generate(PROMPTS, SEEDS, SamplingConfig(max_tokens=2))  # too few to be worth it
    assert len(made) == 2
    engine.generate(PROMPTS, SEEDS, LONG)
    assert len(made) == 3
    assert "forward" not in vars(tiny_model)


def test_hooks_of_the_model_are_called_in_each_step(tiny_model, tiny_tokenizer):
    sizes = []
    tiny_model.register_forward_pre_hook(
        lambda model, args, kwargs: sizes.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    engine = start(tiny_model, tiny_tokenizer, stop_ids=[])
    engine.stop_ids = []
    engine.generate(PROMPTS, SEEDS, LONG)
    assert len(sizes) == 24


@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_completions_are_one_row_until_they_part(tiny_model, tiny_tokenizer, temperature):
    rows = []
    tiny_model.register_forward_pre_hook(
        lambda model, args, kwargs: rows.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    engine = start(tiny_model, tiny_tokenizer)
    engine.stop_ids = []
    (group,) = tokens(engine.generate(PROMPTS[:1], [range(16)], SamplingConfig(temperature, max_tokens=12)))
    # The row of each step is a beginning that some completions have, counted once.
    assert rows[1:] == [len({ids[:length] for ids in group}) for length in range(1, 12)]
    assert rows[1] < 16
    assert (rows[-1] == 1) == (temperature == 0)


def test_blocks_of_any_size_give_the_same_completions(tiny_model, tiny_tokenizer, monkeypatch):
    engine = start(tiny_model, tiny_tokenizer)
    merged = tokens(engine.generate(PROMPTS, SEEDS, LONG))
    monkeypatch.setattr(blocks, "_WORTH_A_BLOCK", -(10**6))
    assert tokens(engine.generate(PROMPTS, SEEDS, LONG)) == merged
