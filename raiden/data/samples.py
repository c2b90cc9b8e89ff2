"""Read, check, write and split samples: questions to a character whose answers can be verified."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, NoReturn, get_args

from raiden.core.errors import SampleError
from raiden.core.languages import detect_language
from raiden.core.reasoning import strip_reasoning
from raiden.core.records import read_records
from raiden.core.types import LANGUAGES, Difficulty, Focus, Language, Message, QuestionType, Sample, ValidationMethod
from raiden.rewards import rule_from_record


def load_samples(path: str | Path) -> list[Sample]:
    """Reads samples from a JSON list or from JSONL.

    Raises:
        SampleError: with file, line or item, field and remedy, for the first record that cannot be used.
    """
    samples: dict[str, Sample] = {}
    origins: dict[str, str] = {}
    for origin, record in read_records(path, SampleError):
        sample = parse_sample(record, origin)
        if sample.id in samples:
            raise SampleError(f"{origin}: the same sample as {origins[sample.id]}; drop one.")
        samples[sample.id], origins[sample.id] = sample, origin
    if not samples:
        raise SampleError(f"{path}: no sample in it; write a JSON list of samples or one JSON object a line.")
    return list(samples.values())


def parse_sample(record: Mapping[str, Any], origin: str) -> Sample:
    """A validated sample from its record; `origin` names the place in error messages."""
    return _SampleReader(record, origin).sample()


def parse_row(record: Mapping[str, Any], origin: str) -> Sample:
    """A reply with what it must say, as `raiden score` reads it: a sample of which all else may be missing.

    Its id is its place, and the reply stands in `raw`.
    """
    return _RowReader(record, origin).sample()


class _SampleReader:
    """Takes one record apart, field by field; what is wrong is said with place, field and remedy."""

    missing: ClassVar[Mapping[str, Any]] = {}
    """Fields that may be missing, be empty or hold another choice, and their values where they are missing."""
    roles: tuple[str, ...] = ("user", "assistant")

    def __init__(self, record: Mapping[str, Any], origin: str) -> None:
        self.record = record
        self.origin = origin

    def sample(self) -> Sample:
        question, answer = self._text("question"), self._text("answer")
        profile, history = self._profile(), self._history()
        rule = rule_from_record(self.record, self.origin)
        name = self._text("character_name")
        return Sample(
            id=_digest(name, [[m.role, m.content] for m in history], question, self.record.get("keywords")),
            character_name=name,
            character_profile=profile,
            conversation_history=history,
            question=question,
            answer=answer,
            keywords=tuple(self.record.get("keywords") or ()),
            rule=rule,
            question_type=self._choice("question_type", get_args(QuestionType)),
            validation_method=self._choice("validation_method", get_args(ValidationMethod)),
            difficulty=self._choice("difficulty", get_args(Difficulty)),
            language=self.language(question + answer),
            focus=self._focus(),
            raw=self.record,
        )

    def _fail(self, field: str, fault: str, remedy: str) -> NoReturn:
        raise SampleError(f"{self.origin}: `{field}` {fault}; {remedy}.")

    def _value(self, field: str) -> Any:
        return self.record.get(field, self.missing.get(field))

    def _text(self, field: str) -> str:
        value = self._value(field)
        if value is None:
            self._fail(field, "is missing", "add it")
        if not isinstance(value, str) or not (value.strip() or field in self.missing):
            self._fail(field, f"must be a non-empty string, got {value!r}", "fill it in")
        return value

    def _choice(self, field: str, choices: Sequence[str]) -> Any:
        value = self._value(field)
        if value not in choices and field not in self.missing:
            self._fail(field, f"must be one of {', '.join(choices)}, got {value!r}", "correct it")
        return value

    def _profile(self) -> dict[str, str]:
        profile = self._value("character_profile")
        if not isinstance(profile, dict) or not (profile or "character_profile" in self.missing):
            self._fail("character_profile", f"must be an object of fields, got {profile!r}", "add the character")
        for key, value in profile.items():
            if not isinstance(value, str):
                self._fail(f"character_profile.{key}", f"must be a string, got {value!r}", "put it in quotation marks")
        return profile

    def _history(self) -> tuple[Message, ...]:
        turns = self.record.get("conversation_history", [])
        if not isinstance(turns, list):
            self._fail("conversation_history", f"must be a list of turns, got {turns!r}", "use [] where there is none")
        return tuple(self._message(turn, f"conversation_history[{i}]") for i, turn in enumerate(turns))

    def _message(self, turn: Any, field: str) -> Message:
        if not isinstance(turn, dict) or turn.get("role") not in self.roles:
            self._fail(field, f"must have a `role` of user or assistant, got {turn!r}", "correct the turn")
        if not isinstance(turn.get("content"), str) or not turn["content"].strip():
            self._fail(field, f"must have a non-empty `content` string, got {turn!r}", "fill in or drop the turn")
        if turn["role"] == "assistant" and not strip_reasoning(turn["content"]):
            self._fail(field, f"holds nothing but reasoning, got {turn!r}", "add what was said, or drop the turn")
        return Message(turn["role"], turn["content"])

    def _metadata(self) -> Mapping[str, Any]:
        metadata = self.record.get("metadata", {})
        if not isinstance(metadata, dict):
            self._fail("metadata", f"must be an object, got {metadata!r}", "use {} where there is none")
        return metadata

    def language(self, text: str) -> Language:
        """The language that is stated, else that of the text."""
        return self._stated_language("metadata.language", self._metadata().get("language")) or detect_language(text)

    def _stated_language(self, field: str, language: Any) -> Language | None:
        if language not in (None, *LANGUAGES):
            self._fail(field, f"must be one of {', '.join(LANGUAGES)}, got {language!r}", "correct or drop it")
        return language

    def _focus(self) -> Focus:
        """What the sample asks for: said by `metadata.focus`, else by the end of `metadata.source`."""
        by_name: dict[str, Focus] = {"script_knowledge": "sbk", "conversation_memory": "cm"}
        metadata = self._metadata()
        focus = metadata.get("focus")
        if focus is not None:
            if focus not in list(by_name):  # a list: what was written may not be hashable
                choices = ", ".join(by_name)
                self._fail("metadata.focus", f"must be one of {choices}, got {focus!r}", "correct or drop it")
            return by_name[focus]
        source = str(metadata.get("source", ""))
        return "cm" if source.endswith("_cm") else "sbk"


class _RowReader(_SampleReader):
    missing: ClassVar[Mapping[str, Any]] = {
        "character_name": "",
        "character_profile": {},
        "question": "",
        "answer": "",
        "question_type": "what",
        "validation_method": "single_term_validation",
        "difficulty": "medium",
    }
    roles = ("user", "assistant", "system")

    def sample(self) -> Sample:
        if not isinstance(reply := self.record.get("reply"), str):
            self._fail("reply", f"must be a string, got {reply!r}", "add the text to score")
        return replace(super().sample(), id=self.origin)

    def language(self, text: str) -> Language:
        text = f"{text} {self.record['reply']} {' '.join(self.record.get('keywords') or ())}"
        return self._stated_language("language", self.record.get("language")) or super().language(text)


def _digest(*parts: Any) -> str:
    return blake2b(json.dumps(parts, ensure_ascii=False).encode(), digest_size=8).hexdigest()


def split_by_character(samples: Sequence[Sample], validation_ratio: float) -> tuple[list[Sample], list[Sample]]:
    """Training and validation samples that share no character; see `held_out_characters`."""
    held_out = held_out_characters((s.character_name for s in samples), validation_ratio)
    return (
        [s for s in samples if s.character_name not in held_out],
        [s for s in samples if s.character_name in held_out],
    )


def held_out_characters(names: Iterable[str], validation_ratio: float) -> set[str]:
    """The characters whose samples are for validation.

    The order in which characters are held out is that of a hash of their names, so it does not change when
    others are added or files are reordered.

    Args:
        names: may repeat.
        validation_ratio: share of the characters that is held out, above 0 and below 1; one at the least.

    Raises:
        SampleError: there are not two characters to part.
    """
    ordered = sorted(set(names), key=_digest)
    if len(ordered) < 2:
        raise SampleError(
            f"cannot hold out a character: there is only {ordered}; add characters or give a validation file."
        )
    return set(ordered[: min(len(ordered) - 1, max(1, round(validation_ratio * len(ordered))))])
