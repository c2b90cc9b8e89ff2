"""Facts that the user told of themselves -> questions for them and what the character answers."""

import random
import re

from raiden.core.shipped import load_table
from raiden.core.types import Language
from raiden.datagen.template.facts import Fact
from raiden.datagen.template.korean import with_particles
from raiden.datagen.template.wordings import Exchange

_FAVOURITE = re.compile(r"(?:favou?rite|最?喜欢的|好きな|좋아하는)\s*")
_FOODS = {"food": {"zh": "食物", "ja": "食べ物", "ko": "음식"}, "drink": {"zh": "饮料", "ja": "飲み物", "ko": "음료"}}


def exchange_about_user(fact: Fact, language: Language, rng: random.Random) -> Exchange | None:
    """A question of the user about themselves and its answer; None where there is no sentence for such a fact."""
    forms = load_table(__package__, "asking")[language]
    noun = _FAVOURITE.sub("", fact.label)
    if fact.kind in forms or fact.label in forms:
        form = forms.get(fact.kind) or forms[fact.label]
    elif fact.is_person:
        form = forms["people"]
    elif noun != fact.label or fact.kind in _FOODS:
        form = forms["favourites"]
        noun = _FOODS.get(fact.kind, {}).get(language, noun)
    else:
        return None
    if len(fact.reading.terms) != 1:
        return None
    question, answer = (
        with_particles(text.replace("{noun}", noun).replace("{value}", fact.reading.spoken))
        for text in (rng.choice(form["ask"]), form["say"])
    )
    return Exchange(fact, question[:1].upper() + question[1:], answer, form["type"], needs_all=False)
