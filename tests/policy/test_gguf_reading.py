"""Reading a GGUF file quickly gives what transformers reads by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from raiden.core.errors import ConfigError
from raiden.policy.gguf_reading import reading_once
from raiden.policy.sources import resolve_model

_LAYER = {
    **dict.fromkeys(("attn_q", "attn_output"), (32, 32)),
    **dict.fromkeys(("attn_k", "attn_v"), (16, 32)),
    **dict.fromkeys(("ffn_gate", "ffn_up"), (48, 32)),
    "ffn_down": (32, 48),
    **dict.fromkeys(("attn_norm", "ffn_norm"), (32,)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_llama(tmp_path / "x.gguf")
    return tmp_path


def write_llama(path: Path, more: Mapping[str, Any] | None = None, without: str = "") -> None:
    """A Llama of two layers and 260 tokens; with further tensors, and without one."""
    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    for add, value in {
        writer.add_block_count: 2,
        writer.add_context_length: 64,
        writer.add_embedding_length: 32,
        writer.add_feed_forward_length: 48,
        writer.add_head_count: 4,
        writer.add_head_count_kv: 2,
        writer.add_layer_norm_rms_eps: 1e-5,
        writer.add_rope_freq_base: 10000.0,
        writer.add_vocab_size: 260,
        writer.add_eos_token_id: 0,
    }.items():
        add(value)
    tokens = [*map(chr, range(33, 127)), *(f"t{i}" for i in range(166))]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * len(tokens))
    writer.add_token_merges(["t 1"])
    shapes = {"token_embd": (260, 32), "output_norm": (32,)}
    shapes |= {f"blk.{layer}.{name}": shape for layer in range(2) for name, shape in _LAYER.items()}
    tensors = {f"{name}.weight": rng.normal(size=shape) for name, shape in shapes.items() if name != without}
    for name, numbers in {**tensors, **(more or {})}.items():
        writer.add_tensor(name, np.asarray(numbers, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read(folder: Path) -> tuple[Any, Any]:
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="x.gguf", dtype=torch.float32)
    return model, AutoTokenizer.from_pretrained(folder, gguf_file="x.gguf")


def test_a_file_is_read_once_and_as_transformers_reads_it(folder, monkeypatch):
    reads, tables = [], []

    class Counted(gguf.GGUFReader):
        def __init__(self, path: str) -> None:
            reads.append(path)
            super().__init__(path)

    own = gguf.get_tensor_name_map
    monkeypatch.setattr(gguf, "GGUFReader", Counted)
    monkeypatch.setattr(gguf, "get_tensor_name_map", lambda *of: tables.append(of) or own(*of))
    expected, expected_tokenizer = read(folder)
    assert len(reads) > 2  # else there is nothing to be won any more
    assert len(tables) > 20
    reads.clear()
    tables.clear()
    with reading_once():
        model, tokenizer = read(folder)
    assert len(reads) == len(tables) == 1
    assert gguf.GGUFReader is Counted
    assert model.config.to_dict() == expected.config.to_dict()
    assert tokenizer.get_vocab() == expected_tokenizer.get_vocab()
    assert tokenizer.encode("t1 a!") == expected_tokenizer.encode("t1 a!")
    weights = expected.state_dict()
    assert all(torch.equal(weights[name], weight) for name, weight in model.state_dict().items())
    assert len(model.state_dict()) == len(weights)


def test_frequencies_that_are_not_divided_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("RAIDEN_CACHE", str(tmp_path / "cache"))
    write_llama(tmp_path / "x.gguf", {"rope_freqs.weight": np.ones(4)})
    config = json.loads(Path(resolve_model(str(tmp_path / "x.gguf")), "config.json").read_text())
    assert config["rope_parameters"]["rope_type"] == "default"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"more": {"blk.0.attn_q_norm.weight": np.ones(8)}},
            "holds 23,848 numbers, and the llama model that transformers makes of it 23,840",
        ),
        ({"without": "blk.1.ffn_down"}, "holds 22,304 numbers"),
        ({"more": {"rope_freqs.weight": [1, 3, 5, 9]}}, "divisors that are not those of Llama 3"),
    ],
    ids=["a tensor more", "a tensor less", "another rotation"],
)
def test_a_file_that_is_not_read_whole_is_refused_and_leaves_nothing(changes, told, tmp_path, monkeypatch):
    monkeypatch.setenv("RAIDEN_CACHE", str(tmp_path / "cache"))
    write_llama(tmp_path / "x.gguf", **changes)
    with pytest.raises(ConfigError, match=told):
        resolve_model(str(tmp_path / "x.gguf"))
    assert list((tmp_path / "cache").iterdir()) == []
