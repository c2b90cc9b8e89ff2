"""Which format a JSON or YAML value is of, told by its content; the more particular ones first."""

from collections.abc import Iterator, Mapping
from typing import Any

from raiden.core.errors import ProfileError
from raiden.core.records import as_record, shortened
from raiden.data.profiles.cards import card_record, is_card
from raiden.data.profiles.formats import (
    agnai,
    backyard,
    character_eval,
    coser,
    haruhi,
    npc,
    pygmalion,
    risu,
    webui,
    world_info,
)
from raiden.data.profiles.formats.base import Made, Options

_LIKE_CARDS = (agnai, backyard, pygmalion, risu, webui)
_OF_MANY = (world_info, coser)
NAMES = (
    "raiden's own records (`prompt`)",
    "character cards",
    *(reader.NAME for reader in _LIKE_CARDS),
    npc.NAME,
    coser.NAME,
    character_eval.NAME,
    haruhi.FORMAT,
)


def read_value(value: Any, origin: str, options: Options, source: str = "") -> Iterator[Made | ProfileError]:
    """The characters of a JSON or YAML value.

    Args:
        source: the JSON text of the value: an object may have one name twice.
    """
    found = as_record(value, origin, ProfileError)
    if isinstance(found, ProfileError):
        yield found
        return
    document = found[1]
    if "prompt" in document:
        yield Made(origin, document)
        return
    if npc.matches(document):
        yield from npc.read_text(source, origin)
        return
    for reader in _OF_MANY:
        if reader.matches(document):
            yield from reader.read(document, origin, options)
            return
    for like in _LIKE_CARDS:
        if like.matches(document):
            yield _card(like.to_card(document), document, origin, options, like.NAME)
            return
    if is_card(document):
        yield _card(document, document, origin, options, "character card")
    elif character_eval.matches(document):
        yield from character_eval.read(document, origin, options)
    else:
        keys = ", ".join(map(str, document))
        yield ProfileError(
            f"{origin}: no format of characters that is known (its fields: {shortened(keys)}); "
            f"give one of: {', '.join(NAMES)}."
        )


def _card(
    card: Mapping[str, Any], document: Mapping[str, Any], origin: str, options: Options, what: str
) -> Made | ProfileError:
    try:
        record, notes = card_record(origin, card, options.user_name, options.books, what)
    except ProfileError as fault:
        return fault
    return Made(origin, record | {"card": document}, notes)


def read_text(text: str, origin: str) -> Made | None:
    """The character of a text that is neither JSON nor YAML; None where it names none."""
    record = haruhi.record_of(text)
    return Made(origin, record) if record else None
