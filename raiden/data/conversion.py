"""Samples -> the forms that other trainers read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Literal, get_args

from raiden.core.types import Message, Sample
from raiden.data.chat_template.shaping import shaped
from raiden.data.prompts import PromptSettings, as_dicts, build_messages

Form = Literal["sharegpt", "chatml", "trl"]
FORMS: tuple[Form, ...] = get_args(Form)

_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}


def convert_sample(sample: Sample, form: Form, settings: PromptSettings = PromptSettings()) -> dict[str, Any]:
    """One row of a data set in a form of other trainers.

    `sharegpt`: `conversations`, a list of `from` (system, human, gpt) and `value`, the reference answer last; human
    begins and takes turns with gpt, for trainers drop other rows.
    `chatml`: `messages`, a list of `role` and `content`, the reference answer last.
    `trl`: `prompt`, the messages before the answer, and columns for reward functions. All rows have the same columns
    and types: `rule`, `character_profile` and `sample` are JSON texts, since their keys differ from row to row.
    `raiden.data.samples.parse_sample(json.loads(row["sample"]), "")` is the sample again.

    Args:
        settings: what the prompt asks for; its response format is what the reward functions for TRL take for
            well-formed.
    """
    convert: Mapping[Form, Callable[[Sample, PromptSettings], dict[str, Any]]] = {
        "sharegpt": _sharegpt,
        "chatml": _chatml,
        "trl": _trl,
    }
    return convert[form](sample, settings)


def _sharegpt(sample: Sample, settings: PromptSettings) -> dict[str, Any]:
    turns = shaped(build_messages(sample, settings), alternates=True, opening_turn=settings.opening_turn)
    turns.append(Message("assistant", sample.answer))
    return {"conversations": [{"from": _SPEAKERS[turn.role], "value": turn.content} for turn in turns]}


def _chatml(sample: Sample, settings: PromptSettings) -> dict[str, Any]:
    return {"messages": [*_messages(sample, settings), {"role": "assistant", "content": sample.answer}]}


def _trl(sample: Sample, settings: PromptSettings) -> dict[str, Any]:
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


def _messages(sample: Sample, settings: PromptSettings) -> list[dict[str, str]]:
    return as_dicts(build_messages(sample, settings))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
