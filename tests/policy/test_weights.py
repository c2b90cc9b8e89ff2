"""The stream of weights, and the folder that is made of it."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, GPT2Config, GPT2LMHeadModel

from raiden.core.errors import ConfigError
from raiden.policy import LoraConfig, Policy, PolicyConfig, export, export_policy, load_policy, stream_weights
from tests.engines.copied import CopyEngine
from tests.padded import padded_logps

PAIRS = [((60, 61, 62), (30, 31, 32)), ((5, 6), (7, 8, 9, 10))]


def with_adapters(folder, targets: str = "all-linear") -> Policy:
    """A LoRA policy whose adapters are no longer zero."""
    policy = load_policy(PolicyConfig(str(folder), lora=LoraConfig(4, 8, targets)), with_reference=False)
    with torch.no_grad():
        for name, parameter in policy.model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.sin(torch.arange(parameter.numel()).float()).view_as(parameter) / 8)
    return policy


@pytest.fixture(params=["tied", "untied"])
def folder(request, tiny_folder, untied_folder):
    return tiny_folder if request.param == "tied" else untied_folder


def test_a_plain_policy_streams_its_weights_under_their_own_names(folder):
    policy = load_policy(PolicyConfig(str(folder)), with_reference=False)
    # A state dict names the head even where it is tied to the embeddings.
    expected = AutoModelForCausalLM.from_pretrained(folder).state_dict()
    weights = dict(stream_weights(policy.model))
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_the_tied_head_comes_last_and_once(tiny_folder):
    names = [name for name, _ in stream_weights(load_policy(PolicyConfig(str(tiny_folder)), False).model)]
    assert names[-1] == "lm_head.weight"
    assert len(set(names)) == len(names)


def test_weights_without_a_copy_where_none_is_needed(tiny_folder):
    policy = load_policy(PolicyConfig(str(tiny_folder)), with_reference=False)
    own = {p.data_ptr() for p in policy.model.parameters()}
    assert {weight.data_ptr() for _, weight in stream_weights(policy.model)} == own


@pytest.mark.parametrize("targets", ["all-linear", "q_proj,v_proj"])
def test_adapters_are_merged_as_peft_does_it_and_the_policy_is_untouched(folder, targets):
    policy = with_adapters(folder, targets)
    before = {name: p.clone() for name, p in policy.model.named_parameters()}
    weights = dict(stream_weights(policy.model))
    assert all(torch.equal(p, before[name]) for name, p in policy.model.named_parameters())
    assert policy.model.active_adapters == ["default"]
    expected = policy.model.merge_and_unload().state_dict()
    assert weights.keys() == expected.keys()
    changed = 0
    for name, weight in expected.items():
        torch.testing.assert_close(weights[name], weight, rtol=0, atol=1e-6)
        original = before.get(f"base_model.model.{name}", before.get(_base_layer(name)))
        changed += original is not None and not torch.equal(weight, original)
    assert changed == (14 if targets == "all-linear" else 4)  # of two layers: 7 linear ones, or 2


def _base_layer(name: str) -> str:
    return f"base_model.model.{name.rpartition('.')[0]}.base_layer.{name.rpartition('.')[2]}"


def test_a_stream_in_another_type_is_rounded_after_the_merge(tiny_folder):
    policy = with_adapters(tiny_folder)
    exact = dict(stream_weights(policy.model))
    for name, weight in stream_weights(policy.model, torch.bfloat16):
        assert weight.dtype == torch.bfloat16
        # Rounding once is at most 2^-9 of the weight off, rounding base and adapter each and again their sum 2^-7.
        assert (weight.float() - exact[name]).abs().max() <= exact[name].abs().max() * 2**-7


@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("max_bytes", [2**30, 100_000], ids=["one file", "several"])
def test_plain_transformers_computes_with_the_exported_folder_what_the_policy_does(
    folder, lora, max_bytes, tmp_path, monkeypatch
):
    monkeypatch.setattr(export, "MAX_FILE_BYTES", max_bytes)
    policy = with_adapters(folder) if lora else load_policy(PolicyConfig(str(folder)), with_reference=False)
    made = export_policy(policy, tmp_path / "made")
    exported, report = AutoModelForCausalLM.from_pretrained(made, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    ours = policy.model.merge_and_unload() if lora else policy.model
    for got, expected in zip(padded_logps(exported, PAIRS), padded_logps(_plain(ours), PAIRS), strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)
    assert (len(list(made.glob("*.safetensors"))) > 2) == (max_bytes == 100_000)
    assert not list(tmp_path.glob(".made*"))


def _plain(model):
    model.set_attn_implementation("sdpa")
    return model


def test_files_of_bounded_size_hold_every_weight_once_and_the_index_says_where(untied_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "MAX_FILE_BYTES", 100_000)
    policy = load_policy(PolicyConfig(str(untied_folder)), with_reference=False)
    made = export_policy(policy, tmp_path / "made")
    index = json.loads((made / "model.safetensors.index.json").read_text())
    files = {path.name: load_file(path) for path in made.glob("*.safetensors")}
    held = [name for weights in files.values() for name in weights]
    assert sorted(held) == sorted(index["weight_map"])
    assert all(name in files[file] for name, file in index["weight_map"].items())
    assert index["metadata"]["total_size"] == sum(p.nbytes for p in policy.model.parameters())
    for weights in files.values():
        assert len(weights) == 1 or sum(w.nbytes for w in weights.values()) <= 100_000


def test_config_tokenizer_and_generation_config_come_along(untied_folder, tmp_path):
    made = export_policy(
        load_policy(PolicyConfig(str(untied_folder)), with_reference=False), tmp_path / "made", "bfloat16"
    )
    config = json.loads((made / "config.json").read_text())
    assert config["dtype"] == "bfloat16"
    assert config["architectures"] == ["Qwen2ForCausalLM"]
    assert "attn_implementation" not in json.dumps(config)
    generation = GenerationConfig.from_pretrained(made)
    assert (generation.eos_token_id, generation.repetition_penalty) == ([2, 0], 1.05)
    theirs, ours = AutoTokenizer.from_pretrained(untied_folder), AutoTokenizer.from_pretrained(made)
    messages = [{"role": "user", "content": "灯台守ですか。"}]
    assert ours.apply_chat_template(messages) == theirs.apply_chat_template(messages)
    assert AutoModelForCausalLM.from_pretrained(made).dtype == torch.bfloat16


def test_nothing_is_overwritten(tiny_folder, tmp_path):
    (tmp_path / "made").mkdir()
    with pytest.raises(FileExistsError, match="is there already; nothing was written"):
        export_policy(load_policy(PolicyConfig(str(tiny_folder)), with_reference=False), tmp_path / "made")
    assert list(tmp_path.iterdir()) == [tmp_path / "made"]


def test_an_export_that_fails_leaves_nothing(tiny_folder, tmp_path, monkeypatch):
    policy = load_policy(PolicyConfig(str(tiny_folder)), with_reference=False)
    (tmp_path / "wall").write_text("a file, where the export wants a folder")
    with pytest.raises(OSError, match="wall"):
        export_policy(policy, tmp_path / "wall" / "made")
    monkeypatch.setattr(policy.tokenizer, "save_pretrained", lambda folder: (folder / "no" / "such").write_text(""))
    with pytest.raises(OSError, match="such"):
        export_policy(policy, tmp_path / "made")
    assert list(tmp_path.iterdir()) == [tmp_path / "wall"]


@pytest.fixture(scope="module")
def gpt2_folder(tiny_folder, tmp_path_factory):
    """GPT-2, whose layers keep their weights as (in, out), and one of which is square."""
    folder = tmp_path_factory.mktemp("gpt2")
    AutoTokenizer.from_pretrained(tiny_folder).save_pretrained(folder)
    config = GPT2Config(
        vocab_size=300, n_positions=128, n_embd=32, n_layer=2, n_head=4, initializer_range=0.3, bos_token_id=None,
        eos_token_id=2, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("targets", ["c_attn", "c_proj", "attn.c_proj", "c_fc", "c_attn,c_fc", "all-linear"])
def test_adapters_of_gpt2_are_merged_the_way_its_weights_lie(gpt2_folder, tmp_path, targets):
    policy = with_adapters(gpt2_folder, targets)
    engine = CopyEngine()
    engine.start(policy.model, policy.tokenizer, 100, torch.float32, torch.device("cpu"))
    engine.model = AutoModelForCausalLM.from_pretrained(gpt2_folder)
    engine.update_weights(stream_weights(policy.model))
    exported = AutoModelForCausalLM.from_pretrained(export_policy(policy, tmp_path / "made"))
    ids = torch.tensor([[60, 61, 62, 30, 31]])
    with torch.no_grad():
        expected = _plain(policy.model)(input_ids=ids).logits
        untrained = AutoModelForCausalLM.from_pretrained(gpt2_folder)(input_ids=ids).logits
        for model in (engine.model, exported):
            torch.testing.assert_close(model(input_ids=ids).logits, expected, rtol=0, atol=2e-5)
    assert (untrained - expected).abs().max() > 0.1


def test_an_adapter_of_a_layer_that_is_not_linear_is_refused_by_name(gpt2_folder):
    with pytest.raises(ConfigError, match=r"target_modules`: transformer\.wpe is not a linear layer"):
        load_policy(PolicyConfig(str(gpt2_folder), lora=LoraConfig(4, 8, "wpe,c_fc")), with_reference=False)
