"""`raiden export --format gguf` from the command line's words to the files."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
import yaml
from gguf import GGUFReader
from transformers import AutoModelForCausalLM

from raiden.commands.export import main
from raiden.core.errors import ConfigError, TrainingError
from raiden.policy.gguf import check
from tests.gguf.families import CONFIGS, build, file_of
from tests.records import sample_record


@pytest.fixture(scope="module")
def exported(tiny_folder, tmp_path_factory):
    """A run's export, with the run's configuration and samples."""
    run = tmp_path_factory.mktemp("run")
    shutil.copytree(tiny_folder, run / "export")
    (run / "train.json").write_text(json.dumps([sample_record()]))
    config = {
        "model": {"sampling": {"temperature": 0.6, "top_p": 0.95, "max_tokens": 48}},
        "data": {"train_file": str(run / "train.json")},
    }
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    return run / "export"


def test_the_file_and_what_programs_need_stand_beside_each_other(exported, tmp_path, capsys):
    assert main([str(exported), "--format", "gguf", "--output", str(tmp_path / "ada")]) == 0
    told = capsys.readouterr().out
    names = sorted(path.name for path in (tmp_path / "ada").iterdir())
    assert names == ["ada-f16.Modelfile", "ada-f16.gguf", "ada-f16.sillytavern.json"]
    assert "llama.cpp and the policy: the same" in told
    fields = {name: field.contents() for name, field in GGUFReader(tmp_path / "ada" / "ada-f16.gguf").fields.items()}
    assert fields["general.architecture"] == "qwen2"
    assert fields["tokenizer.ggml.eos_token_id"] == 2
    assert "<|im_start|>" in fields["tokenizer.chat_template"]
    recipe = (tmp_path / "ada" / "ada-f16.Modelfile").read_text()
    name = sample_record()["character_name"]
    assert f"it plays {name}" in told
    assert "FROM ./ada-f16.gguf" in recipe
    assert f"你就是{name}。" in recipe
    assert "PARAMETER temperature 0.6\nPARAMETER top_p 0.95" in recipe
    form = json.loads((tmp_path / "ada" / "ada-f16.sillytavern.json").read_text())
    assert form["preset"]["genamt"] == 48
    assert "{{description}}" in form["sysprompt"]["content"]


def test_nothing_is_written_over(exported, tmp_path):
    (tmp_path / "ada.Modelfile").write_text("mine")
    with pytest.raises(ConfigError, match=r"ada\.Modelfile is there already; choose another name"):
        main([str(exported), "--format", "gguf", "--output", str(tmp_path / "ada.gguf")])
    assert [path.name for path in tmp_path.iterdir()] == ["ada.Modelfile"]


@pytest.mark.parametrize("how", ["stopped", "other numbers"])
def test_a_file_that_is_not_whole_or_not_right_does_not_appear(how, exported, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    if how == "stopped":
        monkeypatch.setattr("raiden.commands.export_gguf.read_again", stop)
        monkeypatch.setattr("raiden.commands.export_gguf.has_llama_cpp", lambda: False)
    else:  # as if llama.cpp rotated by other angles
        monkeypatch.setattr("raiden.policy.gguf.families.rope_of", lambda *_: {"rope_theta": 77.0})
    with pytest.raises(KeyboardInterrupt if how == "stopped" else TrainingError):
        main([str(exported), "--format", "gguf", "--output", str(tmp_path / "ada.gguf")])
    assert list(tmp_path.iterdir()) == []


def test_without_llama_cpp_the_file_is_read_again(exported, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("raiden.commands.export_gguf.has_llama_cpp", lambda: False)
    main([str(exported), "--format", "gguf", "--dtype", "q8_0", "--output", str(tmp_path / "ada.gguf")])
    assert 'pip install "raiden-r1[gguf]"' in capsys.readouterr().out


def test_a_damaged_file_is_noticed_when_it_is_read_again(tiny_tokenizer, tmp_path):
    file = file_of(build(CONFIGS["qwen2"], tiny_tokenizer))
    file.write(tmp_path / "x.gguf", lambda num_bytes: None)
    with (tmp_path / "x.gguf").open("r+b") as damaged:
        damaged.seek(-4, 2)
        damaged.write(b"\0\0\0\1")
    with pytest.raises(TrainingError, match=r"reads .* otherwise than it was written"):
        check.read_again(file, tmp_path / "x.gguf")


def test_a_family_that_llama_cpp_has_not_is_refused_with_a_way_on(tiny_tokenizer):
    policy = build(CONFIGS["qwen2"], tiny_tokenizer)
    policy.model.config.model_type = "helium"
    with pytest.raises(ConfigError, match=r"helium models are none .* nothing was written.*convert_hf_to_gguf\.py"):
        file_of(policy)


@pytest.mark.parametrize(
    ("name", "changes", "fault"),
    [
        ("llama", {"hidden_act": "gelu"}, "the activation gelu"),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}}, "dynamic"),
        ("gemma 2", {"query_pre_attn_scalar": 7}, "`query_pre_attn_scalar` 7 "),
        ("gemma 3", {"layer_types": ["sliding_attention"] * 6}, "other windows than in all layers but each 6th"),
        ("smollm3", {"no_rope_layers": [0, 1, 1, 1]}, "other layers without rotation"),
        ("qwen3", {"attention_bias": True}, r"self_attn\.q_proj\.bias"),
    ],
)
def test_what_llama_cpp_computes_otherwise_is_refused(name, changes, fault, tiny_tokenizer):
    config = type(CONFIGS[name])(**{**CONFIGS[name].to_dict(), **changes})
    with pytest.raises(ConfigError, match=f"no .* model with .*{fault}"):
        file_of(build(config, tiny_tokenizer))


def test_a_weight_without_a_number_in_this_type_is_refused(tiny_tokenizer):
    policy = build(CONFIGS["qwen2"], tiny_tokenizer)
    with torch.no_grad():
        policy.model.model.layers[0].mlp.up_proj.weight[3, 5] = 70_000.0  # float16 ends at 65,504
    with pytest.raises(TrainingError, match=r"blk\.0\.ffn_up\.weight holds a NaN or an infinity .* in f16"):
        file_of(policy, "f16")
    assert file_of(policy, "bf16").num_bytes > 0


def test_bfloat16_models_are_read_in_their_own_type(tiny_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_folder, folder)
    AutoModelForCausalLM.from_pretrained(folder).to(torch.bfloat16).save_pretrained(folder)
    assert main([str(folder), "--format", "gguf", "--dtype", "bf16", "--output", str(tmp_path / "x.gguf")]) == 0
    kinds = {tensor.name: tensor.tensor_type.name for tensor in GGUFReader(tmp_path / "x.gguf").tensors}
    assert kinds["blk.0.ffn_up.weight"] == "BF16"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--dtype", "q8_0"], "`--dtype` must be one of float32, bfloat16 for `--format hf`, got q8_0"),
        (["--character", "Ada"], "`--character` does nothing without `--format gguf`"),
        (["--format", "gguf", "--dtype", "float32"], "`--dtype` must be one of f32, f16, bf16, q8_0"),
        (["--format", "gguf", "--character", "Nobody"], "no profile is"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_a_model_is_read(words, fault, exported, tmp_path):
    with pytest.raises((ConfigError, ValueError), match=fault):
        main([str(exported), "--output", str(tmp_path / "x"), *words])
    assert list(tmp_path.iterdir()) == []
