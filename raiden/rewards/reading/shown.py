"""Whether a word is spoken to the user, or only shown: in markup, behind a label, in a heap of languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from raiden.core.types import Language
from raiden.rewards.reading.place import Place

MARKED_UP = "it stands in markup (code, a tag, brackets, a field of data), not in what is said"
LABELLED = "it stands behind a label, not in what is said"
TITLED = "it stands in the title of a book, a song or a play"
MIXED = "it stands in a heap of languages"

# Folding makes an apostrophe of a backtick, except in ASCII.
_MARKED_UP = (
    re.compile(r"(?:'''|```).*?(?:'''|```|\Z)|~~[^~\n]{1,200}~~", re.DOTALL),
    re.compile(r"\[[^\[\]\n]{1,200}\]|【[^【】\n]{1,200}】|(?<![*\w])#(?![\s\d])\w+|</?[a-z][^<>\n]{0,80}>"),
    re.compile(r"[\"'][\w ]{1,30}[\"']\s*:\s*(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|\[[^\[\]]{0,200}\]|[^,}\n]{1,80})"),
)
_WORK = re.compile(r"《[^《》\n]{1,60}》|〈[^〈〉\n]{1,60}〉")
_NAMED = re.compile(r"[「『][^「」『』\n]{1,60}[」』]|\"[^\"\n]{1,60}\"|(?<!\w)'[^'\n]{1,60}'(?![a-z0-9])")
_LABEL_REACH = 60
_TITLE_REACH = 24
"""Characters beside a name in quotation marks that show it to be a title."""
_CALLED = re.compile(
    r"\b(?:call|calls|called|names?|named)\b|叫|名|呼|と言います|"
    r"という(?!本|歌|曲)|이름|불러|부르|라고\s?(?:해|합)"
)
"""Words that give a name: then what is in quotation marks is that name, of whatever."""
_TAIL = 6
"""Characters behind a word that are no more than a copula and a full stop."""
_FOREIGN: Mapping[Language, re.Pattern[str]] = {
    "en": re.compile(r"[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3\u0400-\u04ff]{2}"),
    "zh": re.compile(r"[\u3041-\u30fa\uac00-\ud7a3\u0400-\u04ff]{2}"),
    "ja": re.compile(r"[\uac00-\ud7a3\u0400-\u04ff]{2}"),
    "ko": re.compile(r"[\u3041-\u30fa\u0400-\u04ff]{2}|[a-z]{2}[^.?!]*[\u3400-\u9fff]{2}"),
}
"""Scripts that a language does not use for its own words, two letters at a stretch."""


def marked_up(place: Place) -> str:
    """ "That's a secret. `nurse` #nurse [nurse]"; '{"occupation": "nurse"}'."""
    text, start = place.answer.text, place.hit.start
    is_code = start > 0 and place.answer.span(start - 1, start).text == "`"
    return MARKED_UP if is_code or any(begin <= start < end for begin, end in _markup(text)) else ""


@lru_cache(maxsize=64)
def _markup(text: str) -> tuple[tuple[int, int], ...]:
    """Where markup begins and ends."""
    return tuple(match.span() for pattern in _MARKED_UP for match in pattern.finditer(text))


def labelled(place: Place) -> str:
    """ "Occupation: nurse"; "The answer is nurse." """
    text, start = place.answer.text, place.hit.start
    before = text[max(0, start - _LABEL_REACH) : start]
    field, answer = place.grammar.labels
    if (":" in before or "=" in before) and field.search(before):
        return LABELLED
    rest = text[place.hit.end : place.answer.sentence_at(start).end].strip()
    return LABELLED if answer.search(before) and len(rest) <= _TAIL else ""


def titled(place: Place) -> str:
    """ "What is your dog called?" - "I read 'Waffle' yesterday." """
    if place.grammar.work.search(place.asked.text):
        return ""
    sentence = place.answer.sentence_at(place.hit.start)
    text, start, end = place.answer.text, sentence.start, max(sentence.end, place.hit.end)
    if any(found.start() < place.hit.start < found.end() for found in _WORK.finditer(text, start, end)):
        return TITLED
    for found in _NAMED.finditer(text, start, end):
        if found.start() < place.hit.start < found.end():
            around = text[max(start, found.start() - _TITLE_REACH) : found.start()] + "\n"
            is_work = place.grammar.work.search(around + text[found.end() : found.end() + _TITLE_REACH])
            return TITLED if is_work and not _CALLED.search(text, start, end) else ""
    return ""


def mixed(place: Place) -> str:
    """ "저는 간호사 nurse 护士": the keyword in every language; a question in two languages may be answered so."""
    sentence = place.answer.sentence_at(place.hit.start)
    around = (
        place.answer.text[sentence.start : place.hit.start] + "\n" + place.answer.text[place.hit.end : sentence.end]
    )
    foreign = _FOREIGN[place.answer.language]
    return MIXED if foreign.search(around) and not foreign.search(place.asked.text) else ""
