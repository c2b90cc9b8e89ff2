"""Character profiles in, of several formats; each becomes a record of raiden's own, and a validated Profile.

reading        files and folders -> profiles and faults; raiden's own record
card_files     PNG pictures and archives -> the texts inside that may be cards
documents      a text -> its JSON or YAML values; what is broken costs itself alone
formats/       which format a value is of; one file a format
cards, books   SillyTavern cards and their books of lore, with macros
fields         the `<Character Setting>` block in a record
"""

from raiden.data.profiles.fields import format_fields, parse_fields
from raiden.data.profiles.reading import load_profiles, parse_profile, read_profiles, scan_profiles, write_profiles
