"""Finding English (and other Latin-script) keywords: plurals, verb forms, spellings, word borders.

The forms are made from the keyword, not the other way round: a stemmer on the text would make
"university" and "universe" one word. A form that is no word ("teached") does no harm, for nobody
writes it. rapidfuzz and other edit distances were left out: "Rome" is one letter from "Romeo".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from raiden.core.languages import word_set
from raiden.rewards.hits import PIECE_OF_WORD, Hit
from raiden.rewards.irregular import IRREGULAR_FORMS, SPELLINGS

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_EAST_ASIAN = r"\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7a3"
_LETTER = rf"[^\W_{_EAST_ASIAN}]"
_ANY_LETTER = r"[^\W_]"
_EAST_ASIAN_CHAR = re.compile(f"[{_EAST_ASIAN}]")
_SEPARATOR = r"[\s\-.·]{0,3}"
_ARTICLES = word_set("a an the my your his her our their some")
KEPT_WORDS = word_set(
    "news glasses series species physics mathematics always perhaps evening morning building "
    "wedding ceiling pudding"
    " stocking feeling being something nothing anything everything king ring spring string wing "
    "thing herring sterling"
    " during hundred sacred naked red bed seed need breed feed speed weed bread gas bus lens "
    "chess princess mattress"
    " goddess duchess illness happiness kindness"
)
"""Words that only look like an inflected form."""
_ALSO_COMMON_WORDS = word_set(
    "will may mark rose grace hope art grant drew pat sue jack dawn june august faith rich frank "
    "china turkey polish"
    " reading nice bill bob march joy summer autumn sky river robin iris ivy lily daisy amber "
    "ruby pearl jade olive dean"
    " earl duke miles wade lance victor page chase hunter mason carter cook smith baker miller"
)
"""Names that are words too: only these must be capitalised in the reply."""
_NOT_THAT_THING = re.compile(
    r"(?:\b(?:ex|non|anti|vice|pseudo|half|would-be|ex-|former)[\s-]|\bguinea[\s-]|\bhot[\s-](?=dog))$"
)
_TITLE = re.compile(r"\b(?:mr|mrs|ms|miss|dr|sir|lady|lord|aunt|uncle|old|young|captain)\b\.? $")
_OWNS_ALL = re.compile(r"'s (?!(?:an?|the|my|your|what|all|me|i)\b)[\w-]+\W*")
_POSSESSOR_OF_ANOTHER = re.compile(r"(?:\b(?:am|i'm|was|is|as)\s+(?:a|an|the)\s+|\bthe\s+)$")


def find_latin(keyword: str, text: str, original: str, proper_noun: bool) -> Iterator[Hit]:
    """Where a Latin-script keyword stands in a folded text.

    Args:
        keyword: folded.
        original: the text before folding, or the folded one where offsets differ.
        proper_noun: the keyword was written with a capital.
    """
    # Ranges this wide take milliseconds to compile into each keyword's borders, so what they hold is blotted out.
    blotted = text if text.isascii() else _EAST_ASIAN_CHAR.sub("\0", text)
    for match in latin_pattern(keyword, proper_noun, _ANY_LETTER).finditer(blotted):
        yield Hit(match.start(), match.end(), _fault(keyword, match, text, original, proper_noun))


def _fault(keyword: str, match: re.Match[str], text: str, original: str, proper_noun: bool) -> str:
    before = text[max(0, match.start() - 24) : match.start()]
    if _NOT_THAT_THING.search(before) or (proper_noun and before.endswith("new ") and not keyword.startswith("new")):
        return PIECE_OF_WORD
    owns = text.startswith("'s ", match.end()) and not proper_noun
    if owns and (_POSSESSOR_OF_ANOTHER.search(before) or _OWNS_ALL.fullmatch(text, match.end())):
        return "it is only the owner of what the reply speaks about"
    if _is_surname(keyword, proper_noun, before, original, match):
        return "it is a name there"
    if proper_noun and keyword in _ALSO_COMMON_WORDS and _written_small(original, match):
        return "it is written as a common word, not as a name"
    return ""


def _is_surname(keyword: str, proper_noun: bool, before: str, original: str, match: re.Match[str]) -> bool:
    """Mrs. Baker is no baker."""
    return not proper_noun and original[match.start()].isupper() and bool(_TITLE.search(before))


def _written_small(original: str, match: re.Match[str]) -> bool:
    return original[match.start()].islower() and any(char.isupper() for char in original)


@lru_cache(maxsize=16384)
def latin_pattern(keyword: str, proper_noun: bool, letter: str = _LETTER) -> re.Pattern[str]:
    """A keyword with all its forms, between word borders.

    Args:
        letter: what a word goes on with, as a set of characters.
    """
    words = _WORD.findall(keyword)
    if len(words) > 1 and words[0] in _ARTICLES and not proper_noun:
        words = words[1:]
    forms = [_alternatives(word, proper_noun) for word in words]
    return re.compile(f"(?<!{letter})(?<!{letter}')" + _SEPARATOR.join(forms) + f"(?!{letter})")


def _alternatives(word: str, proper_noun: bool) -> str:
    forms = word_forms(word, proper_noun)
    forms |= {form[:-1] for form in forms if form.endswith("ing") and len(form) > 5}  # fishin'
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    # An apostrophe is often left out, and another's plural may carry one.
    return "(?:" + "|".join(re.escape(form).replace("'", "'?") for form in longest_first) + ")"


def word_forms(word: str, proper_noun: bool = False) -> set[str]:
    """The inflected forms and spellings of a word.

    >>> sorted(word_forms("wolf"))
    ['wolf', 'wolfed', 'wolfing', 'wolfs', 'wolves']
    """
    if not word.isalpha() or len(word) < 3:
        return {word}
    if proper_noun:
        return {word, word + "s", *SPELLINGS.get(word, ())}
    bases = _bases(word)
    forms = {word, *bases}
    for base in bases:
        forms |= _inflected(base) | IRREGULAR_FORMS.get(base, frozenset())
    return forms | {other for form in (word, *bases) for other in SPELLINGS.get(form, ())}


def _bases(word: str) -> set[str]:
    """The word itself and what it may be an inflected form of."""
    bases = {word}
    bases |= {base for base, forms in IRREGULAR_FORMS.items() if word in forms}
    if word in KEPT_WORDS:
        return bases
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        bases |= {word[:-1]} | ({word[:-3] + "y"} if word.endswith("ies") else set())
        bases |= {word[:-2]} if word.endswith(("ches", "shes", "sses", "xes", "zes", "oes")) else set()
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and re.search("[aeiouy]", stem):
            bases |= {stem, stem + "e"} | ({stem[:-1]} if stem[-1] == stem[-2] else set())
            bases |= {stem[:-1] + "y"} if ending == "ed" and stem.endswith("i") else set()
    return bases


def _inflected(base: str) -> set[str]:
    forms = {base + "s", base + "ed", base + "ing"}
    if base.endswith(("s", "x", "z", "ch", "sh", "o")):
        forms.add(base + "es")
    if base.endswith("e"):
        forms |= {base + "d"} | (set() if base.endswith("ee") else {base[:-1] + "ing"})
    if base.endswith("y") and base[-2] not in "aeiou":
        forms |= {base[:-1] + "ies", base[:-1] + "ied"}
    if base.endswith(("f", "fe")):
        forms.add(base.removesuffix("e")[:-1] + "ves")
    if re.search("[aeiou][bdgklmnprt]$", base):
        forms |= {base + base[-1] + "ing", base + base[-1] + "ed"}
    return forms
