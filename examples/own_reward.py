"""A reward of one's own: replies that ask something back. From the repository's folder:

raiden fit --config configs/quickstart.yaml --config examples/own_reward.yaml
raiden score data/examples/replies.jsonl --rewards examples/own_reward.yaml
"""

from collections.abc import Sequence

from raiden.core.types import Message, Sample
from raiden.scoring import Score, answer_of


class Curiosity:
    """1 for a reply that ends by asking the user something, else 0."""

    units = "questions"

    def __init__(self, marks: str = "?？") -> None:
        self.marks = marks

    def __call__(self, sample: Sample, prompt: Sequence[Message], completion: str) -> Score:
        answer = answer_of(completion)
        asks = answer.endswith(tuple(self.marks))
        return Score(float(asks), "asks back" if asks else "asks nothing")
