"""The recital guard: a reply that names facts of the profile that nobody asked for.

Without it, GRPO learns within twenty steps to say the whole profile in every reply: each keyword
is then somewhere in it. A *fact* is a short field of the profile, or a clause of a longer one. A
reply *names* a fact when it holds most of the fact's own words: those not in the question, in the
reference answer, in the keywords or all over the profile. Facts that the reference answer itself
names were asked for, whatever they are; so the reference answer always passes.

Words are compared by their first letters, which sees through English inflection and Korean
particles alike; Chinese and Japanese by pairs of characters.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from raiden.languages import ENGLISH_FUNCTION_WORDS, word_set
from raiden.rewards.normalise import fold_text
from raiden.rewards.units import is_wide, split_units
from raiden.types import Sample

_CLAUSE_END = re.compile(r"[,.;:!?。、，；：！？\n()（）]|\b(?:and|but|who|which|where|while)\b")
_NAMED_SHARE = 0.6
"""Share of a fact's own words that names it."""
_MIN_OWN_WORDS = 2
"""A fact with fewer words of its own counts only where a field of the profile consists of it."""
_STOP_WORDS = ENGLISH_FUNCTION_WORDS | word_set(
    "about after again all also always as been before being by could ever every how if into just like live lives lived"
    " love loves loved more most never now once only other over own really than them then these those too up us very well"
    " will would"
)
_PREFIX_LENGTH = {"latin": 5, "hangul": 2}
_COMMON_PAIR = re.compile(r"[的了是在我你他她们吗呢就都也很和与有个一这那]|[\u3041-\u3096]{2}")


def unasked_facts(sample: Sample, answer: str) -> list[str]:
    """The facts of the profile that a reply names and the sample did not ask for."""
    facts = profile_facts(tuple(sample.character_profile.items()), sample.character_name)
    if not facts:
        return []
    asked, said = _asked_words(sample), _content(answer)
    named: list[str] = []
    told: set[str] = set()
    for fact, words in facts:
        own = words - asked
        # Half of a fact asked for is the whole fact asked for; what another fact has told is not told twice.
        if (
            2 * len(own) > len(words)
            and len(own & said) >= _NAMED_SHARE * len(own)
            and 2 * len(own & told) < len(own)
        ):
            named.append(fact)
            told |= own & said
    return named


def _asked_words(sample: Sample) -> frozenset[str]:
    variants = (variant for term in sample.rule.terms for variant in term.variants)
    texts = (sample.answer, sample.question, *sample.keywords, *variants)
    return frozenset().union(*map(_content, texts))


@lru_cache(maxsize=1024)
def profile_facts(
    fields: tuple[tuple[str, object], ...], name: str
) -> tuple[tuple[str, frozenset[str]], ...]:
    """The facts of a profile, each with the words that are its own; the character's name is no fact."""
    own_name = _content(name)
    facts: dict[frozenset[str], str] = {}
    for value in (str(value) for _, value in fields):
        for clause in _CLAUSE_END.split(fold_text(value)):
            words = _content(clause) - own_name
            whole_field = clause.strip() == fold_text(value).strip()
            if len(words) >= _MIN_OWN_WORDS or (words and whole_field):
                facts.setdefault(words, clause.strip())
    return tuple((clause, words) for words, clause in facts.items())


@lru_cache(maxsize=4096)
def _content(text: str) -> frozenset[str]:
    """What a text is about: word beginnings without function words, pairs of wide characters."""
    units = split_units(fold_text(text))
    words = {unit[: _prefix_length(unit)] for unit in units if not is_wide(unit) and unit not in _STOP_WORDS}
    pairs = {a + b for a, b in pairwise(units) if is_wide(a) and is_wide(b)}
    return frozenset(words | {pair for pair in pairs if not _COMMON_PAIR.search(pair)})


def _prefix_length(unit: str) -> int:
    return _PREFIX_LENGTH["hangul" if "\uac00" <= unit[0] <= "\ud7a3" else "latin"]
