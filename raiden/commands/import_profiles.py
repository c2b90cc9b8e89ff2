"""`raiden import FILE... --output profiles.jsonl`: profiles of other formats, written in raiden's own."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from raiden.commands.option_parser import POSITIONAL, REPEATED, parse_options
from raiden.core.errors import ProfileError
from raiden.core.types import Profile
from raiden.data.profiles import scan_profiles, write_profiles

_DESCRIPTION = """\
Read character profiles, and write them as JSONL. The format is told by what is in a file: character cards,
versions 1 to 3 (JSON, PNG pictures, .charx archives); characters of Agnai, Backyard, Pygmalion, RisuAI and
text-generation-webui; RAIDEN's npc.json, CharacterEval's and CoSER's profiles, ChatHaruhi's prompts; raiden's own.
What a source says beside its facts is kept in the record, under `card`, `npc` or `profile`. A part that cannot be
read is named and left out."""
_EPILOG = "exit code: 0; 1 where some of the input could not be used, and the rest was written; 2 where nothing was."


@dataclass(frozen=True)
class ImportOptions:
    """What is read, and where it goes."""

    files: tuple[str, ...] = field(metadata=POSITIONAL)
    """files of profiles, or folders of them"""
    output: str
    """the JSONL file to write; it must be a new one"""
    user_name: str = ""
    """whom the characters talk with, for {{user}} in cards (default: a neutral word of the card's language)"""
    book: tuple[str, ...] = field(default=(), metadata=REPEATED)
    """SillyTavern world info to add to every character card; may be given several times"""


def main(argv: Sequence[str]) -> int:
    """Imports files and folders; says what was read, what was left out, and what could not be used.

    Returns:
        The exit code, as in the help text.
    """
    options = parse_options(ImportOptions, argv, "import", _DESCRIPTION, _EPILOG)
    num_faults = num_profiles = 0

    def profiles() -> Iterator[Profile]:
        nonlocal num_faults, num_profiles
        for found in scan_profiles(options.files, options.user_name, options.book):
            if isinstance(found, ProfileError):
                num_faults += 1
                sys.stderr.write(f"error: {found}\n")
                continue
            num_profiles += 1
            print(f"{found.origin}: {found.name} ({found.language}): {', '.join(found.fields)}")
            for note in found.notes:  # what of its source was left out
                print(f"    {note}")
            yield found

    stream = profiles()
    first = next(stream, None)
    if first is not None:
        write_profiles(chain([first], stream), options.output)
    target = f" to {options.output}" if num_profiles else ""
    sys.stdout.write(f"{num_profiles} profiles written{target}; {num_faults} could not be used.\n")
    if num_faults and not num_profiles:
        sys.stderr.write("Chats, and data sets of dialogues, are read by `raiden import-samples`.\n")
    return (1 if num_profiles else 2) if num_faults else 0
