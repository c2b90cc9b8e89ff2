"""Text made comparable, with a way back to the original.

Two spellings that mean the same must fold to the same string: width, half-width kana, decomposed
jamo (all NFKC), letter case, quotation marks, middle dots, dashes, and accents on Latin letters.
Rewards show spans of the *original* completion, so every folded character remembers where it came from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from raiden.core.types import Span

_SAME_MEANING = {
    **dict.fromkeys("‘’‚‛`´ʼ′＇", "'"),
    **dict.fromkeys("“”„‟″＂", '"'),
    **dict.fromkeys("·・･•‧∙⋅᛫ㆍ●", "·"),
    **dict.fromkeys("‐‑‒–−﹣－", "-"),
    **dict.fromkeys("。｡", "。"),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
}
# A base character and what is drawn onto it must be normalised together.
_CLUSTER = re.compile(
    r"[\u1100-\u115f][\u1160-\u11a7]?[\u11a8-\u11ff]?"
    r"|.[\u0300-\u036f\u3099\u309a\uff9e\uff9f\ufe00-\ufe0f]*",
    re.DOTALL,
)
_JOINING = re.compile(r"[\u0300-\u036f\u1100-\u11ff\u3099\u309a\uff9e\uff9f\ufe00-\ufe0f]")


@dataclass(frozen=True)
class Folded:
    """A folded text that knows the original's offsets."""

    text: str
    original: str
    starts: Sequence[int]
    """`starts[i]` is the offset in `original` of folded character `i`; one entry more than characters."""

    def span(self, start: int, end: int) -> Span:
        """The original piece behind `text[start:end]`."""
        first = self.starts[start]
        # The end is where the last character's cluster ends, not where it begins.
        last = next(
            (offset for offset in self.starts[end:] if offset > self.starts[end - 1]),
            len(self.original),
        )
        return Span(first, last, self.original[first:last])


def fold(text: str) -> Folded:
    """Fold a text; linear in its length."""
    if text.isascii():
        return Folded(text.lower(), text, range(len(text) + 1))
    if not _JOINING.search(text):
        folded = text.translate(_TABLE)
        if _TABLE.changes_length.isdisjoint(text):
            return Folded(folded, text, range(len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    for cluster in _CLUSTER.finditer(text):
        piece = fold_cluster(cluster[0]) if len(cluster[0]) < 16 else _fold_long_cluster(cluster[0])
        pieces.append(piece)
        starts.extend([cluster.start()] * len(piece))
    return Folded("".join(pieces), text, [*starts, len(text)])


class _FoldTable(dict[int, str]):
    """Folds of single characters, worked out when first met; for `str.translate`, which asks in C."""

    changes_length: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.changes_length = set()

    def __missing__(self, code: int) -> str:
        folded = fold_cluster(chr(code))
        if len(folded) != 1:
            self.changes_length.add(chr(code))
        self[code] = folded
        return folded


_TABLE = _FoldTable()


def fold_text(text: str) -> str:
    """The folded string alone.

    >>> fold_text("ＣＡＦÉ ｺｰﾋｰ 蒙奇・D")
    'cafe コーヒー 蒙奇·d'
    """
    return fold(text).text


@lru_cache(maxsize=65536)
def fold_cluster(cluster: str) -> str:
    """One character, with its marks, in folded form; empty for what is not seen."""
    if cluster in _SAME_MEANING:
        return _SAME_MEANING[cluster]
    if "\ud800" <= cluster[0] <= "\udfff":
        # Half a character, from a completion cut inside one; no library takes it.
        return "\ufffd"
    composed = unicodedata.normalize("NFKC", cluster).casefold()
    folded = "".join(_SAME_MEANING.get(char, char) for char in composed)
    return _without_accents(folded) if folded and folded[0] < "\u0250" else folded


def _fold_long_cluster(cluster: str) -> str:
    # Hundreds of marks on one letter are an attack on the cache, not a spelling.
    return fold_cluster(cluster[0])


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))
