"""Values that are numbers and dates: ages, heights, weights, birthdays."""

import re

from raiden.core.languages import word_list
from raiden.core.types import LANGUAGES, Language
from raiden.datagen.template.names import script_of
from raiden.datagen.template.readings import Reading, clean, single
from raiden.datagen.template.tables import table
from raiden.rewards.dates import any_date
from raiden.rewards.normalise import fold_text
from raiden.rewards.numbers import Number, find_numbers

_MONTHS = word_list("January February March April May June July August September October November December")
_AGE = re.compile(
    r"^\s*(?:[岁歲歳才세살]|years?(?:[ -]old)?|yrs?\.? ?old|y/?o)?\s*(?:[,，、(\uff08。;；].*)?$", re.DOTALL
)
_MEASURE = re.compile(
    r"^(?P<number>\d{1,3}(?:\.\d{1,2})?)\s*(?P<unit>cm|厘米|公分|センチ(?:メートル)?|센티(?:미터)?|centimet(?:er|re)s?|m|米|"
    r"メートル|미터|met(?:er|re)s?|kg|公斤|千克|キロ(?:グラム)?|킬로(?:그램)?|kilos?|kilograms?)?$"
)
_UNITS = (("cm", r"cm|厘|公分|セ|센|centi"), ("kg", r"kg|公斤|千克|キロ|킬로|kilo"), ("m", r"m|米|メ|미"))
_TALLEST_IN_METRES = 4
_ANOTHER_AGE = re.compile(r"[^,，、。;；]*(?:\d\s*(?:[岁歲歳才세살]|years?\b)|[/／]\s*\d)")
"""Of two ages, 16岁(第一季)/18岁(第二季), one is no answer."""


def read_age(kind: str, text: str, language: Language) -> Reading | None:
    """An age: "27", 24岁, 二十四; what follows behind a comma or in brackets is left out."""
    found = _first_number(text)
    if not found or not _AGE.match(found[1]) or _ANOTHER_AGE.match(found[1]) or found[0].value < 1:
        return None
    written = text[: found[0].end]
    # Numerals of another language are spoken as digits.
    is_own = written[:1].isdigit() or script_of(written) == language
    spoken = written if is_own else f"{found[0].value:.0f}"
    values = table(language)["values"]
    form = values["age"] if spoken.isdigit() else values.get("age_in_words", values["age"])
    return single(written, form.format(spoken))


def read_measure(kind: str, text: str, language: Language) -> Reading | None:
    """A height or a weight in metric units; a bare number has the unit that makes sense."""
    match = _MEASURE.match(fold_text(clean(text)))
    if match is None:
        return None
    by_size = "kg" if kind == "weight" else "m" if float(match["number"]) < _TALLEST_IN_METRES else "cm"
    unit = next((name for name, units in _UNITS if re.match(units, match["unit"] or by_size)), by_size)
    return single(match["number"], table(language)["values"][unit].format(match["number"]))


def read_day(kind: str, text: str, language: Language) -> Reading | None:
    """A date with its month and day."""
    date = any_date(fold_text(clean(text)))
    return _read_date(text, language) if date and date.day else None


def read_year(kind: str, text: str, language: Language) -> Reading | None:
    """A year alone."""
    date = any_date(fold_text(clean(text)))
    return _read_date(text, language) if date and not date.month else None


def _read_date(text: str, language: Language) -> Reading | None:
    written = clean(text)
    date = any_date(fold_text(written))
    if date is None or (date.month is None) != (date.day is None):
        return None
    form = "year" if date.month is None else "month_day" if date.year is None else "full_date"
    month = _MONTHS[date.month - 1] if language == "en" and date.month else date.month
    return single(written, table(language)["values"][form].format(date.year or "", month, date.day))


def _first_number(text: str) -> tuple[Number, str] | None:
    """The number that a text begins with, and the rest."""
    folded = fold_text(text)
    numbers = (number for language in LANGUAGES for number in find_numbers(folded, language) if not number.start)
    longest = max(numbers, key=lambda number: number.end, default=None)
    return (longest, folded[longest.end :]) if longest else None
