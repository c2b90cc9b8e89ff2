"""Tokens -> text, for whoever reads what a model wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from raiden.rewards.reply import is_tag

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def decode(tokenizer: PreTrainedTokenizerBase, token_ids: Sequence[int]) -> str:
    """The text of a completion without special tokens, but with tags such as `<think>`, which some tokenizers count
    among them."""
    ids = list(token_ids)
    if not _tags(tokenizer).intersection(ids):
        return str(tokenizer.decode(ids, skip_special_tokens=True))
    silent = silent_tokens(tokenizer)
    return str(tokenizer.decode([token_id for token_id in ids if token_id not in silent]))


def silent_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[int, str]:
    """Special tokens that say nothing to a reader, and how they are written."""
    special = {token_id: str(token) for token_id, token in tokenizer.added_tokens_decoder.items() if token.special}
    special |= zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True)
    return {token_id: text for token_id, text in special.items() if not is_tag(text)}


def _tags(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Tags that a tokenizer counts among its special tokens."""
    added = tokenizer.added_tokens_decoder.items()
    return {token_id for token_id, token in added if token.special and is_tag(str(token))}
