"""Whether a reply commits itself: it does not list every candidate, nor repeat one word until it counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from raiden.rewards.answer import Answer
from raiden.rewards.finding import MAX_HITS
from raiden.rewards.hits import Hit
from raiden.rewards.idioms import IDIOMS
from raiden.rewards.units import is_wide, split_units

LISTED = "the reply lists {} candidates"
STUFFED = "the reply repeats it {} times instead of answering"

_MAX_ITEMS = 4
"""Items of a list that still answer; a reply that names more without the sample's knowing them is fishing."""
_MAX_WORDS = 5
"""Words without a function word among them that may still be one thing (a long name, a dish)."""
_MAX_UNKNOWN_ITEMS = 2
"""Items of a list of four and more that need not stand in the profile, the conversation or the reference answer."""
_MAX_FRAMES = 3
"""Clauses that begin alike ("I am a ... I am a ...") and still answer."""
_LONG_ITEM = 5
_NOTHING = re.compile("(?!)")
_FRAME_CLAUSE = re.compile(r"[,.;!?。、\n]+")
_LINE = re.compile(r"\n+|(?:^|(?<=\s))\(?(?:[a-h]|\d{1,2})[.:)、]\s*")
_WITH_ARTICLE = re.compile(r"\s*(?:(?:i am|i'm|i was|and|or) )*an? ")


def lack_of_commitment(answer: Answer, hits: Sequence[Hit], num_terms: int, known: frozenset[str]) -> str:
    """Why the hits of a term answer nothing, in half a sentence; empty where they do.

    Args:
        num_terms: how many things the rule asks for.
        known: units of the profile, the conversation and the reference answer; empty where there are none.
    """
    num_frames = _num_frames(answer, hits[0])
    if num_frames > max(_MAX_FRAMES, num_terms + 1):
        return LISTED.format(num_frames)
    for items in (_items(answer, hits[0]), _short_lines(answer, hits[0])):
        if _is_fishing(items, num_terms, known):
            return LISTED.format(len(items))
    return ""


def is_stuffed(text: str, hits: Sequence[Hit]) -> bool:
    """Whether a keyword fills the reply."""
    if len(hits) <= 3:
        return False
    num_letters = sum(map(str.isalnum, text)) or 1
    share = sum(hit.end - hit.start for hit in hits) / num_letters
    return share > 0.3 or (len(hits) > 9 and share > 0.1) or len(hits) >= MAX_HITS


def _is_fishing(items: list[str], num_terms: int, known: frozenset[str]) -> bool:
    if len(items) < max(_MAX_ITEMS, num_terms + 2):
        return False
    if known:
        unknown = [item for item in items if not known.issuperset(split_units(item)[-2:])]
        return len(unknown) > _MAX_UNKNOWN_ITEMS
    return len(items) > max(_MAX_ITEMS, num_terms + 2) or all(map(_WITH_ARTICLE.match, items))


def _items(answer: Answer, hit: Hit) -> list[str]:
    sentence = answer.sentences[answer.sentence_index(hit.start)]
    text = answer.text[sentence.start : sentence.end]
    idioms = IDIOMS[answer.language]
    items = list_items(text, hit.start - sentence.start, idioms.separator, idioms.clause, hit.end - sentence.start)
    words = text.split()
    is_heap = len(items) == 1 and len(words) > _MAX_WORDS and not idioms.glue.search(text)
    return words if is_heap else items


def list_length(sentence: str, position: int, separator: re.Pattern[str]) -> int:
    """Length of the list that a position of a sentence stands in; 1 where it stands in none."""
    return len(list_items(sentence, position, separator))


def list_items(
    sentence: str, position: int, separator: re.Pattern[str], clause: re.Pattern[str] = _NOTHING, end: int = 0
) -> list[str]:
    """The items of the list around a position: the pieces between separators, short and no clauses.

    Args:
        end: of the word at the position, which is one item whatever stands in it (エルネスト・ド・ヴァレンヌ).
    """
    pieces: list[tuple[int, str]] = []
    start = 0
    for match in separator.finditer(sentence):
        if position <= match.start() < end:
            continue
        pieces.append((start, sentence[start : match.start()]))
        start = match.end()
    pieces.append((start, sentence[start:]))
    index = max(place for place, (begin, _) in enumerate(pieces) if begin <= position or place == 0)
    first, last = index, index
    while first > 0 and (first == index or _is_item(pieces[first][1], clause)):
        first -= 1
    while last + 1 < len(pieces) and _is_item(pieces[last + 1][1], clause):
        last += 1
    return [text for _, text in pieces[first : last + 1] if split_units(text)]


def _is_item(text: str, clause: re.Pattern[str]) -> bool:
    return _is_short(text) and not clause.search(text.strip())


def _is_short(item: str) -> bool:
    units = split_units(item)
    return len(units) <= (2 * _LONG_ITEM if units and is_wide(units[0]) else _LONG_ITEM)


def _num_frames(answer: Answer, hit: Hit) -> int:
    """How many short clauses of the answer begin like the one that holds the hit."""
    clauses = [split_units(clause) for clause in _FRAME_CLAUSE.split(answer.text[:4000])]
    begin = max((match.end() for match in _FRAME_CLAUSE.finditer(answer.text, 0, hit.start)), default=0)
    own = _frame(split_units(answer.text[begin : hit.end]), answer)
    return sum(_frame(clause, answer) == own for clause in clauses if len(clause) < 9) if own else 0


def _frame(clause: tuple[str, ...], answer: Answer) -> tuple[str, ...]:
    """How a clause begins: two units, in Korean one word with its particle; empty if nothing follows."""
    size = 1 if answer.language == "ko" else 2
    return clause[:size] if len(clause) > size else ()


def _short_lines(answer: Answer, hit: Hit) -> list[str]:
    """The lines and numbered options that hold an item and nothing else, if the hit's line is one of them."""
    borders = [(0, 0), *(match.span() for match in _LINE.finditer(answer.text))]
    lines = [answer.text[end:start] for (_, end), (start, _) in pairwise((*borders, (len(answer.text), 0)))]
    own = max(index for index, (_, end) in enumerate(borders) if end <= hit.start or index == 0)
    return [line for line in lines if split_units(line) and _is_short(line)] if _is_short(lines[own]) else []
