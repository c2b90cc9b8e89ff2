"""Language that nobody writes: what can be told by rule, in four languages.

A policy that is paid for words alone drifts into replies that say them and are no sentences: a stray `.)`, a quote
that never closes, "the the", "northI". Each kind of fault below is one that people, chatting or in character, do not
make: emoticons, ellipses, stutters, dialect and terse replies are theirs, and left alone. The mark at the end, which
some leave out, is asked for where the sample's own answer has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from raiden.core.types import Language

_PAIRS = {
    ")": "(",
    "）": "（",
    "]": "[",
    "】": "【",
    "」": "「",
    "』": "『",
    "》": "《",
    "〉": "〈",
    "”": "“",
    "}": "{",
}
_ANY_PAIR = re.compile(f'["{re.escape("".join((*_PAIRS, *_PAIRS.values())))}]')
# Faces, and the marks of a list, close brackets that nothing opened: :) ;-( ^^) 1) a)
_LONE = re.compile(
    r"(?:[:;=]|(?<!\w)[8xX])[-'^o]?[()\[\]]+|[()]+[-'^]?[:;=]|[\^ㅠㅜㅎㅋ][\^_.ㅠㅜ]*\)|(?:^|(?<=\s))(?:\d{1,2}|"
    r"[a-zA-Z])[)）]",
    re.MULTILINE,
)
_INCHES = re.compile(r"(?<=\d)\"(?!\w)")
_MARKS = re.compile(
    r"[,，、;；:：][.。!！?？,，、;；](?![.。)])|[?？!！][.。](?![.。])|[。.][，、。;；](?<![.。][.。])(?<!\.;)"
    r"|(?<=[a-zA-Z])\s+[,;](?=\s|$)|(?<=\w)\s+\.(?=\s*$)|[.,;]\s+[.,;](?=\s|$)"
    r"|^\s*[,，、;；.。)）\]」』”](?![.。]|\d)"
)
_MARKS_MEET = re.compile(r"[,，、;；:：?？!！.。\s][.。!！?？,，、;；)）\]」』”]")
_TWO_DOTS = re.compile(r"(?<![.\d])\.\.(?!\.)")
_EN_DOUBLED = re.compile(
    r"\W(the|a|an|of|to|for|with|from|by|and|or|but|my|your|his|our|their|at|into|because|am|are|was|were) \1\b", re.I
)
_WIDE_DOUBLED = re.compile(r"([\u4e00-\u9fff][\u3041-\u30ff\u4e00-\u9fff]{2,7})\1")
_KO_DOUBLED = re.compile(
    r"(?<![가-힣])([가-힣]+(?:을|를|에서|에게|입니다|이에요|예요|습니다|[었았했]어요)|[가-힣]{2,}(?:은|는|이|가)) \1"
    r"(?![가-힣])"
)
_EN_GLUED = re.compile(
    r"[a-z]{2}[.!?][A-Z][a-z]|[a-z]{3}(?:I|The|My|It|He|She|We|You|And|But)(?:'m|'s)?\b|(?<!\d)[a-z]{3},[a-zA-Z]{2}"
)
_EN_MEET = re.compile(r"[.!?,A-Z](?<=[a-z].)(?:(?<=[A-Z])|[a-zA-Z])")
_KO_GLUED = re.compile(r"(?:습니다|입니다)(?!만|라|하|요|고|는|다|[가-힣]?(?:[^가-힣]|$))[가-힣]{2}")
_JA_GLUED = re.compile(r"(?:です|ます|でした|ました)(?:です|ます|だ(?![かけっよねろ])|でした|[私僕俺])")
_EN_CUT = re.compile(r"\b(?:the|an|my|your|our|their)[.!?]?\s*$|\b(?:a|and|or|but|because|very)\s*$", re.I)
_MARK_CUT = re.compile(r"[,，、;；:：]\s*$")
_ZH_CUT = re.compile(r"(?:因为|但是|所以|以及|并且|[和把被])\s*$")
_JA_CUT = re.compile(r"(?:[をは]|そして|しかし)\s*$")
_KO_CUT = re.compile(r"(?:그리고|하지만|왜냐하면|그래서)\s*$")
_OPEN_END = re.compile(r"(?:[^\W_]|^)\Z")
"""A letter or digit, or nothing at all."""
_LAUGH_OR_FACE = re.compile(
    r"(?:[ㄱ-ㅣ笑]|(?<=[ぁ-んァ-ヶー一-龠])[wｗ]+|[哈呵嘿嘻]{2,}|\b(?:(?:h[aei]){2,}h?|lo+l|[xo]{2,})|"
    r"(?:[:;=<]['^-]?|[xX])[DPpO3]|\b(?P<eye>[A-Za-z])_+(?P=eye))\Z",
    re.IGNORECASE,
)
_EN_AGREEMENT = re.compile(
    r"\W(?:I'm|I am) (?:am|is|are|have|has|had|was|live|work|like|love)\b|(?<!and)\WI (?:is|has|are)\b"
    r"|\W(?:can|could|should|would|must|didn't|don't|doesn't) (?:was|were|has|am|went)\b"
    r"|\W(?:my|your|his|our) (?:my|your|his|our|the)\b|\W(?:the|an?) (?:the|my|your|an?)\b(?!-)"
)

_LATIN, _HAN, _KANA, _HANGUL = "A-Za-zÀ-ɏ", "㐀-鿿", "ぁ-ヺ", "가-힣"
_CHINESE = re.compile(f"\\A[^{_KANA}]*[你们这吗她您][^{_KANA}]*\\Z")
"""Without a kana, and with what Japanese does not write."""
_A_SENTENCE = 4
"""Words of another language, or characters of another script, from which on they are more than a name or a title."""

_LAST_WORDS = 24
"""Characters; more than any of the words at a text's end."""

Check = Callable[[str], str]


def _unbalanced(text: str) -> str:
    """A bracket or quotation mark without its other half; a text that goes on to its very end may leave one open."""
    if not _ANY_PAIR.search(text):
        return ""
    text = _INCHES.sub("", _LONE.sub("", text))
    stack: list[str] = []
    for char in text:
        if char in _PAIRS.values():
            stack.append(char)
        elif char in _PAIRS and (not stack or stack.pop() != _PAIRS[char]):
            return f"{char} closes nothing"
    if stack:
        return f"{stack[-1]} is never closed"
    return '" stands alone' if text.count('"') % 2 else ""


def _found(*patterns: re.Pattern[str], where: re.Pattern[str] | None = None) -> Check:
    """Looks for patterns.

    Args:
        where: what all of them hold, found in a fraction of their time; most texts do not have it.
    """

    def check(text: str) -> str:
        text = f"\n{text}"  # so that what stands before a word is a character, which is found faster than a border
        if where and not where.search(text):
            return ""
        found = next((match for pattern in patterns if (match := pattern.search(text))), None)
        return repr(text[max(0, found.start() - 8) : found.end() + 4].strip()) if found else ""

    return check


def _ends_with(*patterns: re.Pattern[str]) -> Check:
    """Looks for patterns of a text's last words."""
    check = _found(*patterns)
    return lambda text: check(text[-_LAST_WORDS:])


def _another_language(own: str, *others: str) -> Check:
    """Looks for sentences in another script: of characters, or of Latin words, more than there are own characters."""
    own_letter = re.compile(f"[{own}]")
    others_words = [re.compile(f"[{_LATIN}'’]+" if other == _LATIN else f"[{other}]") for other in others]

    def check(text: str) -> str:
        if own == _LATIN and text.isascii():
            return ""
        most = max(len(words.findall(text)) for words in others_words)
        return repr(text[:24]) if most >= _A_SENTENCE and most > len(own_letter.findall(text)) else ""

    return check


def _open_end(text: str) -> str:
    """Words to the very end, without a mark behind them; an empty text too: as a reference answer it asks for none."""
    return repr(text[-12:]) if _OPEN_END.search(text) and not _LAUGH_OR_FACE.search(text) else ""


_EVERYWHERE: Mapping[str, Check] = {
    "brackets or quotes that do not match": _unbalanced,
    "stray or doubled marks": _found(_MARKS, where=_MARKS_MEET),
    "words without a mark at their end": _open_end,
}
_NOT_JAPANESE, _IN_CHINESE = _another_language(_HAN + _KANA, _LATIN, _HANGUL), _found(_CHINESE)
_OTHER = "another language"
_KINDS: Mapping[Language, Mapping[str, Check]] = {
    "en": {
        **_EVERYWHERE,
        _OTHER: _another_language(_LATIN, _HAN, _KANA, _HANGUL),
        "stray or doubled marks": _found(_MARKS, _TWO_DOTS, where=_MARKS_MEET),
        "a word that stands twice": _found(_EN_DOUBLED),
        "sentences without a space between them": _found(_EN_GLUED, where=_EN_MEET),
        "a reply that breaks off": _ends_with(_EN_CUT, _MARK_CUT),
        "words that do not go together": _found(_EN_AGREEMENT),
    },
    "zh": {
        **_EVERYWHERE,
        _OTHER: _another_language(_HAN, _LATIN, _KANA, _HANGUL),
        "a word that stands twice": _found(_WIDE_DOUBLED),
        "a reply that breaks off": _ends_with(_ZH_CUT, _MARK_CUT),
    },
    "ja": {
        **_EVERYWHERE,
        _OTHER: lambda text: _NOT_JAPANESE(text) or _IN_CHINESE(text),
        "a word that stands twice": _found(_WIDE_DOUBLED),
        "sentences without a mark between them": _found(_JA_GLUED),
        "a reply that breaks off": _ends_with(_JA_CUT, _MARK_CUT),
    },
    "ko": {
        **_EVERYWHERE,
        _OTHER: _another_language(_HANGUL, _LATIN, _HAN, _KANA),
        "a word that stands twice": _found(_KO_DOUBLED),
        "sentences without a space between them": _found(_KO_GLUED),
        "a reply that breaks off": _ends_with(_KO_CUT, _MARK_CUT),
    },
}


def writing_faults(text: str, language: Language, reference: str = "") -> list[str]:
    """What is in a reply that nobody writes, a clause for each kind of fault.

    Args:
        text: as it was written; what is no reply blanked out.
        reference: the sample's own answer; a kind of fault that it has is the character's manner, and none.

    >>> writing_faults("I keep bees.)", "en")
    ['brackets or quotes that do not match () closes nothing)']
    >>> writing_faults("I keep bees :)", "en")
    []
    >>> writing_faults("I keep bees", "en", reference="I keep nine hives.")
    ["words without a mark at their end ('I keep bees')"]
    """
    manners = _kinds_of(reference, language)
    return [f"{kind} ({what})" for kind, what in _faults(text.strip(), language) if kind not in manners]


def writing_penalty(faults: list[str]) -> float:
    """0 without faults, -0.5 for one kind, -1 for more."""
    return 0.0 - min(1.0, 0.5 * len(faults))


def _faults(text: str, language: Language) -> Iterator[tuple[str, str]]:
    for kind, check in _KINDS[language].items():
        if what := check(text):
            yield kind, what


@lru_cache(maxsize=4096)
def _kinds_of(reference: str, language: Language) -> frozenset[str]:
    return frozenset(kind for kind, _ in _faults(reference.strip(), language))
