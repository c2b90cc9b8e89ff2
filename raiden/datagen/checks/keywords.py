"""What may be a keyword, and where it must and must not stand."""

import re
from functools import lru_cache

from raiden.core.languages import word_set
from raiden.core.shipped import load_table
from raiden.core.types import Language, Sample, Term
from raiden.rewards.answer import Answer
from raiden.rewards.dates import any_date
from raiden.rewards.finding import finder_for
from raiden.rewards.normalise import fold_text
from raiden.rewards.sentences import split_sentences
from raiden.rewards.units import split_units

_MAX_UNITS: dict[Language, int] = {"zh": 14, "ja": 16, "ko": 5, "en": 6}
"""Words of a keyword at most; characters in Chinese and Japanese."""
_MAX_LENGTH = 48
_SEPARATOR = re.compile(r"(?<!\d)[,:]|[,:](?!\d)|[;!?。、|\n\"()<>{}\[\]]|(?<!\d)/(?!\d)|\s[-+&]\s")
_CLAUSE_WORDS = word_set(
    "i i'm is was are were am be been because that who which she he they we you my your his her their not has had do "
    "did does can will would if when while and or but"
)
_HAN_CLAUSE_WORDS = word_set(
    "是 了 因为 所以 我 你 您 他 她 和 与 及 以及 或 或者 跟 不 没有 会 想 为 很 非常 比较 十分"
)
_NAME_ASKED: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(r"名|姓|叫|称呼|谁|哪位|何人"),
    "ja": re.compile(r"名|呼|誰|だれ|どなた|何者"),
    "ko": re.compile(r"이름|성함|존함|성명|부르|불러|누구|뉘"),
    "en": re.compile(r"\b(?:names?|named|call|called|who|whose|address)\b"),
}


@lru_cache(maxsize=1)
def _empty_words() -> frozenset[str]:
    """Pronouns, particles, words for places within something, and whatever else says nothing when it stands alone."""
    words = load_table(__package__, "words")
    return word_set(" ".join(words.values()))


def is_empty_word(text: str) -> bool:
    """Whether a text means nothing, or too much, by itself: 안 is "inside" and "not".

    >>> [is_empty_word(text) for text in ("안", "中", "Village", "등대", "York")]
    [True, True, True, False, False]
    """
    return fold_text(text).strip() in _empty_words()


def stands_in(term: Term, text: str, language: Language) -> str:
    """The first variant of a term that the reward's own finders see in a text; empty where there is none."""
    answer = Answer(text, language)
    for variant in term.variants:
        if any(not hit.fault for hit in finder_for(variant, term.type, answer.language)(answer)):
            return variant
    return ""


def giveaway(sample: Sample) -> str:
    """The variant that the question says itself; empty where it says none."""
    return next(filter(None, (stands_in(t, sample.question, sample.language) for t in sample.rule.terms)), "")


def ungrounded(sample: Sample, source: str) -> str:
    """The first variant of the first term that a source does not mention in any form; empty where it has all."""
    for term in sample.rule.terms:
        if not mentions(source, term, sample.language):
            return term.variants[0]
    return ""


def mentions(source: str, term: Term, language: Language) -> bool:
    """Whether a source says a term in any form."""
    return bool(stands_in(term, source, language)) or any(is_spelled(v, source) for v in term.variants)


def is_spelled(variant: str, source: str) -> bool:
    """Whether a text holds a keyword letter by letter; a source may glue to it what a reply may not (二十歳になる)."""
    folded = fold_text(variant).strip()
    border = r"(?<![a-z0-9]){}(?![a-z0-9])" if folded.isascii() else "{}"
    return bool(re.search(border.format(re.escape(folded)), fold_text(source)))


def single_term_fault(sample: Sample) -> str:
    """Why a single-term sample has no single term, in one sentence; empty where it has."""
    if len(sample.rule.terms) != 1:
        return f"The rule has {len(sample.rule.terms)} terms; single-term validation has one."
    if len(sample.keywords) != 1:
        return f"There are {len(sample.keywords)} keywords; single-term validation has one."
    return one_term_fault(sample.keywords[0], sample.language)


def own_name_fault(sample: Sample) -> str:
    """A question about something else that the character's own name answers, in one sentence."""
    if _NAME_ASKED[sample.language].search(fold_text(sample.question)):
        return ""
    name = fold_text(sample.character_name)
    for keyword in sample.keywords:
        if fold_text(keyword).strip() in (name, *name.split()):
            return f'"{keyword}" is the character\'s own name, and "{sample.question}" does not ask for it.'
    return ""


@lru_cache(maxsize=4096)
def one_term_fault(text: str, language: Language) -> str:
    """Why a text is not one noun, name, number or date, in one sentence; empty where it is."""
    folded = fold_text(text).strip()
    if any_date(folded):
        return ""
    units = split_units(folded)
    if not units or folded in _empty_words():
        return f'"{text}" names nothing in particular.'
    if len(units) > _MAX_UNITS[language] or len(folded) > _MAX_LENGTH:
        return f'"{text}" is too long for one term.'
    if (mark := _SEPARATOR.search(folded)) or len(split_sentences(folded)) > 1:
        return f'"{text}" holds more than one thing' + (f' ("{mark[0]}" parts them).' if mark else ".")
    if word := _clause_word(folded, units):
        return f'"{text}" is a clause or a list: it holds "{word}".'
    return ""


def _clause_word(folded: str, units: tuple[str, ...]) -> str:
    """The word that makes more of a keyword than a name."""
    if len(units) > 1 and (found := _CLAUSE_WORDS.intersection(units)):
        return min(found)
    if re.search("[가-힣]", folded):
        return _korean_clause_word(folded) if " " in folded else ""
    # Names in kana are cut into particles by every dictionary, so short ones are not looked into.
    if re.search(r"[\u3041-\u3096]", folded):
        return _japanese_clause_word(folded) if len(folded) > 4 else ""
    return _chinese_clause_word(folded) if len(folded) > 4 and not folded.isascii() else ""


def _chinese_clause_word(folded: str) -> str:
    import rjieba

    from raiden.rewards.chinese import simplify

    words: list[tuple[str, str]] = rjieba.tag(simplify(folded))
    if words[0][1] == "v" and "的" in folded:
        return words[0][0]  # a verb and its object: 治好师父的眼睛
    return next((word for word, _ in words if word in _HAN_CLAUSE_WORDS), "")


def _japanese_clause_word(folded: str) -> str:
    from raiden.rewards.japanese import tokenise

    for token in tokenise(folded):
        # Behind kana the dictionary takes a piece of a word for a particle: しょう/が/湯.
        is_particle = token.pos == "助詞" and token.surface in ("は", "が", "を", "と", "や", "か")
        if token.pos == "助動詞" or (is_particle and not re.search("[\u3041-\u3096]$", folded[: token.start])):
            return token.surface
    return ""


def _korean_clause_word(folded: str) -> str:
    from raiden.rewards.korean import tokenise

    tags = {"EF", "EC", "JKS", "JKO", "JX", "JC"}
    *inner, last = tokenise(folded)
    # Where the dictionary does not know the last noun, it takes its end for that of a verb: 사서, a librarian.
    found = [token.surface for token in inner if tags & {tag for _, tag in token.parts}]
    return next(iter(found), last.surface if last.tag == "EF" else "")
