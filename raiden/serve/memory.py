"""What was said last, for clients that send an earlier reply as a reference to it."""

from collections import OrderedDict
from typing import Any

NUM_REMEMBERED = 1000
"""Items, the newest; in memory alone, and gone with the server."""


class ReplyMemory:
    """The last items of /v1/responses, by their ids.

    A client that leaves `store` at its default may send a reference in place of the reply (the Vercel AI SDK does).
    Ids are random, so that no client can name another's.
    """

    def __init__(self) -> None:
        self._items: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def keep(self, item_id: str, text: str | None) -> None:
        """Remembers the text of an item, and forgets the oldest; None: reasoning, of which no prompt needs any."""
        said = {"type": "message", "role": "assistant", "content": text}
        self._items[item_id] = {"type": "reasoning"} if text is None else said
        if len(self._items) > NUM_REMEMBERED:
            self._items.popitem(last=False)

    def resolved(self, body: Any) -> Any:
        """A request's body with what its references name in their place; a reference to nothing known stays."""
        items = body.get("input") if isinstance(body, dict) else None
        return {**body, "input": [self._named(item) for item in items]} if isinstance(items, list) else body

    def _named(self, item: Any) -> Any:
        is_reference = isinstance(item, dict) and item.get("type") == "item_reference"
        named = item.get("id") if is_reference else None
        return self._items.get(named, item) if isinstance(named, str) else item
