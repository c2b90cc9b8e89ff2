"""The recital guard: a reply that names facts of the profile that nobody asked for.

Without it, GRPO learns within twenty steps to say the whole profile in every reply: each keyword
is then somewhere in it. A *fact* is a short statement of the profile (`raiden.facts`), in a field or
on a line of one, or a clause of a longer one. Its
*own* words are those that are not in the question, the keywords or the reference answer; so a
reference answer names no unasked fact, whatever it says. A reply names a fact when it holds 30 %
of its own words, and two at least. In trials that appended other reference answers of the same
character, a reply with one of them passed in 99 of 100 cases, with six in 2.

Words are compared by their first letters, which sees through English inflection and Korean
particles alike; Chinese and Japanese by pairs of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from raiden.core.languages import ENGLISH_FUNCTION_WORDS, word_set
from raiden.core.types import Language, Sample
from raiden.facts import statements_of
from raiden.rewards.answer import Answer
from raiden.rewards.chinese import simplify
from raiden.rewards.normalise import fold_text
from raiden.rewards.reading import GRAMMARS
from raiden.rewards.units import is_wide, split_units

_NAMED_SHARE = 0.3
"""Share of a fact's own words that names it."""
_MIN_SHARED = 2
"""Words that name a fact at least, unless the fact is a field of one word."""
_MIN_CLAUSE = 10
"""Characters under which a clause is no fact of its own but goes with the next one; Chinese has many commas."""
_CLAUSE_END = re.compile(
    r"[,.;:!?。、\n()]+|(?<=[가-힣])(?:고|며|면서|는데|지만)(?=\s)|\b(?:and|but|who|which|where|while)\b"
)
_STOP_WORDS = ENGLISH_FUNCTION_WORDS | word_set(
    "about after again all also always as been before being by could ever every how if into just "
    "like live lives lived"
    " love loves loved more most never now once only other over own really than them then these "
    "those too up us very well"
    " will would"
)
_PREFIX_LENGTH = {"latin": 5, "hangul": 2}
_COMMON_PAIR = re.compile(r"[的了是在我你他她们吗呢就都也很和与有个一这那]|[\u3041-\u3096]{2}")

Fact = tuple[str, frozenset[str]]
"""A fact's text and its words."""


def unasked_facts(sample: Sample, answer: str) -> list[str]:
    """The facts of the profile that a reply names and the sample did not ask for.

    Args:
        answer: folded, and simplified where it is Chinese.
    """
    facts = _facts(tuple(sample.character_profile.items()), sample.character_name, sample.language)
    asked, said = _asked_words(sample), _words(answer)
    named: list[str] = []
    told: set[str] = set()
    for fact, words in facts:
        own = words - asked
        # Half of a fact asked for is the whole fact asked for; what another fact has told is not told twice.
        if 2 * len(own) > len(words) and 2 * len(own & told) < len(own) and _is_named(own, said):
            named.append(fact)
            told |= own & said
    return named


def unasked_kinds(sample: Sample, answer: Answer) -> list[str]:
    """The kinds of facts about oneself (name, age, job, home ...) that a reply tells unasked.

    The guard of a sample without a profile; each kind is shown by the words that told it. One kind more than a
    threshold on facts is natural talk ("I'm Ann, a nurse, and I live with my mother"), so the first is not counted.
    """
    kinds = GRAMMARS[answer.language].self_facts
    asked = fold_text(f"{sample.question} {sample.answer}")
    found = (kind.search(answer.text) for kind in kinds if not kind.search(asked))
    return [match[0] for match in found if match][1:]


def _is_named(own: frozenset[str], said: frozenset[str]) -> bool:
    num_shared = len(own & said)
    return num_shared >= min(_MIN_SHARED, len(own)) and num_shared >= _NAMED_SHARE * len(own)


def _asked_words(sample: Sample) -> frozenset[str]:
    variants = (variant for term in sample.rule.terms for variant in term.variants)
    texts = (sample.answer, sample.question, *sample.keywords, *variants)
    return frozenset().union(*(_words_of(text, sample.language) for text in texts))


@lru_cache(maxsize=1024)
def _facts(fields: tuple[tuple[str, str], ...], name: str, language: Language) -> tuple[Fact, ...]:
    """The facts of a profile; the character's name is none."""
    own_name = _words_of(name, language)
    facts: dict[frozenset[str], str] = {}
    for value in (_comparable(statement.value, language) for statement in statements_of(dict(fields), name)):
        for clause in _clauses(value):
            words = _words(clause) - own_name
            if len(words) >= _MIN_SHARED or (words and clause == value.strip()):
                facts.setdefault(words, clause)
    return tuple((clause, words) for words, clause in facts.items())


def _clauses(text: str) -> Iterator[str]:
    begin = 0
    for match in _CLAUSE_END.finditer(text):
        if match.start() - begin >= _MIN_CLAUSE:
            yield text[begin : match.start()].strip()
            begin = match.end()
    if rest := text[begin:].strip():
        yield rest


def _comparable(text: str, language: Language) -> str:
    folded = fold_text(text)
    return simplify(folded) if language == "zh" else folded


@lru_cache(maxsize=8192)
def _words_of(text: str, language: Language) -> frozenset[str]:
    return _words(_comparable(text, language))


def _words(text: str) -> frozenset[str]:
    """What a text is about: word beginnings without function words, pairs of wide characters."""
    units = split_units(text)
    if text.isascii():
        return frozenset(unit[: _PREFIX_LENGTH["latin"]] for unit in units if unit not in _STOP_WORDS)
    wide = [unit if is_wide(unit) else "" for unit in units]
    words = {
        unit[: _prefix_length(unit)]
        for unit, char in zip(units, wide, strict=True)
        if not char and unit not in _STOP_WORDS
    }
    pairs = {a + b for a, b in pairwise(wide) if a and b}
    return frozenset(words | {pair for pair in pairs if not _COMMON_PAIR.search(pair)})


def _prefix_length(unit: str) -> int:
    return _PREFIX_LENGTH["hangul" if "\uac00" <= unit[0] <= "\ud7a3" else "latin"]
