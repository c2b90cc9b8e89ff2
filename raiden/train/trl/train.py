"""A run of TRL's GRPOTrainer on raiden's data, prompts and reward."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from huggingface_hub import snapshot_download
from torch import Tensor
from transformers import PreTrainedTokenizerBase
from transformers.trainer_utils import get_last_checkpoint
from trl import GRPOTrainer, ModelConfig, get_peft_config, get_quantization_config

from raiden.core.errors import ConfigError, TrainingError
from raiden.core.types import Prompt
from raiden.data.chat_template import ChatTemplate, end_of_turn_ids
from raiden.data.conversion import convert_sample
from raiden.data.prompts import PromptSettings, ResponseFormat, build_messages, write_record
from raiden.policy import load_tokenizer, resolve_model
from raiden.policy.sources import explain_model_errors
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.trl.held_out import HeldOutReplies
from raiden.train.trl.options import DataArguments, Options, in_options_of_trl
from raiden.train.trl.rewards import RewardFunctions


def train(options: Options) -> GRPOTrainer:
    """Trains, and saves the model in the output folder.

    Raises:
        InputError: the model, the samples or the checkpoint to go on from cannot be used.
    """
    checkpoint = find_checkpoint(str(options.training.output_dir), options.training.resume_from_checkpoint)
    trainer = make_trainer(options)
    _tell_samples(trainer)
    trainer.train(resume_from_checkpoint=checkpoint)
    trainer.save_model(options.training.output_dir)
    # TRL's trainer keeps the log in its checkpoints only.
    trainer.save_state()
    return trainer


def make_trainer(options: Options) -> GRPOTrainer:
    """TRL's trainer with the model, the rows and the reward of these options.

    Raises:
        InputError: the model or the samples cannot be used.
    """
    with in_options_of_trl():
        folder = _model_folder(options.model)
        tokenizer = load_tokenizer(folder)
        kwargs: Any = options.training.chat_template_kwargs
        train_rows, held_out_rows, chat = load_datasets(
            options.data, tokenizer, options.rewards.response_format, kwargs
        )
    if chat.traits.is_dated:  # transformers asks the clock
        today = datetime.fromisoformat(chat.renderer.date).strftime
        tokenizer.apply_chat_template = partial(tokenizer.apply_chat_template, strftime_now=today)  # type: ignore[method-assign]

    def transcribe(token_ids: Sequence[int]) -> tuple[str, bool]:
        # Which tokens end a completion is known once the trainer below has loaded the model.
        return chat.read(token_ids), token_ids[-1] not in trainer.eos_token_ids

    rewards = RewardFunctions(options.rewards, transcribe, chat.settings)
    functions: Any = rewards.functions
    training: Any = options.training
    training.reward_weights = rewards.weights
    own = tokenizer.special_tokens_map
    absent = {name: token for name, token in chat.renderer.special_tokens.items() if name not in own}
    training.chat_template_kwargs = {**absent, **chat.kwargs}
    own_options = {"attn_implementation": options.model.attn_implementation, "dtype": options.model.dtype}
    training.model_init_kwargs = own_options | (training.model_init_kwargs or {})
    try:
        trainer = ScoredTrainer(
            model=folder,
            reward_funcs=functions,
            args=training,
            train_dataset=train_rows,
            eval_dataset=held_out_rows,
            processing_class=tokenizer,
            quantization_config=get_quantization_config(options.model),
            peft_config=get_peft_config(options.model),
        )
    except (OSError, ValueError, ImportError) as error:
        # TRL and transformers check the rest of the options when they meet them.
        raise ConfigError(f"TRL cannot begin with these options: {error}") from error
    trainer.prompts = chat.settings
    trainer.add_callback(
        HeldOutReplies(str(options.model.model_name_or_path), rewards, trainer.num_generations_eval or 1)
    )
    # As the engines of `raiden fit`: the chat template's own end of turn stops a completion too.
    if new := set(end_of_turn_ids(tokenizer)).difference(trainer.eos_token_ids):
        trainer.eos_token_ids = [*trainer.eos_token_ids, *new]
        owners: Any = (trainer, trainer.model)  # what samples, and what is saved
        for owner in owners:
            if hasattr(owner, "generation_config"):
                owner.generation_config.eos_token_id = trainer.eos_token_ids
    return trainer


def find_checkpoint(output_dir: str, resume_from: str | bool | None) -> str | None:
    """The checkpoint to go on from; None for a new run, whose folder must not hold an earlier one.

    Args:
        resume_from: `last` or true, for the newest in the folder, or the path of a checkpoint; None and false begin
            anew.

    Raises:
        ConfigError: there is no such checkpoint, or a new run would overwrite an earlier one.
    """
    newest = get_last_checkpoint(output_dir) if Path(output_dir).is_dir() else None
    if resume_from in (None, False, "false", "False"):
        if newest is not None or Path(output_dir, "trainer_state.json").exists():
            raise ConfigError(
                f"`--output_dir`: {output_dir} holds a run already; give another folder, or go on with it: "
                "--resume_from_checkpoint last."
            )
        return None
    if resume_from in ("last", True, "true", "True"):
        if newest is None:
            raise ConfigError(
                f"`--resume_from_checkpoint`: no checkpoint in {output_dir} yet (`--save_steps` says when one is "
                "written); leave the option out to begin anew."
            )
        return newest
    if not Path(str(resume_from), "trainer_state.json").is_file():
        raise ConfigError(
            f"`--resume_from_checkpoint`: {resume_from} is no checkpoint of such a run; give a `checkpoint-*` folder, "
            "or `last`."
        )
    return str(resume_from)


def _model_folder(model: ModelConfig) -> str:
    """The folder or the hub id that TRL loads; a hub id at another revision is fetched first."""
    source = resolve_model(str(model.model_name_or_path))
    if model.model_revision == "main" or Path(source).is_dir():
        return source
    with explain_model_errors(source):
        return str(snapshot_download(source, revision=model.model_revision))


def _tell_samples(trainer: Any) -> None:
    note = ", not scored: --eval_strategy is no" if trainer.args.eval_strategy == "no" else ""
    trainer.accelerator.print(
        f"{len(trainer.train_dataset)} samples to train on, {len(trainer.eval_dataset)} held out{note}"
    )


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


class ScoredTrainer(GRPOTrainer):
    """GRPOTrainer leaves completions that no reward function scores out of means, deviations and advantages; here they
    are not in the loss either: neither in its KL term nor among the tokens or the completions that it divides by."""

    prompts = PromptSettings()
    """What the rows' prompts were made by; it goes along with each model that is saved, as `raiden fit` has it."""

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        super().save_model(output_dir, _internal_call)
        if self.args.should_save:
            write_record(Path(output_dir or str(self.args.output_dir)), {"prompts": self.prompts.as_record()})

    def _calculate_rewards(self, *arguments: Any, **options: Any) -> Tensor:
        rewards: Tensor = super()._calculate_rewards(*arguments, **options)
        self._unscored = torch.isnan(rewards).all(dim=1)
        if bool(self._unscored.all()):
            raise TrainingError(
                f"none of {len(self._unscored)} completions has a score; see to the server or the reward (`extra`) "
                "and go on from the last checkpoint, or give that reward the weight 0."
            )
        return rewards

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        own = len(output["completion_mask"])
        start = self.accelerator.process_index * own
        unscored = self._unscored[start : start + own].to(output["completion_mask"].device)
        if bool(self._unscored.any()):
            output["completion_mask"] = output["completion_mask"] * (~unscored).unsqueeze(1)
            mask = output["completion_mask"] * output.get("tool_mask", 1)
            output["num_items_in_batch"] = self.accelerator.gather(mask.sum()).sum()
        return output
