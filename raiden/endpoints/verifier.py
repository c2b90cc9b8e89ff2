"""A verifier behind an OpenAI-compatible endpoint."""

import math
import re
from collections.abc import Mapping, Sequence

from raiden.core.types import Message, Sample
from raiden.endpoints import ChatRequest
from raiden.endpoints.server import AsksServer
from raiden.scoring.base import Score, answer_of
from raiden.scoring.verifier import verifying_question

NUM_ALTERNATIVES = 20
"""The most that OpenAI's protocol gives."""
_LEAST = -100.0
"""Nats that count as the least: servers write -9999 for what they never sample."""
_WORD = re.compile(r"\W*(yes|no)\W*", re.IGNORECASE)


class EndpointVerifier(AsksServer):
    """Asks for one word, Yes or No; anything else, an error or a time-out is no score.

    The score is the log-odds of yes, where the server gives the log-probabilities of what its reply might have begun
    with; a word that is not among these is taken to be as likely as the least likely of them. Else yes is +1, no -1.
    """

    units = "nats"

    async def __call__(self, sample: Sample, prompt: Sequence[Message], completion: str) -> Score:
        question = verifying_question(sample, answer_of(completion))
        request = ChatRequest((question,), max_tokens=4, temperature=0.0, num_alternatives=NUM_ALTERNATIVES)
        reply = await self.complete(request)
        if (odds := log_odds(reply.first_logps)) is not None:
            return Score(odds)
        word = _WORD.fullmatch(reply.text)
        if word is None:
            return Score(None, f"it said {reply.text!r}, neither yes nor no")
        return Score(1.0 if word[1].lower() == "yes" else -1.0)


def log_odds(logps: Mapping[str, float]) -> float | None:
    """``log p(yes) - log p(no)`` in nats, each word in all its writings; None where neither is among the tokens.

    Args:
        logps: of the tokens that a reply might have begun with.

    >>> round(log_odds({"Yes": -0.2, " yes": -3.0, "No": -2.5, "Well": -4.0}), 2)
    2.36
    >>> log_odds({"No": -0.5, "Well": -4.0})
    -3.5
    """
    probabilities = {"yes": 0.0, "no": 0.0}
    for token, logp in logps.items():
        if word := _WORD.fullmatch(token):
            probabilities[word[1].lower()] += _probability(logp)
    if not any(probabilities.values()):
        return None
    least = min(map(_probability, logps.values()))
    return math.log(probabilities["yes"] or least) - math.log(probabilities["no"] or least)


def _probability(logp: float) -> float:
    return math.exp(min(0.0, max(logp, _LEAST)))
