"""How question and reply are read: clauses with their persons, times and relations, from one table a language."""

from raiden.core.types import Language
from raiden.rewards.reading.en import ENGLISH
from raiden.rewards.reading.grammar import Grammar
from raiden.rewards.reading.ja import JAPANESE
from raiden.rewards.reading.ko import KOREAN
from raiden.rewards.reading.zh import CHINESE

GRAMMARS: dict[Language, Grammar] = {"en": ENGLISH, "ja": JAPANESE, "ko": KOREAN, "zh": CHINESE}

__all__ = ["GRAMMARS", "Grammar"]
