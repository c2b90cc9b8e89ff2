"""A language model as the author of samples: what it is asked, and the sample that its reply is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from raiden.core.errors import EndpointError
from raiden.core.types import Message, TermType
from raiden.data.prompts import setting_block
from raiden.datagen.base import Record, Rejection, Slot
from raiden.datagen.questions.plans import Plan, make_plan
from raiden.datagen.questions.wording import WORDINGS
from raiden.endpoints import AccessError, ChatEndpoint, ChatRequest, Identity

_FOCUS_NAMES = {"sbk": "script_knowledge", "cm": "conversation_memory"}


@dataclass(frozen=True)
class EndpointAuthor:
    """Writes each draft with one request; `raiden.datagen.base.Author` says what that means."""

    endpoint: ChatEndpoint
    """Retries what is worth it."""
    seed: int = 0
    """Other seeds give other questions."""
    temperature: float = 0.8
    """Of sampling; 0 makes drafts of one character alike."""
    max_tokens: int = 2048
    """Longest reply, reasoning included; a conversation of ten turns takes about 800 tokens."""

    async def write(self, slot: Slot, attempt: int) -> Record | Rejection:
        """The draft for a slot, or why the request for it failed.

        Raises:
            AccessError: no request of this run can succeed.
        """
        plan = make_plan(slot, attempt, self.seed)
        request = ChatRequest(
            plan_messages(slot, plan), self.max_tokens, self.temperature, plan.seed, plan_schema(slot, plan)
        )
        try:
            reply = await self.endpoint.complete(request)
            identity = await self.endpoint.identity()
        except AccessError:
            raise
        except EndpointError as fault:
            return Rejection("request_failed", str(fault))
        return _record(slot, plan, json.loads(reply.text), identity)


def _record(slot: Slot, plan: Plan, draft: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
    """The draft in the sample format."""
    record: dict[str, Any] = {
        "character_name": slot.profile.name,
        "character_profile": dict(slot.profile.fields),
        "conversation_history": draft.get("conversation", []),
        "question": draft["question"].strip(),
        "answer": draft["answer"].strip(),
    }
    if plan.validation_method == "single_term_validation":
        record["keywords"] = [draft["keyword"].strip()]
    else:
        record["keywords"] = [term["variants"][0] for term in draft["terms"]]
        record["rule"] = {"match": draft["match"], "terms": draft["terms"]}
    return record | {
        "question_type": plan.question_type,
        "validation_method": plan.validation_method,
        "difficulty": plan.difficulty,
        "metadata": {
            "source": f"{identity.kind}_{slot.focus}",
            "model": identity.model,
            "language": slot.language,
            "focus": _FOCUS_NAMES[slot.focus],
        },
    }


def plan_messages(slot: Slot, plan: Plan) -> tuple[Message, ...]:
    """The prompt for one draft; what all drafts about a character share comes first, so that servers reuse it."""
    wording = WORDINGS[slot.language]
    role = wording.role[slot.focus].format(name=slot.profile.name)
    matters = wording.matters[plan.question_type]
    task = wording.task[slot.focus].format(
        type=plan.question_type,
        words=wording.question_words[plan.question_type],
        difficulty=wording.difficulties[slot.focus][plan.difficulty],
        passage=plan.passage,
        num_turns=plan.num_turns,
        fact_turn=plan.fact_turn,
        matter=matters[plan.matter % len(matters)],
    )
    method = wording.method[plan.validation_method]
    draft = f"{setting_block(slot.profile.fields)}\n\n{task}\n\n{method}"
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
