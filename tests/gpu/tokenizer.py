"""As much of a tokenizer as is needed where models are made from configs."""

from __future__ import annotations

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast


def word_tokenizer(vocab_size: int) -> PreTrainedTokenizerFast:
    """Each token is the word of its number; `2` ends a text."""
    words = Tokenizer(models.WordLevel({str(i): i for i in range(vocab_size)}, "0"))
    return PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token="2", pad_token="2", chat_template="{{ messages }}"
    )
