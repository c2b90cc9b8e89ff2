"""How each language denies, doubts, asks and quotes: tables of patterns, one file a language."""

from raiden.core.types import Language
from raiden.rewards.idioms.base import Idioms
from raiden.rewards.idioms.en import ENGLISH
from raiden.rewards.idioms.ja import JAPANESE
from raiden.rewards.idioms.ko import KOREAN
from raiden.rewards.idioms.zh import CHINESE

IDIOMS: dict[Language, Idioms] = {"en": ENGLISH, "ja": JAPANESE, "ko": KOREAN, "zh": CHINESE}

__all__ = ["IDIOMS", "Idioms"]
