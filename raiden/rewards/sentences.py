"""Cutting a folded answer into sentences, and bounding what is looked at around a place in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

MAX_SENTENCE = 400
"""Characters after which a sentence is cut where it stands, so that no step is more than linear in the answer."""

_END = re.compile(r"[.!?。…~\n]+[\"'」』”’)\]*]*")
_ABBREVIATION = re.compile(r"(?:\b(?:mr|mrs|ms|dr|st|mt|prof|sr|jr|vs|capt|lt|sgt|a\.m|p\.m|e\.g|i\.e|[a-z]))\.$")
_NUMBER_SIGN = re.compile(r"\bno\.\s?(?=\d)")
_GOES_ON = ("は", "を", "へ")
"""Japanese particles behind which dots are only a pause: 生まれたのは......春だった."""
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a folded text, its closing mark included."""

    start: int
    end: int
    is_question: bool


def split_sentences(text: str) -> list[Sentence]:
    """The sentences of a folded text, in order, without gaps that hold words."""
    sentences: list[Sentence] = []
    start = 0
    for match in _END.finditer(text):
        if not _is_end(text, match):
            continue
        sentences += _pieces(text, start, match.end(), "?" in match[0])
        start = match.end()
    return sentences + _pieces(text, start, len(text), False)


def sentence_at(sentences: list[Sentence], position: int) -> int:
    """Index of the sentence that holds a position."""
    return max(0, bisect_right(sentences, position, key=lambda sentence: sentence.start) - 1)


def _is_end(text: str, match: re.Match[str]) -> bool:
    if not match[0].startswith(".") or len(match[0]) > 1:
        return match[0].strip(".…") != "" or text[match.start() - 1 : match.start()] not in _GOES_ON
    after = text[match.end() : match.end() + 1]
    if after.isalnum() and after.isascii():
        return False
    if _NUMBER_SIGN.match(text, max(0, match.start() - 2)):
        return False
    return not _ABBREVIATION.search(text[max(0, match.start() - 6) : match.end()])


def _pieces(text: str, start: int, end: int, is_question: bool) -> list[Sentence]:
    begin = _BLANK.match(text, start, end)
    start = begin.end() if begin else start
    cuts = [*range(start, end, MAX_SENTENCE), end] if end > start else []
    return [Sentence(cut, after, is_question) for cut, after in pairwise(cuts)]
