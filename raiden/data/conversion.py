"""Samples -> the forms that other trainers read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, get_args

from raiden.core.types import Message, Sample
from raiden.data.chat_template.shaping import shaped
from raiden.data.prompts import PromptSettings, as_dicts, build_messages
from raiden.data.reward_rows import Marks, RewardRow

if TYPE_CHECKING:
    from raiden.data.chat_template import ChatTemplate

Form = Literal["sharegpt", "chatml", "trl", "verl", "easyr1"]
FORMS: tuple[Form, ...] = get_args(Form)

_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}


def convert_sample(
    sample: Sample, form: Form, settings: PromptSettings = PromptSettings(), chat: ChatTemplate | None = None
) -> dict[str, Any]:
    """One row of a data set in a form of other trainers.

    `sharegpt`: `conversations`, a list of `from` (system, human, gpt) and `value`, the reference answer last; human
    begins and takes turns with gpt, for trainers drop other rows.
    `chatml`: `messages`, a list of `role` and `content`, the reference answer last.
    `trl`: `prompt`, the messages before the answer, and columns for reward functions. All rows have the same columns
    and types: `rule`, `character_profile` and `sample` are JSON texts, since their keys differ from row to row.
    `raiden.data.samples.parse_sample(json.loads(row["sample"]), "")` is the sample again.
    `verl`: `prompt`, the messages before the answer; `data_source`, which says whose curve it is; and for
    `raiden.verl_route` the sample as text in `reward_model.ground_truth`. Nested columns have one type in all rows.
    `easyr1`: `prompt`, the finished prompt as text, and the same sample in `answer`.

    Args:
        settings: what the prompt asks for; its response format is what the reward functions for TRL take for
            well-formed.
        chat: the model's own template; `easyr1` needs it, and `verl` takes from it the turns that it wants, and what
            it opens before a reply.
    """
    convert: Mapping[Form, Callable[[Sample, PromptSettings, ChatTemplate | None], dict[str, Any]]] = {
        "sharegpt": _sharegpt,
        "chatml": _chatml,
        "trl": _trl,
        "verl": _verl,
        "easyr1": _easyr1,
    }
    return convert[form](sample, settings, chat)


def _sharegpt(sample: Sample, settings: PromptSettings, chat: ChatTemplate | None) -> dict[str, Any]:
    turns = shaped(build_messages(sample, settings), alternates=True, opening_turn=settings.opening_turn)
    turns.append(Message("assistant", sample.answer))
    return {"conversations": [{"from": _SPEAKERS[turn.role], "value": turn.content} for turn in turns]}


def _chatml(sample: Sample, settings: PromptSettings, chat: ChatTemplate | None) -> dict[str, Any]:
    return {"messages": [*_messages(sample, settings), {"role": "assistant", "content": sample.answer}]}


def _trl(sample: Sample, settings: PromptSettings, chat: ChatTemplate | None) -> dict[str, Any]:
    return {
        "prompt": _messages(sample, settings),
        "solution": sample.answer,
        "answer": sample.answer,
        "question": sample.question,
        # A list that were empty in all rows would have no type.
        "keywords": list(sample.keywords) or [term.variants[0] for term in sample.rule.terms],
        "rule": _json(asdict(sample.rule)),
        "character_name": sample.character_name,
        "character_profile": _json(dict(sample.character_profile)),
        "question_type": sample.question_type,
        "validation_method": sample.validation_method,
        "difficulty": sample.difficulty,
        "language": sample.language,
        "focus": sample.focus,
        "id": sample.id,
        "response_format": settings.response_format,
        "sample": _json(sample.raw),
    }


def _verl(sample: Sample, settings: PromptSettings, chat: ChatTemplate | None) -> dict[str, Any]:
    messages = build_messages(sample, settings)
    return {
        "data_source": f"raiden_{sample.focus}",
        "prompt": chat.conversation(messages) if chat else as_dicts(messages),
        "ability": "role-play",
        "reward_model": {"style": "rule", "ground_truth": _ground_truth(sample, settings, chat)},
        "extra_info": _about(sample),
    }


def _easyr1(sample: Sample, settings: PromptSettings, chat: ChatTemplate | None) -> dict[str, Any]:
    assert chat is not None, "its prompts are texts"
    prompt = chat.render(build_messages(sample, settings))
    return {"prompt": prompt, "answer": _ground_truth(sample, settings, chat), **_about(sample)}


def _ground_truth(sample: Sample, settings: PromptSettings, chat: ChatTemplate | None) -> str:
    return RewardRow.of(sample, settings.response_format, Marks.of(chat) if chat else Marks()).dump()


def _about(sample: Sample) -> dict[str, str]:
    return {
        "id": sample.id,
        "character_name": sample.character_name,
        "question_type": sample.question_type,
        "difficulty": sample.difficulty,
        "language": sample.language,
        "focus": sample.focus,
    }


def _messages(sample: Sample, settings: PromptSettings) -> list[dict[str, str]]:
    return as_dicts(build_messages(sample, settings))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
