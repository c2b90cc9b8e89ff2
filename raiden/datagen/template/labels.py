"""How people label a character's fields, in four languages, and what kind of fact stands there."""

import re

from raiden.core.languages import word_set
from raiden.datagen.template.tables import table
from raiden.rewards.chinese import simplify
from raiden.rewards.normalise import fold_text

RELATIONS = word_set(
    "father mother elder_brother younger_brother elder_sister younger_sister brother sister husband wife spouse son "
    "daughter child grandfather grandmother lover friend teacher student rival lord boss someone"
)
"""Kinds whose value is a person's name; `someone` is called as the label says."""
ONLY_ONE = word_set(
    "name gender age birthday birth_year birthplace height weight blood_type zodiac chinese_zodiac mbti"
)
"""Kinds of which a character has one; where a profile states two, one of them is wrong, or somebody else's."""


def _normalised(label: str) -> str:
    """A label without brackets, bullets and numbers, in simplified characters and American spelling."""
    text = re.sub(r"^[\s\d.、)【\[*#\-·•]+|[】\]*#\s:]+$", "", simplify(fold_text(label)))
    text = re.sub(r"[(\[【<].*?[)\]】>]|[_\-]", " ", text)
    text = re.sub(r" (?:in )?(?:cm|kg|m|years?)$", "", text)
    return " ".join(text.replace("favourite", "favorite").replace("colour", "color").split())


_KIND_OF = {
    _normalised(label): kind for kind, labels in table("labels")["kinds"].items() for label in labels.split(", ")
}
_UNASKED, _NOISE = (re.compile(simplify(table("labels")["patterns"][name])) for name in ("unasked", "noise"))


def kind_of(label: str) -> str:
    """The kind of fact that stands under a label; empty where it is not known.

    >>> [kind_of(label) for label in ("最喜欢的食物", "【年龄】", "Favourite_Colour", "誕生日", "고향", "守护灵")]
    ['food', 'age', 'color', 'birthday', 'hometown', '']
    """
    text = _normalised(label)
    while text not in _KIND_OF and (noise := _NOISE.match(text)):
        text = text[noise.end() :]
    return _KIND_OF.get(text, "")


def may_be_asked(label: str) -> bool:
    """Whether a label that is not known may name a single thing."""
    return not _UNASKED.fullmatch(_normalised(label))
