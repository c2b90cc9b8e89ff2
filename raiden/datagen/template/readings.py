"""What a value says, and the tests that every reader of values puts to its words."""

import re
from dataclasses import dataclass

from raiden.core.languages import word_set
from raiden.core.types import Language, Term
from raiden.datagen.checks.keywords import one_term_fault
from raiden.datagen.template.korean import with_particles
from raiden.datagen.template.names import script_of
from raiden.datagen.template.tables import table
from raiden.rewards.normalise import fold_text

MAX_ITEMS = 5
"""Items of a list that a character can still be asked for."""
MAX_PLAIN: dict[Language, int] = {"zh": 12, "ja": 14, "ko": 14, "en": 32}
"""Characters of one term at most."""
LIST = re.compile(
    r"\s*[、,，;；/／+＋&\n]\s*|\s+(?:and|or)\s+|(?<=[^\s])\s*・\s*(?=[^\s])|(?<=[》」』])\s*(?=[《「『])"
)
"""What stands between the items of a list."""
_BRACKETS = re.compile(r"\s*[(\uff08【\[][^()\uff08\uff09【】\[\]]*[)\uff09】\]]")
_QUOTES = "\"'“”‘’「」『』*_~ \t\u3000,，;；。.!！"
_TITLE_MARKS = "《》〈〉"
_TITLED = re.compile(r"《([^《》]+)》[^《》]{0,4}$")
"""A book, and how much of it there is."""
_UNKNOWN = re.compile(
    r"^某|^(?:the user|用户|ユーザー|사용자)$|"
    r"^(?:unknown|n/a|null|secret|hidden|none|undefined|tbd|deceased|dead|秘密|保密|暂无|无|没有|已故|去世|早逝|特になし|"
    r"なし|모름|비밀|없음|(?:string|number|bool(?:ean)?|int(?:eger)?|float|array|object|date|text|any)(?:\[\])?)$|"
    r"(?:不明|不详|未知|불명|미상)$|[?？…]|\.\.\.|\{\{|\}\}|^[<\[].*[>\]]$|^(?:根据|按照|依照|参考|基于)|推算|待定|"
    r"^(?:同[上前]|参见|详见|见(?![习证])|一说|疑似|据[说传]|传闻|相传|可能|或许|大概|也许|原著|待[补更]|[前后]文|如[上下])|"
    r"^(?:同上|[上下]記|前述|おそらく|たぶん|推定|諸説)|参照$|^(?:위와|상동|아마|추정)|참[고조]$|"
    r"^(?:maybe|perhaps|presumably|probably|possibly|allegedly|reportedly|rumou?red|"
    r"same as|as above|ditto|see|classified|redacted)\b|"
    r"(?:による|に応じて|次第|未定)$|(?:미정|에 따라)$|\b(?:depends|based on|varies|according to)\b"
)
_NO_THING = re.compile(
    r"^(?:no|not|never|various|many|any|all|everything|nothing|lots|to|likes?|loves?|being|anything|his|her|their|"
    r"works?|has|she|he)\b|\bthe user\b|用户|ユーザー|사용자|很|非常|(?:\betc|等等?|など|さまざま|등)\.?$|"
    r"^(?:[没無无未不非会能他她]|一点|一些|少许|略|多种|各种|所有|一切|喜欢|喜爱|爱|擅长|害怕|讨厌|先后|曾|历任|官至|官拜|做过|多[个種种]|不同|远[高低大超]|[高低大小]于|超过|各|另|有人|被|别人|偶尔|有时|经常|平时|总是|具[有备]|拥有|具備|特に|すべて|全て|없|다양|모든|여러|특별히)"
)
_LOWERED = word_set(
    "gender occupation hobby food drink color animal season flower fruit sport dislike like fear skill hair_color "
    "eye_color pet instrument weakness dislike_food race allergy"
)
"""Kinds of common nouns, which cards write with a capital letter."""
_OF_NATIONS = re.compile(r"^(?!Cheese)[A-Z][a-z]+(?:ese|ish|ian|ean|ench|rman|atin|reek|skrit|mas)$")
"""English words that keep their capital."""


@dataclass(frozen=True)
class Reading:
    """What a value says."""

    spoken: str
    """As the character says it."""
    terms: tuple[Term, ...]
    """What a right reply says; the first variant of each stands in the profile."""
    forbidden: tuple[Term, ...] = ()

    @property
    def is_single(self) -> bool:
        """Whether one keyword says all of it."""
        return len(self.terms) == 1 and len(self.terms[0].variants) == 1 and not self.forbidden


def single(keyword: str, spoken: str) -> Reading:
    """The reading of a value that one keyword says."""
    return Reading(spoken, (Term((keyword,)),))


def joined(items: list[str], language: Language, shown: list[str] | None = None) -> Reading | None:
    """A list as it is spoken; None where there are too many items or one is not plain.

    Args:
        shown: the items with their articles, where they are spoken with them.
    """
    words = [found[1] if (found := _TITLED.match(item)) else item.strip(_TITLE_MARKS) for item in items]
    is_list = 1 <= len(words) <= MAX_ITEMS and all(word and is_plain(word) for word in words)
    if not is_list or len(set(map(fold_text, words))) < len(words):
        return None
    *first, last = shown or items
    values = table(language)["values"]
    spoken = f"{values['comma'].join(first)}{values['and']}{last}" if first else last
    return Reading(with_particles(spoken), tuple(Term((word,)) for word in words))


def clean(text: str) -> str:
    """A value without remarks in brackets, quotation marks and closing marks."""
    bare = without_remarks(text).strip(_QUOTES)
    # 「赤鸢」改二型 has lost one of its marks.
    is_whole = all(bare.count(one) == bare.count(other) for one, other in ("「」", "『』", "“”", "《》"))
    return bare if is_whole else re.sub(r"[「」『』“”《》]", "", bare)


def without_remarks(text: str) -> str:
    """A value without what stands in brackets."""
    return _BRACKETS.sub("", text)


def is_plain(text: str) -> bool:
    """Whether a text is one short term that is known."""
    script = script_of(text)
    is_known = not _UNKNOWN.search(fold_text(text))
    return is_known and len(text) <= MAX_PLAIN[script] and not one_term_fault(text, script)


def is_thing(text: str) -> bool:
    """Whether a text names a thing, rather than saying that there is none or many."""
    return is_plain(text) and not _NO_THING.search(fold_text(text))


def lowered(item: str, kind: str) -> str:
    """A common noun as it stands inside a sentence: "Strawberry cake" begins small, "Japanese tea" does not."""
    words = item.split(" ")
    is_title = all(re.fullmatch(r"[A-Z]?[a-z'-]+", word) for word in words) and words[0][:1].isupper()
    if kind not in _LOWERED or not is_title:
        return item
    return " ".join(word if _OF_NATIONS.search(word) else word.lower() for word in words)


def with_article(noun: str) -> str:
    """An English noun with "a" or "an", where it takes one."""
    first = noun.split(" ")[0]
    is_plural = noun.endswith("s") and not noun.endswith("ss")
    if not first[:1].islower() or first in ("the", "a", "an") or is_plural:
        return noun
    return f"{'an' if first[0] in 'aeiou' else 'a'} {noun}"
