"""The evaluation file: a row for each scored reply, and the shares of right ones."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from raiden.core.errors import InputError
from raiden.core.records import decode_text, load_json, read_bytes, write_json
from raiden.core.types import LANGUAGES, Difficulty, Focus, MatchRule, QuestionType, Reward, Sample

VERSION = 1
BREAKDOWN: dict[str, tuple[str, ...]] = {
    "language": LANGUAGES,
    "question_type": get_args(QuestionType),
    "difficulty": get_args(Difficulty),
}
"""By what SBK and CM are broken down: a row's field, and its values."""
_CHOICES: dict[str, tuple[str, ...]] = {"focus": get_args(Focus), **BREAKDOWN}
_MAY_BE_EMPTY = ("question_type", "difficulty")
_REQUIRED: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "character_name": str,
    "question": str,
    "reply": str,
    "accuracy": (int, float),
    "total": (int, float, type(None)),
}
_DEFAULTS: dict[str, Any] = {
    "reply_index": 0,
    "finish_reason": "stop",
    "reference": "",
    "reason": "",
    "question_type": "",
    "difficulty": "",
    "history": [],
    "profile": {},
    "spans": [],
    "components": {},
    "format": 0.0,
}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """What one model said to a file of samples, and what that earned."""

    model: str
    metrics: Mapping[str, float]
    """Shares of right replies, 0 to 1, by name (`sbk`, `cm/language/zh`, ...), and `reward`, the mean total."""
    rows: Sequence[Row]
    """One for each reply; see `scored_row`."""
    failed: Sequence[Row] = ()
    """Requests without a reply: `id`, `reply_index` and `error`; they count nowhere."""
    rewards: Mapping[str, Any] | None = None
    """The settings of the reward, see RewardConfig; None in files that do not say them."""


def scored_row(sample: Sample, reply: str, truncated: bool, reward: Reward, reply_index: int = 0) -> dict[str, Any]:
    """One reply with its score and the reason for it, ready for JSON, to be understood without the samples' file.

    Args:
        reply: all that the model wrote; spans count from its beginning.
        reply_index: which of the replies drawn to this question.
    """
    return {
        "id": sample.id,
        "reply_index": reply_index,
        "character_name": sample.character_name,
        "focus": sample.focus,
        "language": sample.language,
        "question_type": sample.question_type,
        "difficulty": sample.difficulty,
        "profile": dict(sample.character_profile),
        "history": [asdict(message) for message in sample.conversation_history],
        "question": sample.question,
        "reference": sample.answer,
        "keywords": list(sample.keywords),
        "rule": _rule_record(sample.rule),
        "reply": reply,
        "finish_reason": "length" if truncated else "stop",
        "accuracy": reward.accuracy,
        "format": reward.components["format"],
        "total": reward.total,
        "components": dict(reward.components),
        **({"unscored": list(reward.unscored)} if reward.unscored else {}),
        "spans": [asdict(span) for span in reward.spans],
        "reason": reward.reason,
    }


def _rule_record(rule: MatchRule) -> dict[str, Any]:
    """A rule as a sample's record has it."""
    wanted, forbidden = (
        [{"type": term.type, "variants": list(term.variants)} for term in terms]
        for terms in (rule.terms, rule.forbidden)
    )
    return {"match": rule.match, "terms": wanted, "forbidden": forbidden}


def cells(row: Row) -> Iterator[str]:
    """The names of the figures that a row counts in: `sbk`, `sbk/language/zh`, ...; none for what is not known."""
    yield row["focus"]
    yield from (f"{row['focus']}/{kind}/{row[kind]}" for kind in BREAKDOWN if row[kind])


def metrics_of(rows: Sequence[Row]) -> dict[str, float]:
    """Shares of right replies in each cell that has any, and the mean reward, under the trainer's own names."""
    by_cell: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for name in cells(row):
            by_cell[name].append(row["accuracy"])
        if row["total"] is not None:
            by_cell["reward"].append(row["total"])
    return {name: sum(values) / len(values) for name, values in sorted(by_cell.items())}


def write_evaluation(path: str | Path, evaluation: Evaluation) -> None:
    """Writes the file; it appears whole or not at all."""
    written = {
        "version": VERSION,
        "model": evaluation.model,
        "metrics": dict(evaluation.metrics),
        **({"rewards": dict(evaluation.rewards)} if evaluation.rewards else {}),
        "samples": list(evaluation.rows),
    }
    write_json(path, written | ({"failed": list(evaluation.failed)} if evaluation.failed else {}))


def read_evaluation(path: str | Path) -> Evaluation:
    """Reads the file; fields that older files lack are filled in.

    Raises:
        InputError: it is no evaluation, or a row of it lacks what every row has; the message names the place.
    """
    content = _read_object(path)
    if content.get("version", VERSION) != VERSION:
        raise InputError(f"{path}: is of version {content['version']!r}, and this raiden reads {VERSION}; update it.")
    rows = content.get("samples")
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path}: holds no `samples`; give a file that `raiden validate --output_file` wrote.")
    checked = [_checked(row, f"{path}: samples[{index}]") for index, row in enumerate(rows)]
    _refuse_repeated(checked, path)
    metrics, failed, rewards = content.get("metrics"), content.get("failed"), content.get("rewards")
    return Evaluation(
        model=str(content.get("model", Path(path).stem)),
        metrics=metrics if isinstance(metrics, dict) else metrics_of(checked),
        rows=checked,
        failed=failed if isinstance(failed, list) else (),
        rewards=rewards if isinstance(rewards, dict) else None,
    )


def _read_object(path: str | Path) -> Mapping[str, Any]:
    text = decode_text(read_bytes(path, InputError), path, InputError)
    remedy = "give a file that `raiden validate --output_file` wrote"
    try:
        content = load_json(text)
    except ValueError as fault:
        raise InputError(f"{path}: not valid JSON ({fault}); {remedy}.") from fault
    if not isinstance(content, dict):
        raise InputError(f"{path}: must be a JSON object, got {type(content).__name__}; {remedy}.")
    return content


def _checked(row: Any, place: str) -> Row:
    if not isinstance(row, dict):
        raise InputError(f"{place}: must be an object, got {row!r}; evaluate anew.")
    for field, kind in _REQUIRED.items():
        if field not in row or not isinstance(row[field], kind):
            raise InputError(f"{place}: `{field}` is {row.get(field)!r}; evaluate anew, or correct it.")
    for field, choices in _CHOICES.items():
        is_left_out = field in _MAY_BE_EMPTY and row.get(field, "") == ""
        if not is_left_out and row.get(field) not in choices:
            raise InputError(f"{place}: `{field}` must be one of {', '.join(choices)}, got {row.get(field)!r}.")
    return _DEFAULTS | row


def _refuse_repeated(rows: Sequence[Row], path: str | Path) -> None:
    seen: set[tuple[str, int]] = set()
    for row in rows:
        key = (row["id"], row["reply_index"])
        if key in seen:
            raise InputError(f"{path}: the reply {key[1]} to the sample {key[0]} is there twice; drop one.")
        seen.add(key)
