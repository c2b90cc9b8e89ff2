"""Plan -> what the model is told, and the schema that its reply must follow."""

from __future__ import annotations

from typing import Any, get_args

from raiden.core.types import Message, TermType
from raiden.datagen.base import Slot
from raiden.datagen.questions.plans import Plan
from raiden.datagen.questions.wording import WORDINGS


def plan_messages(slot: Slot, plan: Plan) -> tuple[Message, ...]:
    """The prompt for one draft; what all drafts about a character share comes first, so that servers reuse it."""
    wording = WORDINGS[slot.language]
    role = wording.role[slot.focus].format(name=slot.profile.name)
    setting = "\n".join(f"{field}: {value}" for field, value in slot.profile.fields.items())
    task = wording.task[slot.focus].format(
        type=plan.question_type,
        words=wording.question_words[plan.question_type],
        difficulty=wording.difficulties[slot.focus][plan.difficulty],
        passage=plan.passage,
        num_turns=plan.num_turns,
        fact_turn=plan.fact_turn,
        matter=_pick(wording.matters[plan.question_type], plan.matter),
    )
    method = wording.method[plan.validation_method]
    draft = f"<Character Setting>\n{setting}\n</Character Setting>\n\n{task}\n\n{method}"
    return (Message("system", role), Message("user", draft))


def plan_schema(slot: Slot, plan: Plan) -> dict[str, Any]:
    """What the model fills in; in the order in which it is best thought of, for constrained decoding keeps it."""
    text = {"type": "string", "minLength": 1}
    fields: dict[str, Any] = {}
    if slot.focus == "cm":
        turn = _object({"role": {"type": "string", "enum": ["user", "assistant"]}, "content": text})
        fields["conversation"] = {
            "type": "array",
            "items": turn,
            "minItems": plan.num_turns,
            "maxItems": plan.num_turns,
        }
    fields |= {"question": text, "answer": text}
    if plan.validation_method == "single_term_validation":
        return _object(fields | {"keyword": text})
    variants = {"type": "array", "items": text, "minItems": 1, "maxItems": 6}
    term = _object({"type": {"type": "string", "enum": list(get_args(TermType))}, "variants": variants})
    terms = {"type": "array", "items": term, "minItems": 1, "maxItems": 4}
    return _object(fields | {"match": {"type": "string", "enum": ["all", "any"]}, "terms": terms})


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    """An object with exactly these fields, as strict servers demand it."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _pick(choices: tuple[str, ...], number: int) -> str:
    return choices[number % len(choices)]
