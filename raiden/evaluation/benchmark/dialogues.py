"""The public files of the benchmark -> turns to reply to; what cannot be asked is said, never dropped in silence."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from raiden.core.errors import SampleError
from raiden.core.languages import detect_language
from raiden.core.records import all_entries, decode_text, parse_json, read_bytes
from raiden.core.types import Focus, Language, Message, Profile
from raiden.data.profiles import read_profiles
from raiden.evaluation.benchmark.dimensions import CODES, NOT_EVALUATED, Dimension, parse_metrics
from raiden.facts.names import name_key


@dataclass(frozen=True)
class Turn:
    """A user's turn in a conversation with a character; the model gives the next one."""

    id: str
    profile: Profile
    history: tuple[Message, ...]
    """What was said before, as in the file; may begin with the character."""
    question: str
    """The user's last turn."""
    reference: str
    """A human's reply; empty where the file has none."""
    dimensions: tuple[Dimension, ...]
    """What the turn tests, at least one thing."""
    language: Language

    @property
    def focus(self) -> Focus | None:
        """What the rule-based reward calls the first dimension that it can tell of; None where there is none."""
        return next((dimension.focus for dimension in self.dimensions if dimension.focus), None)


@dataclass(frozen=True)
class Skipped:
    """A dialogue, or a part of it, that is not evaluated."""

    id: str
    kind: str
    """What is counted: `unknown character`, `not evaluated: K1`, `unknown metric: Z`, `malformed`, `empty turn`."""
    detail: str


@dataclass
class Benchmark:
    """What the two files hold."""

    turns: list[Turn] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def load_benchmark(npc_file: str | Path, dialogue_file: str | Path) -> Benchmark:
    """Reads `npc.json` and `dialogue.json`.

    Raises:
        InputError: a file cannot be read, or no turn of it can be evaluated.
    """
    profiles, faults = read_profiles([npc_file])
    if not profiles:
        raise faults[0]
    # Dialogues name their character by the file's key, which may be a type of person, or by the stated name.
    by_name = {name_key(profile.name): profile for profile in profiles}
    by_name |= {name_key(key): profile for profile in profiles if (key := profile.raw.get("npc_name"))}
    benchmark = Benchmark(skipped=[Skipped("", "malformed character", str(fault)) for fault in faults])
    seen: set[str] = set()
    for id_, dialogue in _entries(dialogue_file):
        reader = _Reader(benchmark, f'{dialogue_file}: "{id_}"', id_)
        if id_ in seen:
            reader.skip("malformed", "a second dialogue with this id; rename one.")
        else:
            reader.read(dialogue, by_name)
        seen.add(id_)
    if not benchmark.turns:
        reasons = "; ".join(dict.fromkeys(skipped.detail for skipped in benchmark.skipped[:3]))
        raise SampleError(f"{dialogue_file}: no turn that can be evaluated ({reasons or 'it is empty'}); correct it.")
    return benchmark


def choose(turns: Sequence[Turn], languages: Collection[Language] = (), limit: int | None = None) -> list[Turn]:
    """The turns in these languages, at most `limit` of them, spread over the characters and in the file's order.

    Args:
        languages: empty takes all.
    """
    wanted = [turn for turn in turns if not languages or turn.language in languages]
    by_character: dict[str, list[Turn]] = {}
    for turn in wanted:
        by_character.setdefault(turn.profile.name, []).append(turn)
    rounds: Iterable[Turn | None] = chain.from_iterable(zip_longest(*by_character.values()))
    chosen = {turn.id for turn in [turn for turn in rounds if turn is not None][:limit]}
    return [turn for turn in wanted if turn.id in chosen]


def _entries(path: str | Path) -> list[tuple[str, Any]]:
    """The ids and dialogues of a file, those of one id as well."""
    text = decode_text(read_bytes(path, SampleError), path, SampleError)
    document = parse_json(text, path, 1, SampleError)
    if isinstance(document, SampleError):
        raise document
    if not isinstance(document, dict):
        raise SampleError(f'{path}: must be one JSON object {{"id": {{"messages": [...], ...}}, ...}}; correct it.')
    return all_entries(text)


@dataclass(frozen=True)
class _Reader:
    """Takes one dialogue apart."""

    benchmark: Benchmark
    origin: str
    id: str

    def read(self, dialogue: Any, profiles: Mapping[str, Profile]) -> None:
        messages = self._messages(dialogue)
        if messages is None:
            return
        name = " ".join(str(dialogue.get("npc_name", "")).split())
        profile = profiles.get(name_key(name))
        if profile is None:
            self.skip("unknown character", f"`npc_name` {name!r} is not in the file of roles; correct or add it.")
            return
        dimensions = self._dimensions(dialogue.get("metrics"))
        if not dimensions:
            return
        *history, last = messages
        reference = str(dialogue.get("reference") or "").strip()
        # The question alone may be a word or two.
        language = detect_language(" ".join([last.content, reference, *(message.content for message in history)]))
        self.benchmark.turns.append(
            Turn(self.id, profile, tuple(history), last.content, reference, dimensions, language)
        )

    def skip(self, kind: str, detail: str) -> None:
        self.benchmark.skipped.append(Skipped(self.id, kind, f"{self.origin}: {detail}"))

    def _messages(self, dialogue: Any) -> list[Message] | None:
        turns = dialogue.get("messages") if isinstance(dialogue, dict) else None
        if not isinstance(turns, list) or not all(_is_turn(turn) for turn in turns):
            self.skip("malformed", '`messages` must be a list of {"role": "user" or "assistant", "text": ...}.')
            return None
        messages = [Message(turn["role"], turn["text"].strip()) for turn in turns]
        if not messages or messages[-1].role != "user" or not messages[-1].content:
            self.skip("malformed", "the last of `messages` must be what the user says; correct it.")
            return None
        spoken = [message for message in messages if message.content]
        if len(spoken) < len(messages):
            self.skip("empty turn", f"{len(messages) - len(spoken)} turns say nothing and are left out.")
        return spoken

    def _dimensions(self, metrics: Any) -> tuple[Dimension, ...]:
        dimensions, others = parse_metrics(metrics)
        for code in others:
            kind = "not evaluated" if code in NOT_EVALUATED else "unknown metric"
            self.skip(f"{kind}: {code}", NOT_EVALUATED.get(code, f"none of the benchmark's codes; there are {CODES}."))
        if not dimensions and not others:
            self.skip("malformed", f"`metrics` must name what the turn tests ({CODES}), got {metrics!r}.")
        return dimensions


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and turn.get("role") in ("user", "assistant") and isinstance(turn.get("text"), str)
