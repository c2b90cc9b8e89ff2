"""CoSER's profiles: `character_datasets` of a book, each with a `profile`, or `character_profiles` of a test scene."""

from collections.abc import Iterator, Mapping

from raiden.core.errors import ProfileError
from raiden.core.records import shortened
from raiden.data.profiles.cards import sheet_record
from raiden.data.profiles.formats.base import Document, Made, Options
from raiden.facts.markup import as_lines

NAME = "CoSER profiles"
_FIELDS = ("character_datasets", "character_profiles")


def matches(document: Document) -> bool:
    return any(isinstance(document.get(field), Mapping) for field in _FIELDS)


def read(document: Document, origin: str, options: Options) -> Iterator[Made | ProfileError]:
    field = next(field for field in _FIELDS if isinstance(document.get(field), Mapping))
    for name, character in document[field].items():
        place = f'{origin}: "{name}"'
        has_parts = isinstance(character, Mapping) and "profile" in character
        text = character["profile"] if has_parts else character
        if not text or not isinstance(text, str | Mapping):
            yield ProfileError(
                f"{place}: {NAME}: `{field}.profile` must be a text, got {shortened(text)}; fill it in."
            )
            continue
        try:
            record = sheet_record(f"{place}: {NAME}", name, as_lines(text), text)
        except ProfileError as fault:
            yield fault
            continue
        rest = [key for key in character if key != "profile"] if has_parts else []
        yield Made(place, record, [f"not read: {key} (no part of the profile)" for key in rest])
