"""The files under data/: enough of everything, and each sample can be answered, by the right source only."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from raiden.core.languages import detect_language
from raiden.core.types import LANGUAGES, Sample, Term
from raiden.data.profiles import load_profiles
from raiden.data.samples import load_samples
from raiden.rewards import VRAR, RewardConfig
from raiden.rewards.answer import Answer
from raiden.rewards.finding import finder_for
from raiden.rewards.normalise import fold_text

DATA = Path(__file__).parent.parent / "data"
FILES = ["train", "validation", "quickstart_train", "quickstart_validation"]


@cache
def samples_of(name: str) -> list[Sample]:
    return load_samples(DATA / "training" / f"{name}.json")


@cache
def profiles():
    return {profile.name: profile for profile in load_profiles(DATA / "online_profiles.jsonl")}


def stands_in(term: Term, text: str, sample: Sample) -> bool:
    """Whether a variant of the term is found in a text, by the reward's own finders."""
    answer = Answer(text, sample.language)
    hits = (hit for v in term.variants for hit in finder_for(v, term.type, sample.language)(answer))
    return any(not hit.fault for hit in hits)


def is_mentioned(term: Term, text: str, sample: Sample) -> bool:
    """Whether a text says the term in some form; a source need not count it with the words of an answer."""
    return stands_in(term, text, sample) or any(fold_text(v) in fold_text(text) for v in term.variants)


def answers(sample: Sample, text: str) -> bool:
    """Whether a text says what the sample's rule asks for."""
    said = [stands_in(term, text, sample) for term in sample.rule.terms]
    return all(said) if sample.rule.match == "all" else any(said)


def profile_text(sample: Sample) -> str:
    return "\n".join(f"{field}: {value}." for field, value in sample.character_profile.items())


def history_text(sample: Sample) -> str:
    return "\n".join(message.content for message in sample.conversation_history)


def told(failures: list[tuple[Sample, object]]) -> str:
    """All failures of a file, a line each."""
    lines = [f"{s.character_name}: {s.question} ({', '.join(s.keywords)}): {why}" for s, why in failures]
    return "\n".join([f"{len(failures)} samples fail:", *lines])


# The profiles


def test_there_are_at_least_forty_profiles_and_ten_in_each_language():
    languages = Counter(profile.language for profile in profiles().values())
    assert sum(languages.values()) >= 40
    assert all(languages[language] >= 10 for language in LANGUAGES), languages


def test_a_setting_has_300_to_1500_characters():
    lengths = {name: len("\n".join(f"{k}: {v}" for k, v in p.fields.items())) for name, p in profiles().items()}
    assert not {name: length for name, length in lengths.items() if not 300 <= length <= 1500}


def test_the_samples_of_each_language_are_about_ten_characters_or_more():
    characters = defaultdict(set)
    for sample in samples_of("train") + samples_of("validation"):
        characters[sample.raw["metadata"]["language"]].add(sample.character_name)
    assert {language: len(names) >= 10 for language, names in characters.items()} == dict.fromkeys(LANGUAGES, True)


# The samples as a whole


def test_there_are_at_least_600_samples_of_every_kind():
    samples = samples_of("train") + samples_of("validation")
    assert len(samples) >= 600
    for language in LANGUAGES:
        own = [s for s in samples if s.language == language]
        assert {s.focus for s in own} == {"sbk", "cm"}
        assert {s.question_type for s in own} == {"what", "who", "where", "when", "why", "how"}
        assert {s.validation_method for s in own} == {"single_term_validation", "multi_term_parsing"}


@pytest.mark.parametrize("prefix", ["", "quickstart_"])
def test_no_character_is_in_both_files(prefix):
    train, held_out = ({s.character_name for s in samples_of(prefix + name)} for name in ("train", "validation"))
    assert train
    assert held_out
    assert not train & held_out


# Each sample


@pytest.mark.parametrize("name", FILES)
def test_a_sample_carries_the_profile_of_its_character(name):
    wrong = [
        (s, "another profile than in online_profiles.jsonl")
        for s in samples_of(name)
        if s.character_name not in profiles() or profiles()[s.character_name].fields != s.character_profile
    ]
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", FILES)
def test_a_sample_is_in_the_language_that_its_metadata_says(name):
    wrong = []
    for sample in samples_of(name):
        languages = [detect_language(profile_text(sample)), detect_language(f"{sample.question} {sample.answer}")]
        if languages != [sample.raw["metadata"]["language"]] * 2:
            wrong.append((sample, languages))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", FILES)
def test_the_reference_answer_earns_the_full_reward(name):
    vrar = VRAR(RewardConfig())
    wrong = []
    for sample in samples_of(name):
        reward = vrar(sample, sample.answer)
        if reward.accuracy != 1 or reward.total != pytest.approx(1):
            wrong.append((sample, f"{sample.answer} -> {reward.total:.2f}: {reward.reason}"))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", FILES)
def test_each_term_stands_in_the_source_that_is_asked_for(name):
    wrong = []
    for sample in samples_of(name):
        source = profile_text(sample) if sample.focus == "sbk" else history_text(sample)
        missing = [term.variants[0] for term in sample.rule.terms if not is_mentioned(term, source, sample)]
        if missing:
            wrong.append((sample, f"not in the {sample.focus} source: {missing}"))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", FILES)
def test_the_question_does_not_say_what_it_asks_for(name):
    wrong = []
    for sample in samples_of(name):
        given_away = [term.variants[0] for term in sample.rule.terms if stands_in(term, sample.question, sample)]
        if given_away:
            wrong.append((sample, f"the question holds {given_away}"))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", FILES)
def test_memory_questions_cannot_be_answered_from_the_profile(name):
    wrong = [
        (s, "the profile answers it") for s in samples_of(name) if s.focus == "cm" and answers(s, profile_text(s))
    ]
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", FILES)
def test_memory_is_of_a_conversation_of_4_to_10_turns_that_take_turns(name):
    wrong = []
    for sample in samples_of(name):
        roles = [message.role for message in sample.conversation_history]
        if sample.focus == "cm" and not (4 <= len(roles) <= 10 and roles == ["user", "assistant"] * (len(roles) // 2)):
            wrong.append((sample, roles))
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", FILES)
def test_other_things_are_talked_about_after_the_fact(name):
    wrong = []
    for sample in samples_of(name):
        end = "\n".join(message.content for message in sample.conversation_history[-2:])
        if sample.focus == "cm" and answers(sample, end):
            wrong.append((sample, f"said in the last two turns: {end}"))
    assert not wrong, told(wrong)


def test_the_quickstart_asks_as_much_about_conversations_as_about_settings():
    samples = samples_of("quickstart_train")
    assert 0.4 < sum(sample.focus == "cm" for sample in samples) / len(samples) < 0.6
