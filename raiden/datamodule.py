"""Samples -> prompt loaders, resumable in mid-epoch."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jinja2 import TemplateError
from lightning import LightningDataModule
from lightning.pytorch.utilities import rank_zero_info
from transformers import PreTrainedTokenizerBase

from raiden.errors import ConfigError, SampleError
from raiden.policy import load_tokenizer
from raiden.prompts import ResponseFormat, build_messages
from raiden.samples import load_samples, split_by_character
from raiden.types import Language, Prompt, Sample


class PromptBatches:
    """All prompts once, in order. (Lightning would take a plain list of batches for a list of loaders.)"""

    def __init__(self, prompts: Sequence[Prompt], batch_size: int) -> None:
        self.prompts = prompts
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.prompts) / self.batch_size)

    def __iter__(self) -> Iterator[list[Prompt]]:
        for start in range(0, len(self.prompts), self.batch_size):
            yield list(self.prompts[start : start + self.batch_size])


class PromptLoader:
    """An endless stream of shuffled epochs, cut into steps; the position in it is its whole state.

    Step ``k`` holds the same prompts in every run with the same data and seed, whatever was done in between.
    """

    def __init__(self, prompts: Sequence[Prompt], batch_size: int, questions_per_character: int, seed: int) -> None:
        self.prompts = prompts
        self.batch_size = batch_size
        self.questions_per_character = questions_per_character
        self.seed = seed
        self.num_taken = 0

    def __len__(self) -> int:
        """Steps in an epoch; the last one may be short."""
        return math.ceil(len(self.prompts) / self.batch_size)

    def __iter__(self) -> Iterator[list[Prompt]]:
        for _ in range(len(self)):
            self.num_taken += 1
            yield self.batch(self.num_taken - 1)

    def batch(self, step: int) -> list[Prompt]:
        """The prompts of a step, counted from the beginning of the run."""
        epoch, place = divmod(step, len(self))
        order = shuffled(self.prompts, self.questions_per_character, f"{self.seed} {epoch}")
        return order[place * self.batch_size : (place + 1) * self.batch_size]

    def state_dict(self) -> dict[str, int]:
        return {"num_taken": self.num_taken}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.num_taken = state["num_taken"]


def shuffled(prompts: Sequence[Prompt], questions_per_character: int, seed: str) -> list[Prompt]:
    """A random order in which up to so many questions about one character stand next to each other.

    >>> from types import SimpleNamespace as N
    >>> prompts = [N(sample=N(character_name=name)) for name in "aaaabbbb"]
    >>> names = [p.sample.character_name for p in shuffled(prompts, 2, "seed")]
    >>> all(first == second for first, second in zip(names[::2], names[1::2]))
    True
    """
    rng = random.Random(seed)  # its own generator: nothing else in the run can move it
    by_character: dict[str, list[Prompt]] = defaultdict(list)
    for prompt in prompts:
        by_character[prompt.sample.character_name].append(prompt)
    runs = []
    for own in by_character.values():
        rng.shuffle(own)
        runs += [own[i : i + questions_per_character] for i in range(0, len(own), questions_per_character)]
    rng.shuffle(runs)
    return [prompt for run in runs for prompt in run]


class RoleplayDataModule(LightningDataModule):
    """Reads samples and makes prompts with the model's own chat template."""

    def __init__(
        self,
        train_file: str,
        val_file: str | None = None,
        test_file: str | None = None,
        val_ratio: float = 0.2,
        languages: list[Language] | None = None,
        batch_size: int = 4,
        val_batch_size: int = 64,
        questions_per_character: int = 1,
        max_prompt_tokens: int = 2048,
        tokenizer: str = "",
        response_format: ResponseFormat = "plain",
        seed: int = 0,
    ) -> None:
        """
        Args:
            train_file: samples to train on, JSON list or JSONL.
            val_file: held-out samples; without it a share of the characters of `train_file` is held out.
            test_file: samples for `raiden test` and `raiden predict`.
            val_ratio: share of the characters held out where there is no `val_file`.
            languages: keep samples in these languages (zh, ja, en, ko); null keeps all.
            batch_size: prompts sampled and trained on in each step, by all processes together.
            val_batch_size: prompts answered side by side in validation, by all processes together.
            questions_per_character: questions about one character that stand next to each other; they share the
                work for the profile.
            max_prompt_tokens: longer prompts are dropped, and counted in the log, in tokens.
            tokenizer: whose chat template makes the prompts; linked from model.policy.path.
            response_format: linked from model.rewards.response_format.
            seed: of the order of the samples; linked from model.seed.
        """
        super().__init__()
        for name, value in (
            ("batch_size", batch_size),
            ("val_batch_size", val_batch_size),
            ("questions_per_character", questions_per_character),
            ("max_prompt_tokens", max_prompt_tokens),
        ):
            if value < 1:
                raise ConfigError(f"`data.{name}` must be at least 1, got {value}.")
        if not 0 < val_ratio < 1:
            raise ConfigError(f"`data.val_ratio` must be above 0 and below 1, got {val_ratio}.")
        self.train_file, self.val_file, self.test_file = train_file, val_file, test_file
        self.val_ratio = val_ratio
        self.languages = languages
        self.batch_size, self.val_batch_size = batch_size, val_batch_size
        self.questions_per_character = questions_per_character
        self.max_prompt_tokens = max_prompt_tokens
        self.tokenizer_path = tokenizer
        self.response_format: ResponseFormat = response_format
        self.seed = seed
        self._prompts: dict[str, list[Prompt]] = {}

    def setup(self, stage: str) -> None:
        if self._prompts:
            return
        tokenizer = load_tokenizer(self.tokenizer_path)
        train, validation = self._train_and_validation()
        files = {"train": train, "validation": validation}
        if self.test_file is not None:
            files["test"] = self._load(self.test_file)
        self._prompts = {name: self._tokenize(samples, tokenizer, name) for name, samples in files.items()}

    def _train_and_validation(self) -> tuple[list[Sample], list[Sample]]:
        train = self._load(self.train_file)
        if self.val_file is None:
            return split_by_character(train, self.val_ratio)
        validation = self._load(self.val_file)
        shared = {s.character_name for s in train} & {s.character_name for s in validation}
        if shared:
            raise SampleError(
                f"{self.val_file}: held-out samples about characters that {self.train_file} trains on: "
                f"{', '.join(sorted(shared)[:5])}; move them, or leave `data.val_file` out to split by character."
            )
        return train, validation

    def _load(self, path: str) -> list[Sample]:
        samples = load_samples(path)
        kept = [s for s in samples if self.languages is None or s.language in self.languages]
        if not kept:
            raise ConfigError(
                f"`data.languages`: none of the {len(samples)} samples of {path} is in {self.languages}; add a "
                "language or remove the option."
            )
        return kept

    def _tokenize(self, samples: list[Sample], tokenizer: PreTrainedTokenizerBase, name: str) -> list[Prompt]:
        prompts = [Prompt(s, self._token_ids(s, tokenizer)) for s in samples]
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

    def _token_ids(self, sample: Sample, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
        messages = [{"role": m.role, "content": m.content} for m in build_messages(sample, self.response_format)]
        try:
            ids: Any = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
        except TemplateError as error:
            turns = ", ".join(message["role"] for message in messages)
            raise ConfigError(
                f"`model.policy.path`: the chat template of {self.tokenizer_path} refuses the sample {sample.id} of "
                f'"{sample.character_name}" ("{sample.question}", turns: {turns}): {error}; take a model whose '
                "template can make this conversation, or change the sample."
            ) from error
        return tuple(ids)

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

    def predict_dataloader(self) -> PromptBatches:
        return self.test_dataloader()

    def _in_order(self, name: str) -> PromptBatches:
        return PromptBatches(self._prompts[name], self.val_batch_size)
