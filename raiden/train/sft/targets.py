"""Sample -> the completion that the model learns to give: reasoning where the format has it, answer, end of turn."""

from collections.abc import Collection

from transformers import PreTrainedTokenizerBase

from raiden.core.errors import ConfigError, SampleError
from raiden.core.types import Sample
from raiden.data.chat_template import ChatTemplate, end_of_turn_ids
from raiden.data.prompts import ResponseFormat
from raiden.rewards.reply import take_answer
from raiden.train.sft.reasoning import own_reasoning, quoting_reasoning


def target_text(sample: Sample, response_format: ResponseFormat = "plain") -> str:
    """The reference answer; under `think` with reasoning before it.

    Reasoning is the sample's own (`reasoning`, or `metadata.reasoning`), else the quotation of what the answer
    rests on.

    Raises:
        SampleError: `think` wants reasoning; the sample has none, and nothing in it can be quoted. Or the format of
            the target is one that the reward punishes.
    """
    text, fields = sample.answer.strip(), "`answer`"
    if response_format == "think":
        text, fields = f"<think>\n{_reasoning(sample)}\n</think>\n\n{text}", "`answer` or `reasoning`"
    if fault := take_answer(text, response_format).format_fault:
        raise SampleError(
            f"{_named(sample)}: as a target it would teach a format that the reward punishes ({fault}); correct its "
            f"{fields}, where no tags are needed, or drop the sample."
        )
    return text


def _reasoning(sample: Sample) -> str:
    reasoning = own_reasoning(sample) or quoting_reasoning(sample)
    if not reasoning:
        # An empty block would teach what the format reward punishes.
        source = "profile" if sample.focus == "sbk" else "conversation"
        raise SampleError(
            f"{_named(sample)}: there is no `reasoning`, and its {source} nowhere says what the keywords say, so that "
            "nothing can be quoted; add `reasoning`, or set `model.rewards.response_format` to plain."
        )
    return reasoning


def _named(sample: Sample) -> str:
    return f'sample {sample.id} of "{sample.character_name}" ("{sample.question}")'


def end_of_turn(tokenizer: PreTrainedTokenizerBase, stop_ids: Collection[int]) -> int:
    """The token that ends a reply: the chat template's own where the engine stops at it, else the tokenizer's.

    Args:
        stop_ids: tokens at which the engine stops.

    Raises:
        ConfigError: there is no token that ends anything.
    """
    end = next((token for token in end_of_turn_ids(tokenizer) if token in stop_ids), tokenizer.eos_token_id)
    if end is None:
        raise ConfigError(
            "`model.policy.path`: neither the tokenizer nor the generation config names an end-of-sequence token, so "
            "that replies could not end; set `eos_token` in the model's tokenizer_config.json."
        )
    return end


def target_token_ids(chat: ChatTemplate, text: str, end: int) -> tuple[int, ...]:
    """The tokens that follow the generation prompt when the model says the text and ends its turn.

    They are not cut out of the rendered conversation: some templates drop or add reasoning blocks there, and the
    reward reads what is generated. A block that the prompt has opened goes on.
    """
    return (*chat.tokenizer.encode(chat.write(text), add_special_tokens=False), end)
