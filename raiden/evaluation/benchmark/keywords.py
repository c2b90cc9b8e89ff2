"""What a right reply must say: the files of the benchmark do not tell, so users or a model have to.

A file of keywords holds one entry a turn, to be read and corrected by hand::

    {"id": "12", "keywords": ["Truro"], "question": ..., "reference": ...}

An entry may have a `rule` as samples do, and one with `keywords: []` is left to the judge; `rejected` says why.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from raiden.core.errors import SampleError
from raiden.core.records import read_records
from raiden.core.types import Message, Sample, Term
from raiden.data.prompts import as_dicts, setting_block
from raiden.data.samples import parse_sample
from raiden.datagen.checks.keywords import giveaway, one_term_fault, stands_in, ungrounded
from raiden.endpoints import ChatReply, ChatRequest
from raiden.evaluation.benchmark.dialogues import Turn
from raiden.rewards import VRAR

_VRAR = VRAR()
MAX_TOKENS = 512
"""Longest reply with a keyword in tokens, reasoning included."""
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


@dataclass(frozen=True)
class Entry:
    """What a file says of one turn."""

    record: Mapping[str, Any]
    origin: str
    """Where it stands, for error messages."""


def keyword_request(turn: Turn, max_tokens: int | None = None) -> ChatRequest:
    """Asks a model for the keyword of a turn that has a reference.

    Args:
        max_tokens: longest reply; None takes MAX_TOKENS.
    """
    source = "what was said before" if turn.focus == "cm" else "the setting"
    words = _TASK.format(name=turn.profile.name, question=turn.question, reference=turn.reference, source=source)
    context = "\n".join([setting_block(turn.profile.fields), "", *(message.content for message in turn.history)])
    return ChatRequest((Message("user", f"{context}\n\n{words}"),), max_tokens or MAX_TOKENS, 0.0, schema=_SCHEMA)


def keyword_entry(turn: Turn, reply: ChatReply) -> dict[str, Any]:
    """The record of a turn: the keyword that a model found, if it passes the checks."""
    keyword = json.loads(reply.text)["keyword"].strip()
    fault = keyword_fault(turn, keyword)
    found = {"keywords": [], "proposed": keyword, "rejected": fault} if fault else {"keywords": [keyword]}
    about = {"character_name": turn.profile.name, "question": turn.question, "reference": turn.reference}
    return {"id": turn.id, **found, **about}


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


def read_keywords(path: str | Path) -> dict[str, Entry]:
    """The entries of a file by the ids of their turns.

    Raises:
        SampleError: an entry has no `id`, or one that another has.
    """
    entries: dict[str, Entry] = {}
    for origin, record in read_records(path, SampleError):
        id_ = record.get("id")
        if not isinstance(id_, str) or id_ in entries:
            raise SampleError(f"{origin}: `id` must be that of one dialogue and stand once, got {id_!r}; correct it.")
        entries[id_] = Entry(record, origin)
    return entries


def rule_samples(turns: Iterable[Turn], entries: Mapping[str, Entry]) -> dict[str, Sample]:
    """What the rule-based reward needs to score a reply, for each turn that has keywords.

    Raises:
        SampleError: an entry cannot be used, is about another question, or would call its own reference wrong.
    """
    samples: dict[str, Sample] = {}
    for turn in turns:
        entry = entries.get(turn.id)
        if entry and turn.focus and (entry.record.get("keywords") or entry.record.get("rule")):
            samples[turn.id] = sample = make_sample(turn, entry.record, entry.origin)
            _refuse_mistaken(turn, sample, entry)
    return samples


def _refuse_mistaken(turn: Turn, sample: Sample, entry: Entry) -> None:
    if entry.record.get("question", turn.question) != turn.question:
        raise SampleError(
            f'{entry.origin}: dialogue "{turn.id}" asks something else; give keywords of these dialogues.'
        )
    if turn.reference and not (reward := _VRAR(sample, turn.reference)).accuracy:
        raise SampleError(
            f'{entry.origin}: by these keywords the reference "{turn.reference}" would be wrong ({reward.reason}); '
            "correct them, or write [] to leave this turn to the judge."
        )


def make_sample(turn: Turn, entry: Mapping[str, Any], origin: str) -> Sample:
    """A turn as a sample of the rule-based reward.

    Raises:
        SampleError: the keywords or the rule cannot be used.
    """
    keywords: Sequence[Any] = entry.get("keywords") or ()
    focus = {"sbk": "script_knowledge", "cm": "conversation_memory", None: "script_knowledge"}[turn.focus]
    record = {
        "character_name": turn.profile.name,
        "character_profile": dict(turn.profile.fields),
        "conversation_history": as_dicts(turn.history),
        "question": turn.question,
        "answer": turn.reference or "-",  # a sample must have one
        "question_type": "what",
        "validation_method": "single_term_validation" if len(keywords) == 1 else "multi_term_parsing",
        "difficulty": "medium",
        "metadata": {"language": turn.language, "focus": focus},
    }
    asked = {name: entry[name] for name in ("keywords", "rule", "match") if entry.get(name)}
    return replace(parse_sample(record | asked, origin), id=turn.id)
