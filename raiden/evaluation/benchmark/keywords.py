"""What a right reply must say: the files of the benchmark do not tell, so users or a model have to.

A file of keywords holds one entry a turn, to be read and corrected by hand::

    {"id": "12", "keywords": ["Truro"], "question": ..., "reference": ...}

An entry may have a `rule` as samples do, and one with `keywords: []` is left to the judge; `rejected` says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from raiden.datagen.checks.keywords import giveaway, one_term_fault, stands_in, ungrounded
from raiden.endpoints import ChatReply, ChatRequest, RequestError
from raiden.errors import SampleError
from raiden.evaluation.benchmark.dialogues import Turn
from raiden.prompts import system_message
from raiden.records import read_records
from raiden.rewards import VRAR
from raiden.samples import parse_sample
from raiden.types import Focus, Message, Sample, Term

_VRAR = VRAR()
_SCHEMA = {
    "type": "object",
    "properties": {"keyword": {"type": "string"}},
    "required": ["keyword"],
    "additionalProperties": False,
}
_TASK = """\
{name} was asked a question, and a person who knows the answer replied.

Question: {question}
Right reply: {reference}

Copy from the right reply the one noun, name, number or date that decides whether another reply is right too. It \
stands in {source} as well, and not in the question. If there is no such word, the keyword is "".
"""


def focus_of(turn: Turn) -> Focus | None:
    """What the rule-based reward calls the first dimension of a turn that it can judge; None where there is none."""
    return next((dimension.focus for dimension in turn.dimensions if dimension.focus), None)


def keyword_request(turn: Turn) -> ChatRequest:
    """Asks a model for the keyword of a turn that has a reference."""
    source = "what was said before" if focus_of(turn) == "cm" else "the setting"
    words = _TASK.format(name=turn.profile.name, question=turn.question, reference=turn.reference, source=source)
    setting = system_message(turn.profile.name, turn.profile.fields, turn.language).content
    context = "\n".join([setting.partition("\n\n")[0], "", *(message.content for message in turn.history)])
    return ChatRequest((Message("user", f"{context}\n\n{words}"),), 512, 0.0, schema=_SCHEMA)


def keyword_entry(turn: Turn, reply: ChatReply | RequestError) -> dict[str, Any]:
    """The entry of a turn: the keyword that a model found, if it passes the checks."""
    keyword = fault = ""
    if isinstance(reply, RequestError):
        fault = str(reply)
    else:
        keyword = json.loads(reply.text)["keyword"].strip()
        fault = keyword_fault(turn, keyword)
    entry: dict[str, Any] = {"id": turn.id, "keywords": [] if fault else [keyword]}
    if fault:
        entry |= {"proposed": keyword, "rejected": fault}
    return entry | {"character_name": turn.profile.name, "question": turn.question, "reference": turn.reference}


def keyword_fault(turn: Turn, keyword: str) -> str:
    """Why a keyword cannot decide about replies, in one sentence; empty where it can."""
    if fault := one_term_fault(keyword, turn.language):
        return fault
    sample = make_sample(turn, {"id": turn.id, "keywords": [keyword]}, "keyword")
    if not stands_in(Term((keyword,)), turn.reference, turn.language):
        return f'The reference does not say "{keyword}".'
    if giveaway(sample):
        return f'The question says "{keyword}" itself.'
    said = "\n".join(message.content for message in turn.history)
    source = said if sample.focus == "cm" else "\n".join(turn.profile.fields.values())
    if ungrounded(sample, source):
        return f'"{keyword}" stands neither in the setting nor in the conversation that the question is about.'
    if not (reward := _VRAR(sample, turn.reference)).accuracy:
        return f"The reference itself would be wrong: {reward.reason}"
    return ""


def read_keywords(path: str | Path) -> dict[str, Mapping[str, Any]]:
    """The entries of a file by the ids of their turns.

    Raises:
        SampleError: an entry has no `id`, or one that another has.
    """
    entries: dict[str, Mapping[str, Any]] = {}
    for origin, entry in read_records(path, SampleError):
        id_ = entry.get("id")
        if not isinstance(id_, str) or id_ in entries:
            raise SampleError(f"{origin}: `id` must be that of one dialogue and stand once, got {id_!r}; correct it.")
        entries[id_] = entry
    return entries


def rule_samples(
    turns: Iterable[Turn], entries: Mapping[str, Mapping[str, Any]], path: str | Path
) -> dict[str, Sample]:
    """What the rule-based reward needs to score a reply, for each turn that has keywords.

    Raises:
        SampleError: an entry cannot be used, or the reference of its own turn would be wrong by it.
    """
    samples: dict[str, Sample] = {}
    for turn in turns:
        entry = entries.get(turn.id, {})
        if focus_of(turn) and (entry.get("keywords") or entry.get("rule")):
            samples[turn.id] = sample = make_sample(turn, entry, f'{path}: "{turn.id}"')
            _refuse_wrong_reference(turn, sample, path)
    return samples


def _refuse_wrong_reference(turn: Turn, sample: Sample, path: str | Path) -> None:
    if turn.reference and not (reward := _VRAR(sample, turn.reference)).accuracy:
        raise SampleError(
            f'{path}: "{turn.id}": by these keywords the reference "{turn.reference}" would be wrong '
            f"({reward.reason}); correct them, or write [] to leave this turn to the judge."
        )


def make_sample(turn: Turn, entry: Mapping[str, Any], origin: str) -> Sample:
    """A turn as a sample of the rule-based reward.

    Raises:
        SampleError: the keywords or the rule cannot be used.
    """
    keywords: Sequence[Any] = entry.get("keywords") or ()
    focus = {"sbk": "script_knowledge", "cm": "conversation_memory", None: "script_knowledge"}[focus_of(turn)]
    record = {
        "character_name": turn.profile.name,
        "character_profile": dict(turn.profile.fields),
        "conversation_history": [{"role": m.role, "content": m.content} for m in turn.history],
        "question": turn.question,
        "answer": turn.reference or "-",  # a sample must have one
        "question_type": "what",
        "validation_method": "single_term_validation" if len(keywords) == 1 else "multi_term_parsing",
        "difficulty": "medium",
        "metadata": {"language": turn.language, "focus": focus},
    }
    asked = {name: entry[name] for name in ("keywords", "rule", "match") if name in entry}
    return replace(parse_sample(record | asked, origin), id=turn.id)
