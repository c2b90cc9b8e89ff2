"""An engine that answers something else than it was asked stops the run, with a word on what it gave."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from raiden.core.errors import EngineError
from raiden.core.types import Completion
from raiden.rollout.rollouts import refuse_malformed

RIGHT = Completion((5, 6, 2), (-1.0, -0.5, 0.0), "I am Ada.", "stop")


def ask(*groups, seeds=((1, 2), (3, 4))):
    refuse_malformed(groups, seeds, max_tokens=4, vocab_size=7)


def test_what_was_asked_for_passes():
    ask([RIGHT, RIGHT], [RIGHT, replace(RIGHT, sampling_logps=(1e-6, -0.5, -2.0))])
    ask([RIGHT, RIGHT], [RIGHT, replace(RIGHT, sampling_logps=(math.nan, -math.inf, -2.0))])  # the step is skipped


@pytest.mark.parametrize("groups", [[[RIGHT, RIGHT]], [[RIGHT], [RIGHT, RIGHT]], [[RIGHT] * 3, [RIGHT]]])
def test_missing_completions_are_told(groups):
    with pytest.raises(EngineError, match=r"asked for 4 completions of 2 prompts and gave \d of \d"):
        ask(*groups)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token_ids": (), "sampling_logps": ()}, "of 0 tokens, where 1 to 4 were asked for"),
        ({"token_ids": (5,) * 5, "sampling_logps": (-1.0,) * 5}, "of 5 tokens, where 1 to 4 were asked for"),
        ({"sampling_logps": (-1.0, -1.0)}, "of 3 tokens with 2 log-probabilities"),
        ({"token_ids": (5, 7, 2)}, r"tokens that the model has not \(of 7: 2 to 7\)"),
        ({"token_ids": (5, -1, 2)}, r"tokens that the model has not \(of 7: -1 to 5\)"),
        ({"sampling_logps": (-1.0, 5.0, 0.0)}, r"a log-probability above 0 \(5 nats\)"),
    ],
)
def test_what_no_sampling_can_have_given_is_told_with_its_text(changes, words):
    with pytest.raises(EngineError, match=rf"gave a completion .*{words}: 'I am Ada\.'; take another"):
        ask([RIGHT, RIGHT], [RIGHT, replace(RIGHT, **changes)])
