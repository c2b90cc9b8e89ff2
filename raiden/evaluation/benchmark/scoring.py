"""What the model replied, what the rules say of it, and the file that keeps both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from raiden.core.errors import ConfigError
from raiden.core.reasoning import strip_reasoning
from raiden.core.records import decode_text, parse_json, read_bytes
from raiden.core.types import Reward, Sample
from raiden.data.prompts import ResponseFormat, as_dicts, conversation, system_message
from raiden.datagen.checks.keywords import stands_in
from raiden.endpoints import ChatEndpoint, ChatReply, ChatRequest, ReplySampling, RequestError
from raiden.evaluation.asking import gather_all
from raiden.evaluation.benchmark.dialogues import Turn
from raiden.evaluation.results import Evaluation, metrics_of, scored_row
from raiden.rewards import VRAR, RewardConfig

VERSION = 1
_UNTOLD = {"question_type": "", "difficulty": ""}
"""What the benchmark does not say of its questions."""


@dataclass(frozen=True)
class Rule:
    """What the rule-based reward says of a reply."""

    sample: Sample
    """The turn with its keywords."""
    text: str
    """All that the model wrote; spans count from its beginning."""
    reward: Reward
    keyword_hit: float
    """1 where the keywords stand in the reply, in whatever sentence; a denial or a list of guesses has them too."""

    @property
    def accuracy(self) -> float:
        """1 where the reply says what it should, else 0."""
        return self.reward.accuracy


@dataclass(frozen=True)
class Answered:
    """A turn and what the model replied."""

    turn: Turn
    reply: str | None
    """Without reasoning; None where the request failed."""
    error: str = ""
    truncated: bool = False
    """Whether the reply was cut at the token limit."""
    rule: Rule | None = None
    """None where the turn has no keywords, or no reply."""


def read_reply(
    turn: Turn,
    reply: ChatReply | RequestError,
    sample: Sample | None,
    response_format: ResponseFormat = "plain",
) -> Answered:
    """A turn with its reply, scored where there are keywords to score it by."""
    if isinstance(reply, RequestError):
        return Answered(turn, None, str(reply))
    text = strip_reasoning(reply.text)
    rule = score(sample, reply.text, response_format, reply.truncated) if sample else None
    return Answered(turn, text, truncated=reply.truncated, rule=rule)


def score(sample: Sample, text: str, response_format: ResponseFormat = "plain", truncated: bool = False) -> Rule:
    """What the rule-based reward says of all that a model wrote, or of a reference."""
    reply = strip_reasoning(text)
    said = [bool(stands_in(term, reply, sample.language)) for term in sample.rule.terms]
    hit = all(said) if sample.rule.match == "all" else any(said)
    vrar = VRAR(RewardConfig(response_format=response_format))
    return Rule(sample, text, vrar(sample, text, truncated), float(hit))


def evaluation(model: str, answered: Sequence[Answered], response_format: ResponseFormat = "plain") -> Evaluation:
    """The replies that the rules could score, in the form that `raiden compare` and `raiden report` read."""
    rows = [
        scored_row(one.rule.sample, one.rule.text, one.truncated, one.rule.reward) | _UNTOLD
        for one in answered
        if one.rule
    ]
    return Evaluation(model, metrics_of(rows), rows, rewards=asdict(RewardConfig(response_format=response_format)))


def reply_row(answered: Answered) -> dict[str, Any]:
    """A reply with all that is needed to read it alone."""
    turn = answered.turn
    return {
        "id": turn.id,
        "character_name": turn.profile.name,
        "language": turn.language,
        "dimensions": [dimension.name for dimension in turn.dimensions],
        "question": turn.question,
        "reference": turn.reference,
        "reply": answered.reply,
        "error": answered.error,
        "truncated": answered.truncated,
        "rule": _rule_row(answered.rule) if answered.rule else None,
        "history": as_dicts(turn.history),
        "profile": dict(turn.profile.fields),
    }


def _rule_row(rule: Rule) -> dict[str, Any]:
    return {
        "accuracy": rule.accuracy,
        "keyword_hit": rule.keyword_hit,
        "keywords": list(rule.sample.keywords),
        "reason": rule.reward.reason,
    }


def read_replies(folder: str | Path, turns: Sequence[Turn]) -> tuple[str, dict[str, str]]:
    """The model of another run of the benchmark, and what it replied to these turns; those it lacks are left out.

    Raises:
        ConfigError: the folder has no replies, or they are to other dialogues.
    """
    path = Path(folder, "replies.json")
    text = decode_text(read_bytes(path, ConfigError), path, ConfigError)
    document = parse_json(text, path, 1, ConfigError)
    if not isinstance(document, dict) or document.get("version") != VERSION or not _is_list(document.get("replies")):
        raise ConfigError(f"{path}: no replies of this benchmark; give an `output_dir` of `raiden benchmark`.")
    rows: Mapping[str, Any] = {row.get("id"): row for row in document["replies"]}
    others = [turn.id for turn in turns if turn.id in rows and rows[turn.id].get("question") != turn.question]
    if others:
        raise ConfigError(f'{path}: dialogue "{others[0]}" asks something else there; give a run on the same files.')
    found = {turn.id: rows[turn.id].get("reply") for turn in turns if turn.id in rows}
    return str(document.get("model")), {id_: reply for id_, reply in found.items() if reply is not None}


def refuse_other_model(folder: Path, model: str) -> None:
    """Keeps what another model replied, or another command wrote, from being overwritten.

    Raises:
        ConfigError: the folder holds such a file.
    """
    remedy = "choose another `output_dir`"
    if (folder / "replies.json").exists():
        other, _ = read_replies(folder, ())
        if other != model:
            raise ConfigError(f"`output_dir`: {folder} holds replies of {other}; {remedy}.")
    elif (folder / "summary.json").exists():
        raise ConfigError(f"`output_dir`: {folder} holds a summary.json of something else; {remedy}.")


def _is_list(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def reply_request(turn: Turn, sampling: ReplySampling) -> ChatRequest:
    """What the model is asked: the conversation of the turn, for a question with the instructions of training.

    Those ask for an answer to the question, which is not what the other dimensions are about; there the model is asked
    to talk.
    """
    profile = turn.profile
    system = system_message(
        profile.name, profile.fields, turn.language, sampling.settings, turn.focus is None, profile.text
    )
    return sampling.request(conversation(system, turn.history, turn.question), sampling.seed)


async def ask_all(
    endpoint: ChatEndpoint, requests: Sequence[ChatRequest], advance: Callable[[], object]
) -> list[ChatReply | RequestError]:
    """The replies in the order of the requests; a request that failed for good is answered by its error.

    Args:
        advance: called after each reply.

    Raises:
        AccessError: no request can succeed.
    """

    async def ask(request: ChatRequest) -> ChatReply | RequestError:
        try:
            return await endpoint.complete(request)
        except RequestError as fault:
            return fault
        finally:
            advance()

    return await gather_all([ask(request) for request in requests])
