"""Files of profiles, in any format that is understood -> Profiles, and what is wrong with the rest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from raiden.core.errors import ProfileError
from raiden.core.languages import detect_language
from raiden.core.records import read_bytes, shortened, write_new_records
from raiden.core.types import Profile
from raiden.data.profiles.books import is_book
from raiden.data.profiles.card_files import Found, unpack_card
from raiden.data.profiles.documents import Document, decoded, read_documents
from raiden.data.profiles.fields import find_setting, parse_fields
from raiden.data.profiles.formats import Made, Options, read_text, read_value


def load_profiles(path: str | Path) -> list[Profile]:
    """Reads a file of profiles, or a folder of character cards, in which nothing may be wrong.

    Raises:
        ProfileError: with file, line, field and remedy, for the first fault.
    """
    profiles, faults = read_profiles([path])
    if faults:
        raise faults[0]
    return profiles


def read_profiles(
    paths: Iterable[str | Path], user_name: str = "", books: Iterable[str | Path] = ()
) -> tuple[list[Profile], list[ProfileError]]:
    """Reads all profiles that can be used, and says what is wrong with each of the others.

    The format is told by what is in a file: see `raiden.data.profiles.formats`. Folders are read in the order of the
    names, hidden files left out.

    Args:
        user_name: whom the characters of cards talk with; a neutral word of the card's language where it is empty.
        books: files of SillyTavern world info, which are added to every character card.

    Returns:
        The profiles, no two with the same name, and the faults, each with file, line or item, field and remedy;
        both in the order of the files.

    Raises:
        ProfileError: a book cannot be read.
    """
    found = list(scan_profiles(paths, user_name, books))
    return [one for one in found if isinstance(one, Profile)], [one for one in found if isinstance(one, ProfileError)]


def scan_profiles(
    paths: Iterable[str | Path], user_name: str = "", books: Iterable[str | Path] = ()
) -> Iterator[Profile | ProfileError]:
    """As `read_profiles`, one after the other: no more than a file is held in memory."""
    options = Options(user_name, _load_books(books))
    origins: dict[str, str] = {}
    for path in _files(paths):
        for found in _read_file(path, options):
            if isinstance(found, Profile) and found.name in origins:
                yield ProfileError(
                    f'{found.origin}: a second profile "{found.name}" (the first: {origins[found.name]}); rename or '
                    "drop one."
                )
                continue
            if isinstance(found, Profile):
                origins[found.name] = found.origin
            yield found


def _files(paths: Iterable[str | Path]) -> Iterator[str | Path]:
    for path in paths:
        if Path(path).is_dir():
            inside = (file.relative_to(path) for file in Path(path).rglob("*") if file.is_file())
            shown = sorted(file for file in inside if not any(part.startswith(".") for part in file.parts))
            yield from [Path(path) / file for file in shown] or [Path(path)]  # an empty folder is refused as a file
        else:
            yield path


def _load_books(paths: Iterable[str | Path]) -> Mapping[str, Any]:
    books = {}
    for path in paths:
        text, _ = decoded(read_bytes(path, ProfileError), path)
        for document in read_documents(text, path):
            if isinstance(document, ProfileError):
                raise document
            if not is_book(document.value):
                raise ProfileError(f"{path}: no SillyTavern world info (an object with `entries`); give such a file.")
            books[str(path)] = document.value
    return books


def _read_file(path: str | Path, options: Options) -> Iterator[Profile | ProfileError]:
    try:
        characters = unpack_card(read_bytes(path, ProfileError), path)
    except ProfileError as fault:
        yield fault
        return
    for candidates in characters:
        yield from _read_candidates(candidates, path, options)


def _read_candidates(
    candidates: list[Found | ProfileError], path: str | Path, options: Options
) -> Iterator[Profile | ProfileError]:
    """What the first of several versions of a card gives that can be read; else what is wrong with the first."""
    failed: list[list[Profile | ProfileError]] = []
    for found in candidates:
        read: list[Profile | ProfileError] = []
        read += [found] if isinstance(found, ProfileError) else _read_found(found, path, options)
        if any(isinstance(one, Profile) for one in read):
            lost = [f"not read: {fault}" for faults in failed for fault in faults]
            yield from (_noted(one, lost) if isinstance(one, Profile) else one for one in read)
            return
        failed.append(read)
    yield from failed[0]


def _read_found(found: Found, path: str | Path, options: Options) -> Iterator[Profile | ProfileError]:
    try:
        text, notes = decoded(found.content, found.place, is_picture=found.place != str(path))
    except ProfileError as fault:
        yield fault
        return
    if not text.strip() or text.strip() == "[]":
        yield ProfileError(f"{path}: no profile in it; write one JSON object a line.")
        return
    if text.lstrip()[:1] not in ("{", "[") and (made := read_text(text, found.place)):
        yield _profile(made)
        return
    documents = list(read_documents(text, found.place))
    for one in _read_documents(documents, found.place, options):
        yield _noted(one, found.notes + notes) if isinstance(one, Profile) else one


def _read_documents(
    documents: list[Document | ProfileError], place: str, options: Options
) -> Iterator[Profile | ProfileError]:
    is_only = sum(isinstance(document, Document) for document in documents) <= 1
    for number, document in enumerate(documents):
        if isinstance(document, ProfileError):
            yield document
            continue
        if isinstance(document.value, list) and number == 0:
            values = [(f"{place}: item {item}", value) for item, value in enumerate(document.value, 1)]
        else:
            is_whole = is_only and not (isinstance(document.value, dict) and "prompt" in document.value)
            values = [(place if is_whole else f"{place}:{document.line}", document.value)]
        for origin, value in values:
            for made in read_value(value, origin, options, document.source):
                yield _noted(_profile(made), document.notes)


def _profile(made: Made | ProfileError) -> Profile | ProfileError:
    if isinstance(made, ProfileError):
        return made
    try:
        return parse_profile(made.record, made.origin, made.notes)
    except ProfileError as fault:
        return fault


def _noted(profile: Profile | ProfileError, notes: list[str]) -> Profile | ProfileError:
    """A profile with more notes."""
    if isinstance(profile, ProfileError) or not notes:
        return profile
    return parse_profile(profile.raw, profile.origin, [*profile.notes, *notes])


def parse_profile(record: Mapping[str, Any], origin: str, notes: Sequence[str] = ()) -> Profile:
    """A profile from its record, `{"prompt": "...<Character Setting>...</Character Setting>..."}`.

    >>> profile = parse_profile(
    ...     {"prompt": "<Character Setting>\\nName: 小明\\nIntroduction: 学生\\n爱读书\\n</Character Setting>"}, "a:1")
    >>> profile.name, dict(profile.fields), profile.language
    ('小明', {'Name': '小明', 'Introduction': '学生\\n爱读书'}, 'zh')

    Args:
        notes: what of its source is not in the record.

    Raises:
        ProfileError: with place, field and remedy.
    """
    prompt = record.get("prompt")
    if not isinstance(prompt, str):
        raise ProfileError(
            f"{origin}: `prompt` must be a string, got {shortened(prompt)}; put the profile's text there."
        )
    setting = find_setting(prompt)
    if setting is None:
        raise ProfileError(
            f"{origin}: `prompt` has no <Character Setting>...</Character Setting> block; add it around the fields."
        )
    fields = parse_fields(setting)
    if not fields.get("Name"):
        raise ProfileError(f"{origin}: the profile has no `Name`; add a line `Name: ...` or drop the profile.")
    language = detect_language("\n".join(fields.values()))
    return Profile(fields["Name"], fields, prompt, language, origin, record, tuple(notes))


def write_profiles(profiles: Iterable[Profile], path: str | Path) -> None:
    """Writes a new JSONL file from which the same profiles are read, with all that their sources said.

    Raises:
        ProfileError: there is a file of this name already, or nothing can be written there.
    """
    write_new_records(path, (profile.raw for profile in profiles), ProfileError)
