"""A tiny random model with its own tokenizer; nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from lightning_utilities.core.rank_zero import rank_zero_only
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from raiden.packing import ATTENTION, TreeAttention

# A test that asks a hub for anything fails at once instead of waiting for a connection.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
huggingface_hub.constants.HF_HUB_OFFLINE = True  # in this process the variable has been read already
# On tensors this small threads lose more by waiting for one another than they gain: tenfold on a busy machine.
torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # in the runs that tests start


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that at the end no process works on one alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def lightning_forgets_seed_and_rank() -> Iterator[None]:
    """Lightning notes a seed in the environment, where a later run with several processes would find it.

    And a rank for the whole process, even in tests that only act as one of several: logs, checkpoints and warnings of
    all later runs would be left to rank 0.
    """
    yield
    os.environ.pop("PL_GLOBAL_SEED", None)
    rank_zero_only.rank = 0


@pytest.fixture
def as_on_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree's attention as other devices than CPUs compute it."""
    monkeypatch.setattr(
        TreeAttention, "__call__", lambda tree, layer, *states, scoring=None: tree.run_by_run(*states[:4])
    )


CHATML = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CORPUS = [
    "You are the keeper of the lighthouse. Where were you born? I was born in the north, by the sea.",
    "你是灯塔的守护人。你出生在哪里？我出生在北方的海边。",
    "あなたは灯台守です。どこで生まれましたか。北の海辺で生まれました。",
    "당신은 등대지기입니다. 어디에서 태어났습니까? 북쪽 바닷가에서 태어났습니다.",
]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder: Qwen2 with 2 layers of 64, 4 heads, 2 of them for keys; 300 tokens."""
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = _make_tokenizer()
    tokenizer.save_pretrained(folder)
    _make_model(tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def wide_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the tiny model, but twice as wide: on CPU vLLM needs heads of 32."""
    folder = tmp_path_factory.mktemp("wide")
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    tokenizer.save_pretrained(folder)
    _make_model(tokenizer, hidden_size=128).save_pretrained(folder)
    return folder


@pytest.fixture
def tiny_model(tiny_folder: Path) -> PreTrainedModel:
    """A fresh copy, with the prefix tree's attention."""
    return AutoModelForCausalLM.from_pretrained(tiny_folder, attn_implementation=ATTENTION)


@pytest.fixture
def plain_model(tiny_folder: Path) -> PreTrainedModel:
    """The same weights with transformers' own attention."""
    return AutoModelForCausalLM.from_pretrained(tiny_folder, attn_implementation="sdpa")


@pytest.fixture(scope="session")
def tiny_tokenizer(tiny_folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(tiny_folder)


def _make_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE, so that every text of every language has tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML
    )


def _make_model(tokenizer: PreTrainedTokenizerBase, hidden_size: int = 64) -> Qwen2ForCausalLM:
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        intermediate_size=2 * hidden_size,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        initializer_range=0.1,  # at 0.02 all tokens are as good as equally likely, and no mistake would show
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Qwen2ForCausalLM(config)
