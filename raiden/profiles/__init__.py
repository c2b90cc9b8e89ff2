"""Files of character profiles -> validated Profiles, and back."""

from raiden.profiles.fields import format_fields, parse_fields
from raiden.profiles.jsonl import parse_profile
from raiden.profiles.reading import load_profiles, read_profiles

__all__ = ["format_fields", "load_profiles", "parse_fields", "parse_profile", "read_profiles"]
