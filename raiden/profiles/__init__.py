"""Character profiles in, of several formats; each becomes a record of raiden's own, and a validated Profile.

reading        files and folders -> profiles and faults; tells the formats apart
jsonl, fields  raiden's own record, and the `<Character Setting>` block in it
npc            the role file of the RAIDEN benchmark
card_files     PNG pictures and .charx archives -> the JSON inside
cards          SillyTavern cards, with macros and the attributes that authors write into the prose
"""

from raiden.profiles.cards import unused_fields
from raiden.profiles.fields import format_fields, parse_fields
from raiden.profiles.jsonl import parse_profile, write_profiles
from raiden.profiles.reading import load_profiles, read_profiles

__all__ = [
    "format_fields",
    "load_profiles",
    "parse_fields",
    "parse_profile",
    "read_profiles",
    "unused_fields",
    "write_profiles",
]
