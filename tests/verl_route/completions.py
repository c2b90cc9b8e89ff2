"""Right, wrong and malformed completions of all shipped samples, as tokens: the same for verl and for raiden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from raiden.core.types import Sample

LIMIT = 96
"""Longest completion in tokens; of the malformed ones some are cut there."""
THOUGHT = "<think>\nWhat do I know of that?\n</think>\n\n"


def texts(samples: Sequence[Sample], index: int, thinks: bool) -> list[str]:
    """What a model may write to a sample: the reference answer, that of another sample, and something malformed."""
    sample, other = samples[index], samples[(index + 7) % len(samples)]
    malformed = (
        "",
        f"<think>{sample.answer}",
        f"{THOUGHT}{THOUGHT}{sample.answer}",
        f"Hm.</think> {sample.answer}",
        f"{sample.answer}\n\nuser: {sample.question}\nassistant: {sample.answer}",
        "; ".join(sample.character_profile.values()),
        f"{sample.answer} " * 40,  # cut
        f"<answer>{sample.answer}</answer> <|im_start|>",
        f"{THOUGHT}{other.answer}",
    )
    before = THOUGHT if thinks else ""
    return [before + sample.answer, before + other.answer, malformed[index % len(malformed)]]


def tokens(tokenizer: Any, text: str, opened: str) -> list[int]:
    """What the model generates for it, behind a prompt that opens a block or does not."""
    ids = tokenizer.encode(text.removeprefix(opened), add_special_tokens=False)[:LIMIT]
    return ids if len(ids) == LIMIT else [*ids, tokenizer.eos_token_id]
