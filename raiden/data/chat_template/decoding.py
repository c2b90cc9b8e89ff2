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
    special = {token_id: str(token) for token_id, token in tokenizer.added_tokens_decoder.items() if token.special}
    tags = {token_id for token_id, text in special.items() if is_tag(text)}
    if not tags.intersection(ids):
        return str(tokenizer.decode(ids, skip_special_tokens=True))
    silent = {*special, *tokenizer.all_special_ids} - tags
    return str(tokenizer.decode([token_id for token_id in ids if token_id not in silent]))
