"""Characters as other programs and data sets write them; one file a format, each told by what is in it."""

from raiden.data.profiles.formats.registry import NAMES, Made, Options, read_text, read_value
