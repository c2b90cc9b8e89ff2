"""Rows of an evaluation file, made by hand or drawn with known probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from raiden.evaluation.results import Evaluation, metrics_of


def row(sample: str, character: str, accuracy: float, **changes: Any) -> dict[str, Any]:
    return {
        "id": sample,
        "reply_index": 0,
        "character_name": character,
        "focus": "sbk",
        "language": "en",
        "question_type": "what",
        "difficulty": "easy",
        "question": f"What is {sample}?",
        "reference": "A kite.",
        "reply": "I fly a kite." if accuracy else "I do not know.",
        "finish_reason": "stop",
        "accuracy": accuracy,
        "format": 1.0,
        "total": 0.3 + 0.7 * accuracy,
        "components": {},
        "spans": [],
        "reason": "",
        "history": [],
        "profile": {},
        **changes,
    }


def evaluation(rows: Sequence[dict[str, Any]], model: str = "m") -> Evaluation:
    return Evaluation(model, metrics_of(rows), rows)


def drawn(rates: Sequence[Sequence[float]], seed: int, num_replies: int = 1) -> Evaluation:
    """Replies of a model that is right on question ``q`` of character ``c`` with probability ``rates[c][q]``."""
    rng = np.random.default_rng(seed)
    return evaluation(
        [
            row(f"{c}-{q}", f"character {c}", float(rng.random() < rate), reply_index=index)
            for c, own in enumerate(rates)
            for q, rate in enumerate(own)
            for index in range(num_replies)
        ]
    )
