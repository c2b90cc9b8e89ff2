"""Korean particles, which follow the sound of the word before them."""

import re

from raiden.rewards.normalise import fold_text

_PAIRS = {
    "은(는)": ("은", "는"),
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "과(와)": ("과", "와"),
    "으로(로)": ("으로", "로"),
    "이에요(예요)": ("이에요", "예요"),
    "이라고(라고)": ("이라고", "라고"),
    "이라는(라는)": ("이라는", "라는"),
    "이었(였)": ("이었", "였"),
    "이야(야)": ("이야", "야"),
    "이라(라)": ("이라", "라"),
}
"""A particle as templates write it -> behind a final consonant, behind a vowel."""
_MARK = re.compile("(?:" + "|".join(map(re.escape, _PAIRS)) + ")")
_DIGITS_WITH_FINAL = "013678"
"""영, 일, 삼, 육, 칠, 팔 end in a consonant."""
_DIGITS_WITH_RIEUL = "178"
_LATIN_WITH_FINAL = "lmnbkpt"
_LETTERS_WITH_FINAL = "LMNR"
"""Letters whose own name (엘, 엠, 엔, 아르) ends in a consonant, where an abbreviation is spelled out."""


def with_particles(text: str) -> str:
    """A sentence with each particle in the form that its word asks for.

    >>> with_particles("한강은(는) 서울으로(로), 민수은(는) 부산으로(로)")
    '한강은 서울로, 민수는 부산으로'
    """
    while match := _MARK.search(text):
        closed, opened = _PAIRS[match[0]]
        final, is_rieul = _ending(text[: match.start()])
        takes_closed = final and not (match[0] == "으로(로)" and is_rieul)
        text = text[: match.start()] + (closed if takes_closed else opened) + text[match.end() :]
    return text


def _ending(text: str) -> tuple[bool, bool]:
    """Whether a text ends in a consonant, as it is read aloud, and whether that is ㄹ."""
    letters = [char for char in fold_text(text) if char.isalnum()]
    last = letters[-1] if letters else ""
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        return final > 0, final == 8
    if last.isascii() and last.isdigit():
        return last in _DIGITS_WITH_FINAL, last in _DIGITS_WITH_RIEUL
    if re.search("[A-Z]{2}$", text):
        return text[-1] in _LETTERS_WITH_FINAL, text[-1] == "L"
    return last in _LATIN_WITH_FINAL and last != "", last == "l"
