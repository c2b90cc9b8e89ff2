"""Reading a GGUF file quickly gives what transformers reads by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from raiden.policy.gguf_reading import reading_once

_LAYER = {
    **dict.fromkeys(("attn_q", "attn_output"), (32, 32)),
    **dict.fromkeys(("attn_k", "attn_v"), (16, 32)),
    **dict.fromkeys(("ffn_gate", "ffn_up"), (48, 32)),
    "ffn_down": (32, 48),
    **dict.fromkeys(("attn_norm", "ffn_norm"), (32,)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Llama of two layers and 260 tokens."""
    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
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
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", rng.normal(size=shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path


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
