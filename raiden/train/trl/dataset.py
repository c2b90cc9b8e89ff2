"""Samples -> the rows that TRL trains on, held-out ones with everything that their reward needs as well."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from raiden.core.types import Prompt
from raiden.data.chat_template import encode_conversations
from raiden.data.conversion import convert_sample
from raiden.data.prompts import ResponseFormat
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.trl.options import DataArguments


def load_datasets(
    arguments: DataArguments, tokenizer: PreTrainedTokenizerBase, response_format: ResponseFormat
) -> tuple[Dataset, Dataset]:
    """Training and held-out rows, about the samples that `raiden fit` would take; no character is in both.

    Raises:
        InputError: samples cannot be read or used, or the model's chat template refuses them.
    """
    languages: Any = arguments.languages
    data = RoleplayDataModule(
        train_file=arguments.train_data_path,
        val_file=arguments.eval_data_path,
        val_ratio=arguments.val_ratio,
        languages=languages,
        max_prompt_tokens=arguments.max_prompt_tokens,
        tokenizer=tokenizer.name_or_path,
        response_format=response_format,
    )
    data.prepare(partial(encode_conversations, tokenizer))
    train, held_out = data.train_dataloader().prompts, data.val_dataloader().prompts
    return make_dataset(train, response_format), make_dataset(held_out, response_format)


def make_dataset(prompts: Sequence[Prompt], response_format: ResponseFormat) -> Dataset:
    """One row a prompt, with the columns of `raiden convert --to trl`."""
    return Dataset.from_list([convert_sample(prompt.sample, "trl", response_format) for prompt in prompts])
