"""Samples, or profiles to make them from -> prompt loaders, resumable in mid-epoch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date as day
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning import LightningDataModule
from lightning.pytorch.utilities import rank_zero_info
from transformers import PreTrainedTokenizerBase

from raiden.core.errors import ChatTemplateError, ConfigError, SampleError, require_at_least
from raiden.core.processes import Processes
from raiden.core.types import Language, Message, Prompt, Sample
from raiden.data.chat_template import ChatTemplate
from raiden.data.profiles import load_profiles
from raiden.data.prompts import PromptSettings, ResponseFormat, build_messages, read_prompt_template
from raiden.data.samples import load_samples, split_by_character
from raiden.datagen.template import samples_from_profiles
from raiden.policy import load_tokenizer
from raiden.policy.saved_state import load_rest
from raiden.train.loaders import PromptBatches, PromptLoader

Encode = Callable[[Sequence[Sequence[Message]]], list[tuple[int, ...]]]


def date_of(checkpoint: str | Path) -> str | None:
    """What the run of a checkpoint takes for today; None: it is of an earlier version."""
    record: Mapping[str, Any] = load_rest(checkpoint).get(RoleplayDataModule.__qualname__, {})
    return record["prompts"]["date"] if "prompts" in record else None


class RoleplayDataModule(LightningDataModule):
    """Reads samples and makes prompts with the model's own chat template."""

    def __init__(
        self,
        train_file: str | None = None,
        val_file: str | None = None,
        test_file: str | None = None,
        profiles: str | None = None,
        samples_per_profile: int = 4,
        val_ratio: float = 0.2,
        languages: list[Language] | None = None,
        batch_size: int = 4,
        val_batch_size: int = 64,
        questions_per_character: int = 1,
        max_prompt_tokens: int = 2048,
        tokenizer: str = "",
        chat_template: str | None = None,
        chat_template_kwargs: dict[str, Any] | None = None,
        date: str | None = None,
        opening_turn: str | None = None,
        prompt: Literal["template", "profile"] = "template",
        prompt_template: str | None = None,
        response_format: ResponseFormat = "plain",
        seed: int = 0,
    ) -> None:
        """
        Args:
            train_file: samples to train on, JSON list or JSONL.
            val_file: held-out samples; without it a share of the characters trained on is held out.
            test_file: samples for `raiden test` and `raiden predict`.
            profiles: profiles to make the samples from, where there is no `train_file`; and the texts of
                `prompt: profile`.
            samples_per_profile: at most so many samples about each profile, and as many about conversations.
            val_ratio: share of the characters held out where there is no `val_file`.
            languages: keep samples in these languages (zh, ja, en, ko); null keeps all.
            batch_size: prompts sampled and trained on in each step, by all processes together.
            val_batch_size: prompts answered side by side in validation, by all processes together.
            questions_per_character: questions about one character that stand next to each other; they share the
                work for the profile.
            max_prompt_tokens: longer prompts are dropped, and counted in the log, in tokens.
            tokenizer: whose chat template makes the prompts; linked from model.policy.path.
            chat_template: a file in its place; linked from model.policy.chat_template.
            chat_template_kwargs: handed to the chat template, as {enable_thinking: false}; a switch that
                `response_format` needs is found, and told.
            date: what a template that writes the day into prompts takes for today, as YYYY-MM-DD; null: the day on
                which the run begins, which it keeps.
            opening_turn: what the user says before a greeting of the character, where the template wants the user to
                begin; null: in its language, that the conversation begins.
            prompt: who the model is to be, said by a `template`, or under `profile` by the profile's whole text in
                `profiles`, as it stands there around the `<Character Setting>` block.
            prompt_template: a Jinja file with `name`, `profile`, `language`, `response_format` and `is_talk`, rendered
                in a sandbox; null: raiden/data/prompt_templates/default.jinja, which may be copied.
            response_format: linked from model.rewards.response_format.
            seed: of the order of the samples; linked from model.seed.
        """
        super().__init__()
        for name, value in (
            ("batch_size", batch_size),
            ("val_batch_size", val_batch_size),
            ("samples_per_profile", samples_per_profile),
            ("questions_per_character", questions_per_character),
            ("max_prompt_tokens", max_prompt_tokens),
        ):
            require_at_least(f"data.{name}", value, 1)
        if not 0 < val_ratio < 1:
            raise ConfigError(f"`data.val_ratio` must be above 0 and below 1, got {val_ratio}.")
        if prompt == "profile" and profiles is None:
            raise ConfigError(
                "`data.prompt` is profile, but `data.profiles` is not set; give the file of the profiles."
            )
        if prompt == "profile" and prompt_template is not None:
            raise ConfigError("`data.prompt_template` does nothing where `data.prompt` is profile; drop one of them.")
        if (train_file is None and profiles is None) or (train_file and profiles and prompt == "template"):
            state = "not set" if train_file is None else "both set"
            raise ConfigError(
                f"`data.train_file` and `data.profiles` are {state}; give samples to train on, or profiles to make "
                "them from."
            )
        self.train_file, self.val_file, self.test_file = train_file, val_file, test_file
        self.profiles, self.samples_per_profile = profiles, samples_per_profile
        self.val_ratio = val_ratio
        self.languages = languages
        self.batch_size, self.val_batch_size = batch_size, val_batch_size
        self.questions_per_character = questions_per_character
        self.max_prompt_tokens = max_prompt_tokens
        self.tokenizer_path, self.chat_template = tokenizer, chat_template
        self.settings = PromptSettings(
            response_format,
            chat_template_kwargs or {},
            date or day.today().isoformat(),
            opening_turn,
            prompt,
            read_prompt_template(prompt_template) if prompt_template else "",
        )
        self.prompt_template = prompt_template
        self.chat: ChatTemplate | None = None
        """Once there is a tokenizer."""
        self.seed = seed
        self._prompts: dict[str, list[Prompt]] = {}

    def setup(self, stage: str) -> None:
        if self._prompts:
            return
        chat = self.take_chat(load_tokenizer(self.tokenizer_path, self.chat_template))
        rank_zero_info(chat.describe())
        self.prepare(partial(chat.encode, tell=rank_zero_info))

    def take_chat(self, tokenizer: PreTrainedTokenizerBase) -> ChatTemplate:
        """The chat template of the run's prompts."""
        self.chat = ChatTemplate(tokenizer, self.settings, self.tokenizer_path)
        return self.chat

    def state_dict(self) -> dict[str, Any]:
        """How prompts are made, for whoever uses the checkpoint; and what was found of the chat template."""
        return {"prompts": self.settings.as_record(), "chat_template": self.chat.summary if self.chat else ""}

    def prepare(self, encode: Encode) -> None:
        """Reads the files and makes the prompts; `encode` gives the tokens of their messages."""
        if self.settings.prompt == "profile":
            assert self.profiles is not None
            texts = {profile.name: profile.text for profile in load_profiles(self.profiles)}
            self.settings = replace(self.settings, texts=texts)
        train, validation = self._train_and_validation()
        files = {"train": train, "validation": validation}
        if self.test_file is not None:
            files["test"] = self._load(self.test_file)
        self._prompts = {name: self._tokenize(samples, encode, name) for name, samples in files.items()}

    def _train_and_validation(self) -> tuple[list[Sample], list[Sample]]:
        train = self._training_samples()
        if self.val_file is None:
            return split_by_character(train, self.val_ratio)
        validation = self._load(self.val_file)
        shared = {s.character_name for s in train} & {s.character_name for s in validation}
        if shared:
            raise SampleError(
                f"{self.val_file}: held-out samples about characters that {self.train_file or self.profiles} trains "
                f"on: {', '.join(sorted(shared)[:5])}; move them, or leave `data.val_file` out to split by character."
            )
        return train, validation

    def _training_samples(self) -> list[Sample]:
        if self.train_file is not None:
            return self._load(self.train_file)
        assert self.profiles is not None
        profiles = load_profiles(self.profiles)
        samples = samples_from_profiles(profiles, self.samples_per_profile, include_cm=True, seed=self.seed)
        rank_zero_info(f"made {len(samples)} samples from the {len(profiles)} profiles of {self.profiles}.")
        return self._in_languages(samples, self.profiles)

    def _load(self, path: str) -> list[Sample]:
        return self._in_languages(load_samples(path), path)

    def _in_languages(self, samples: list[Sample], path: str) -> list[Sample]:
        kept = [s for s in samples if self.languages is None or s.language in self.languages]
        if not kept:
            raise ConfigError(
                f"`data.languages`: none of the {len(samples)} samples of {path} is in {self.languages}; add a "
                "language or remove the option."
            )
        return kept

    def _tokenize(self, samples: list[Sample], encode: Encode, name: str) -> list[Prompt]:
        prompts = [Prompt(s, ids) for s, ids in zip(samples, self._token_ids(samples, encode), strict=True)]
        kept = [p for p in prompts if len(p.token_ids) <= self.max_prompt_tokens]
        dropped = len(prompts) - len(kept)
        if dropped:
            rank_zero_info(
                f"{name}: dropped {dropped} of {len(prompts)} prompts, longer than "
                f"data.max_prompt_tokens={self.max_prompt_tokens}."
            )
        if not kept:
            raise ConfigError(
                f"`data.max_prompt_tokens`: all {len(prompts)} {name} prompts are longer than "
                f"{self.max_prompt_tokens} tokens; the shortest has {min(len(p.token_ids) for p in prompts)}."
            )
        return kept

    def _token_ids(self, samples: list[Sample], encode: Encode) -> list[tuple[int, ...]]:
        """Each process makes the prompts of its share, and all get all of them."""
        processes = Processes.current()
        share = processes.share(range(len(samples)))
        own = [build_messages(samples[i], self.settings) for i in share]
        made: list[tuple[int, ...]] = []
        fault: ChatTemplateError | None = None
        try:
            made = encode(own)
        except ChatTemplateError as error:  # told where all processes hear of it: none waits for another
            fault = ChatTemplateError(str(error), share.start + error.index)
        for found in filter(None, processes.gather([fault])):
            raise self._refused(samples[found.index], found) from found
        if processes.num == 1:
            return made
        lengths = processes.gather([np.array([len(ids) for ids in made], dtype=np.int32)])
        tokens = processes.gather([np.array([token for ids in made for token in ids], dtype=np.int32)])
        flat = np.concatenate(tokens).tolist()
        ends = np.cumsum(np.concatenate(lengths), dtype=np.int64).tolist()
        return [tuple(flat[start:end]) for start, end in pairwise([0, *ends])]

    def _refused(self, sample: Sample, fault: ChatTemplateError) -> ConfigError:
        messages = build_messages(sample, self.settings)
        if self.chat is not None:
            messages = self.chat.shape(messages)
        turns = ", ".join(message.role for message in messages)
        option, source = "model.policy.path", f"the chat template of {self.tokenizer_path}"
        if self.chat_template is not None:
            option, source = "model.policy.chat_template", self.chat_template
        return ConfigError(
            f'`{option}`: {source} refuses the sample {sample.id} of "{sample.character_name}" ("{sample.question}", '
            f"turns: {turns}): {fault}; take a model whose template can make this conversation, or change the sample."
        )

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Prompts stay where they are: engines and micro-batches make the tensors."""
        return batch

    def train_dataloader(self) -> PromptLoader:
        return PromptLoader(self._prompts["train"], self.batch_size, self.questions_per_character, self.seed)

    def val_dataloader(self) -> PromptBatches:
        return self._in_order("validation")

    def test_dataloader(self) -> PromptBatches:
        if self.test_file is None:
            raise ConfigError("`data.test_file` is not set; give the samples to test on.")
        return self._in_order("test")

    predict_dataloader = test_dataloader

    def _in_order(self, name: str) -> PromptBatches:
        return PromptBatches(self._prompts[name], self.val_batch_size)
