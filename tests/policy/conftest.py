from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM


@pytest.fixture(scope="session")
def untied_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the tiny model, but with a head of its own, odd sizes, several files, and a generation config."""
    folder = tmp_path_factory.mktemp("untied")
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    tokenizer.save_pretrained(folder)
    config = Qwen2Config.from_pretrained(tiny_folder, tie_word_embeddings=False, intermediate_size=95)
    model = Qwen2ForCausalLM(config)
    model.generation_config.eos_token_id = [2, 0]
    model.generation_config.repetition_penalty = 1.05
    model.save_pretrained(folder, max_shard_size="100KB")
    assert len(list(folder.glob("*.safetensors"))) > 2
    return folder
