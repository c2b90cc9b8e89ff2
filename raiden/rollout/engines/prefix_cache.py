"""Keys and values of the last prompts: a talk goes on where it was, and a character's profile is read once."""

from raiden.packing.cached_prefix import MIN_KNOWN, CachedPrefix, num_equal


class PrefixCache:
    """Those of the prompts that were read last, within a bound; the least recently used goes first.

    Args:
        max_bytes: of keys and values.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._known: list[CachedPrefix] = []

    @property
    def num_bytes(self) -> int:
        return sum(known.num_bytes for known in self._known)

    def longest(self, tokens: tuple[int, ...]) -> CachedPrefix | None:
        """The most that is known of a prompt, never all of it: its last token has to be read for what follows."""
        best, length = None, MIN_KNOWN - 1
        for known in self._known:
            shared = min(num_equal(known.tokens, tokens), len(tokens) - 1)
            if shared > length:
                best, length = known, shared
        if best is None:
            return None
        self._known.remove(best)
        self._known.append(best)
        return best.cut(length)

    def keep(self, prefix: CachedPrefix) -> None:
        """Keeps a prompt that was read, in place of those that it goes on from."""
        self._known = [known for known in self._known if known.tokens != prefix.tokens[: len(known.tokens)]]
        self._known.append(prefix)
        while self.num_bytes > self.max_bytes:
            self._known.pop(0)

    def clear(self) -> None:
        self._known = []
