"""What a reward of one's own is: a class with `units` and one of two methods.

    class Politeness:
        units = "thanks"

        def __call__(self, sample, prompt, completion):
            count = answer_of(completion).count("thank")
            return Score(min(count, 1), f"{count} thanks")

It stands in `model.rewards.extra` by its class path. The method may be `async`; an `async def close(self)` is called
at the end. `EndpointError` aside (a request to a server that failed is no score), what it raises ends the run with a
message: a made-up score would be trained on.
"""

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from raiden.core.types import Message, Sample
from raiden.rewards.reply import take_answer


class Score(NamedTuple):
    """What a reward says of one completion."""

    value: float | None
    """In the reward's units. None: no score; the completion is then left out of its group's mean and deviation and of
    the loss, counted and shown, unless the reward's weight is 0."""
    reason: str = ""
    """In half a sentence, for the table of completions."""


@runtime_checkable
class CompletionReward(Protocol):
    """Scores completions one by one."""

    units: str
    """What a score of 1 is: "thanks", "share of the words"."""

    def __call__(self, sample: Sample, prompt: Sequence[Message], completion: str) -> Score | Awaitable[Score]:
        """The score of a completion.

        Args:
            sample: the question, its reference answer and its rule; `sample.raw` has the fields of your own.
            prompt: the conversation that the model went on with.
            completion: all that it wrote, reasoning and tags included; see `answer_of`.
        """


@runtime_checkable
class GroupReward(Protocol):
    """Scores the completions of one prompt against each other; a completion alone, as in validation, it never sees."""

    units: str

    def score_group(
        self, sample: Sample, prompt: Sequence[Message], completions: Sequence[str]
    ) -> Sequence[Score] | Awaitable[Sequence[Score]]:
        """A score for each completion, in their order; two at least. Arguments as of `CompletionReward`."""


def answer_of(completion: str) -> str:
    """The reply in a completion, without reasoning, tags and invented turns.

    >>> answer_of("<think>She asks for tea.</think> Green tea.")
    'Green tea.'
    """
    return take_answer(completion, "think").text.strip()
