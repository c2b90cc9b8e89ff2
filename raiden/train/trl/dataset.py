"""Samples -> the rows that TRL trains on, held-out ones with everything that their reward needs as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from raiden.core.types import Prompt
from raiden.data.chat_template import ChatTemplate
from raiden.data.conversion import convert_sample
from raiden.data.prompts import PromptSettings, ResponseFormat, build_messages
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.trl.options import DataArguments


def load_datasets(
    arguments: DataArguments,
    tokenizer: PreTrainedTokenizerBase,
    response_format: ResponseFormat,
    chat_template_kwargs: dict[str, Any] | None = None,
) -> tuple[Dataset, Dataset, ChatTemplate]:
    """Training and held-out rows, about the samples that `raiden fit` would take, no character in both; and the chat
    template that makes their prompts.

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
        chat_template_kwargs=chat_template_kwargs,
        date=arguments.date,
        opening_turn=arguments.opening_turn,
        prompt="profile" if arguments.profiles else "template",
        prompt_template=arguments.prompt_template,
        profiles=arguments.profiles,
        response_format=response_format,
    )
    chat = data.take_chat(tokenizer)
    data.prepare(chat.encode)
    train, held_out = data.train_dataloader().prompts, data.val_dataloader().prompts
    return make_dataset(train, data.settings, chat), make_dataset(held_out, data.settings, chat), chat


def make_dataset(prompts: Sequence[Prompt], settings: PromptSettings, chat: ChatTemplate) -> Dataset:
    """One row a prompt, with the columns of `raiden convert --to trl` and the turns that the chat template takes."""
    rows = [convert_sample(prompt.sample, "trl", settings) for prompt in prompts]
    for prompt, row in zip(prompts, rows, strict=True):
        row["prompt"] = chat.conversation(build_messages(prompt.sample, settings))
    return Dataset.from_list(rows)
