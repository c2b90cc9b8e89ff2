"""A language model as the author of samples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from raiden.core.errors import EndpointError
from raiden.datagen.base import Record, Rejection, Slot
from raiden.datagen.questions.plans import Plan, make_plan
from raiden.datagen.questions.prompts import plan_messages, plan_schema
from raiden.endpoints import AccessError, ChatEndpoint, ChatRequest, Identity

_FOCUS_NAMES = {"sbk": "script_knowledge", "cm": "conversation_memory"}


class EndpointAuthor:
    """Writes each draft with one request; `raiden.datagen.base.Author` says what that means.

    Args:
        endpoint: retries what is worth it.
        seed: other seeds give other questions.
        temperature: of sampling; 0 makes drafts of one character alike.
        max_tokens: longest reply, reasoning included; a conversation of ten turns takes about 800 tokens.
    """

    def __init__(
        self, endpoint: ChatEndpoint, seed: int = 0, temperature: float = 0.8, max_tokens: int = 2048
    ) -> None:
        self.endpoint = endpoint
        self.seed = seed
        self.temperature = temperature
        self.max_tokens = max_tokens

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
