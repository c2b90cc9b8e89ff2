"""Which character a name means."""

import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz, process

from raiden.core.errors import ProfileError
from raiden.core.types import Profile

_CLOSE = 60.0
"""Similarity, in percent, of names that are worth suggesting."""
_NUM_SUGGESTIONS = 3


class Cast:
    """Characters that can be talked with, in the order of their file.

    Args:
        profiles: at least one, no two of the same name.
    """

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.profiles = profiles

    def find(self, name: str) -> Profile:
        """The character with this name, or the only one whose name has it as a part, or with this number in the list.

        Case and width of the letters do not matter.

        Raises:
            ProfileError: there is none, or there are several; it suggests names.
        """
        wanted = _folded(name)
        names = [_folded(profile.name) for profile in self.profiles]
        if wanted in names:
            return self.profiles[names.index(wanted)]
        if name.isdecimal() and 1 <= int(name) <= len(names):
            return self.profiles[int(name) - 1]
        having = [profile for profile, own in zip(self.profiles, names, strict=True) if wanted and wanted in own]
        if len(having) == 1:
            return having[0]
        candidates = [profile.name for profile in having] or self._similar(wanted)
        if candidates:
            raise ProfileError(f'`character`: no profile is "{name}"; did you mean {" or ".join(candidates)}?')
        shown = ", ".join(profile.name for profile in self.profiles[:5])
        more = f" and {len(self.profiles) - 5} more" if len(self.profiles) > 5 else ""
        raise ProfileError(f'`character`: no profile is "{name}" or like it; there are {shown}{more}.')

    def _similar(self, wanted: str) -> list[str]:
        names = {profile.name: _folded(profile.name) for profile in self.profiles}
        found = process.extract(wanted, names, scorer=fuzz.WRatio, score_cutoff=_CLOSE, limit=_NUM_SUGGESTIONS)
        return [name for _, _, name in found]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()
