"""Finding a phrase whose words stand apart, in another order or another form.

"Counting ships in the harbor" is said by "I count the ships down in the harbour", 偷学禁术 by 禁术,是我偷学的. Only a
phrase is loosened, never a name or a compound (green tea, 绿茶): it must hold a function word, a particle or a verb.
Its words must all stand within two sentences, and each of them is judged in its own place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial

from raiden.core.languages import word_set
from raiden.core.types import Language
from raiden.rewards.answer import Answer
from raiden.rewards.chinese import VERBS, cut_words, find_chinese, is_verb
from raiden.rewards.english import KEPT_WORDS, latin_pattern
from raiden.rewards.hits import Hit
from raiden.rewards.irregular import IRREGULAR_FORMS
from raiden.rewards.japanese import find_japanese
from raiden.rewards.japanese import tokenise as japanese_words
from raiden.rewards.korean import find_korean
from raiden.rewards.korean import tokenise as korean_words
from raiden.rewards.names import EN_FUNCTION, family
from raiden.rewards.reading.grammar import NEVER

Places = list[tuple[int, int]]
WordFinder = Callable[[str], Places]
"""From a folded sentence to the places of a word in it."""

_EN_DETERMINERS = word_set("a an the my your his her our their this that")
_EN_TITLES = r"(?:mr|mrs|ms|miss|dr|doctor|prof|professor|captain|master|old|sergeant|colonel|major|judge|father)"
_PAST_FORMS = {form for forms in IRREGULAR_FORMS.values() for form in forms if not form.endswith("s")}
_DEED = re.compile(rf"(?:ing|ed|[^siu]s|{'|'.join(sorted(_PAST_FORMS))})$")
"""The end of a verb that begins a keyword: between "restores" and "motorcycles" there may be another word."""
_EN_WORD = re.compile(r"[^\W_]+")
_ZH_FUNCTION = frozenset("的了着过在从把被给和与跟对得地是有就都也个一之于向往上下来去里")
_ZH_RESULT = "下了过着完到掉起上住去来出走"
_KO_CONTENT = ("NNG", "NNP", "XR", "SL", "VV", "VA")
_WINDOW = 2
"""Sentences that may share the words of a phrase."""


def find_phrase(words: Sequence[WordFinder], in_order: bool, answer: Answer) -> Iterator[Hit]:
    """Where all words of a phrase stand near each other; the hit's `parts` are the places of the words.

    Args:
        in_order: the words must follow one another within a clause.
    """
    found: list[list[Places]] = []
    for sentence in answer.sentences:
        text = answer.text[sentence.start : sentence.end]
        found.append([[(sentence.start + s, sentence.start + e) for s, e in find(text)] for find in words])
        for size in range(1, _WINDOW + 1) if not in_order else (1,):
            places = [[place for row in found[-size:] for place in row[word]] for word in range(len(words))]
            if all(places):
                parts = tuple(options[-1] for options in places)
                follows = list(parts) == sorted(parts) and "," not in answer.text[parts[0][0] : parts[-1][1]]
                if not in_order or follows:
                    yield Hit(*parts[0], "", parts)
                    return


@lru_cache(maxsize=8192)
def phrase_finder(folded: str, is_name: bool, language: Language) -> Callable[[Answer], Iterator[Hit]] | None:
    """The finder of a phrase's words apart; None for what is no phrase.

    Args:
        folded: and simplified where it is Chinese.
        is_name: every word of it was written with a capital.
    """
    if folded.isascii():
        return _english(folded, is_name)
    return {"zh": _chinese, "ja": _japanese, "ko": _korean}[language if language != "en" else "zh"](folded)


def _english(folded: str, is_name: bool) -> Callable[[Answer], Iterator[Hit]] | None:
    words = _EN_WORD.findall(folded.replace("'s ", " of "))
    content = [word for word in words if word not in EN_FUNCTION and len(word) > 1]
    is_phrase = len(content) < len(words) or len(content) > 2 or is_name
    is_deed = not is_phrase and words[0] not in KEPT_WORDS and bool(_DEED.search(words[0]))
    if len(content) == 1 and len(words) > 1:
        return partial(_find_pattern, _with_modifiers(words))
    if len(content) < 2 or not (is_phrase or is_deed):
        return None
    finders = [partial(_latin_places, tuple(family(word, "en")), is_name) for word in content]
    return partial(_titled, words[-1], finders) if is_name else partial(find_phrase, finders, is_deed)


def _with_modifiers(words: Sequence[str]) -> re.Pattern[str]:
    """A phrase of function words and a noun, with any determiner and up to two words before the noun.

    >>> bool(_with_modifiers(["under", "the", "flowerpot"]).search("under my third flowerpot"))
    True
    """
    *front, noun = words
    kept = [re.escape(word) for word in front if word not in _EN_DETERMINERS]
    between = (
        rf"\b{' '.join(kept)} (?:(?:{'|'.join(sorted(_EN_DETERMINERS))}) )?(?:(?!(?:of|and|or|to)\b)[\w-]+ ){{0,2}}"
    )
    return re.compile(between + latin_pattern(noun, False).pattern) if kept and noun not in EN_FUNCTION else NEVER


def _find_pattern(pattern: re.Pattern[str], answer: Answer) -> Iterator[Hit]:
    return (Hit(*match.span()) for match in pattern.finditer(answer.text))


def _titled(surname: str, finders: Sequence[WordFinder], answer: Answer) -> Iterator[Hit]:
    """The parts of a name apart, or its last under a title: Dr. Whitlock for Oscar Whitlock."""
    yield from find_phrase(finders, False, answer)
    yield from _find_pattern(re.compile(rf"\b{_EN_TITLES}\.? {re.escape(surname)}\b"), answer)


def _latin_places(words: tuple[str, ...], is_name: bool, sentence: str) -> Places:
    return [match.span() for word in words for match in latin_pattern(word, is_name).finditer(sentence)]


def _chinese(folded: str) -> Callable[[Answer], Iterator[Hit]] | None:
    words = [word for word in cut_words(folded) if word not in _ZH_FUNCTION]
    if len(folded) == 2 and (folded[0] in VERBS or is_verb(folded)):
        return partial(_separated, folded)
    if len(words) < 2:
        return None
    finders = [partial(_chinese_places, family(word, "zh")) for word in words]
    # Two single characters are a verb and its object: 养狗 is said by 养了一条狗.
    return partial(find_phrase, finders, max(map(len, words)) == 1)


def _separated(folded: str, answer: Answer) -> Iterator[Hit]:
    """A verb and its object with their aspect and measure between: 教了五年书 for 教书, 养了一条狗 for 养狗.

    Or the object before the verb, behind 把: 把院子里的花都浇上一遍 for 浇花.
    """
    verb, noun = folded[0], folded[1]
    between = re.compile(
        rf"{verb}[了过着]?(?:[一二两三四五六七八九十几\d]{{1,4}}[^,。!?\s]{{1,3}})?{noun}|把[^,。!?]{{0,8}}?{noun}(?=[^,。!?]{{0,6}}{verb})"
    )
    for sentence in answer.sentences:
        text = answer.text[sentence.start : sentence.end]
        ends = {end for _, end in _chinese_places((noun,), text)}
        for match in between.finditer(text):
            if match[0][0] == "把" or match.end() in ends:
                yield Hit(sentence.start + match.start(), sentence.start + match.end())


def _chinese_places(words: tuple[str, ...], sentence: str) -> Places:
    hits = (hit for word in words for hit in find_chinese(word, sentence))
    places = [(hit.start, hit.end) for hit in hits if not hit.fault]
    word = words[0]
    if not places and len(word) == 2 and is_verb(word):  # 偷着喝 for 偷喝
        places = [match.span() for match in re.finditer(f"{word[0]}[着了过偷]{{1,2}}{word[1]}", sentence)]
    if not places and len(word) > 1 and word[-1] in _ZH_RESULT:
        stem = word.rstrip(_ZH_RESULT)
        places = [m.span() for m in re.finditer(re.escape(stem) + f"[{_ZH_RESULT}]", sentence)] if stem else []
    return places


def _japanese(folded: str) -> Callable[[Answer], Iterator[Hit]] | None:
    tokens = japanese_words(folded)
    content = [
        token
        for token in tokens
        if token.normal != "為る"
        and token.pos in ("名詞", "動詞", "形容詞", "形状詞")
        and token.surface not in "いるたてことものとき"
    ]
    is_phrase = any(token.pos in ("動詞", "助詞", "形容詞") for token in tokens)
    if len(content) < 2:
        return None
    finders = [
        partial(_japanese_places, family(token.normal if token.pos == "動詞" else token.surface, "ja"))
        for token in content
    ]
    return partial(find_phrase, finders, False) if is_phrase else partial(_with_particle, finders)


def _with_particle(finders: Sequence[WordFinder], answer: Answer) -> Iterator[Hit]:
    """The words of a compound with の between: 古代のエジプト."""
    for hit in find_phrase(finders, True, answer):
        if answer.text[hit.parts[0][1] : hit.parts[-1][0]] == "の":
            yield hit


def _japanese_places(words: tuple[str, ...], sentence: str) -> Places:
    hits = (hit for word in words for hit in find_japanese(word, sentence))
    return [(hit.start, hit.end) for hit in hits if not hit.fault]


def _korean(folded: str) -> Callable[[Answer], Iterator[Hit]] | None:
    content: list[str] = []
    is_phrase = False
    for token in korean_words(folded):
        form, tag = token.parts[0]
        is_phrase = is_phrase or tag[0] in "JVX"
        if content and token.surface.endswith("기") and tag == "NNG" and folded[token.end :] == "":
            # 기차 세기: a deed that the tagger may take for a noun.
            content.append(token.surface[:-1] + "다")
            is_phrase = True
        elif tag in _KO_CONTENT:
            # In the form that dictionaries list the stem is as written; the tagger may find another base.
            stem = token.surface if folded[token.end :] == "다" else form
            content.append(stem + "다" if tag in ("VV", "VA") else form)
    if len(content) < 2 or not is_phrase:
        return None
    return partial(find_phrase, [partial(_korean_places, family(word, "ko")) for word in content], False)


def _korean_places(words: tuple[str, ...], sentence: str) -> Places:
    hits = (hit for word in words for hit in find_korean(word, sentence))
    return [(hit.start, hit.end) for hit in hits if not hit.fault]
