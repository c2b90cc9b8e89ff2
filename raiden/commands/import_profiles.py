"""`raiden import FILE... --output profiles.jsonl`: profiles of other formats, written in raiden's own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from raiden.profiles import read_profiles, unused_fields, write_profiles
from raiden.types import Profile

_DESCRIPTION = """\
Read character profiles, and write them as JSONL. The format is told by what is in a file: RAIDEN's npc.json;
SillyTavern character cards, versions 1 to 3, as JSON, as PNG pictures, or as .charx archives; and raiden's own JSONL.
What a source says beside its facts is kept in the record, under `npc` or `card`."""
_EPILOG = "exit code: 0; 1 where some of the input could not be used, and the rest was written; 2 where nothing was."


def main(argv: Sequence[str]) -> int:
    """Imports files and folders; says what was read, what was left out, and what could not be used.

    Returns:
        The exit code, as in the help text.

    Raises:
        ProfileError: the output is there already, or cannot be written.
    """
    arguments = _parser().parse_args(argv)
    profiles, faults = read_profiles(arguments.files, arguments.user_name)
    if profiles:
        write_profiles(profiles, arguments.output)
        for line in _report(profiles):
            sys.stdout.write(line + "\n")
    for fault in faults:
        sys.stderr.write(f"error: {fault}\n")
    target = f" to {arguments.output}" if profiles else ""
    sys.stdout.write(f"{len(profiles)} profiles written{target}; {len(faults)} could not be used.\n")
    return (1 if profiles else 2) if faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="raiden import",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="files of profiles, or folders of them")
    parser.add_argument(
        "--output", required=True, metavar="FILE", help="the JSONL file to write; it must be a new one"
    )
    parser.add_argument(
        "--user_name",
        default="",
        metavar="NAME",
        help="whom the characters talk with, for {{user}} in cards (default: a neutral word of the card's language)",
    )
    return parser


def _report(profiles: Sequence[Profile]) -> Iterator[str]:
    """What became of each profile: its fields, and what of its card was left out."""
    for profile in profiles:
        yield f"{profile.origin}: {profile.name} ({profile.language}): {', '.join(profile.fields)}"
        for field, reason in unused_fields(profile.raw.get("card")).items():
            yield f"    kept, not used: {field} ({reason})"
