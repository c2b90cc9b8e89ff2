"""ChatHaruhi's system prompts: a text that says whom the model is to play."""

import re
from typing import Any

from raiden.data.profiles.fields import FREE_TEXT, NAME, format_fields

FORMAT = "ChatHaruhi system prompt"
_PLAYS = re.compile(
    r"(?:你正在扮演|你要扮演|请你扮演|请扮演|你将扮演|你在扮演|你现在是|你就是)\s*[“「『\"]?([^\s，。,.、；;”」』\"]{1,12})|"
    r"(?:[Yy]ou are (?:now )?(?:playing|roleplaying as|cosplaying)|I want you to act (?:like|as)|[Pp]lease act as|"
    r"[Pp]lay the (?:role|character) of|[Yy]ou are)\s+[“\"]?((?:[A-Z][\w'’.-]*)(?: [A-Z][\w'’.-]*){0,3})|"
    r"あなたは[「『]?([^\s、。」』]{1,12}?)[」』]?(?:です|になりきって|を演じ)|"
    r"당신은 ['\"]?([가-힣 ]{1,12}?)['\"]?(?:입니다|을 연기|를 연기)"
)
_SCENE = re.compile(r"^[^\s:\uff1a]{1,12}[:\uff1a][「『\"“]", re.MULTILINE)


def played_name(text: str) -> str:
    """Whom a system prompt says that the model is to play; empty where it names nobody."""
    found = _PLAYS.search(text)
    return next(filter(None, found.groups())).strip(".") if found else ""


def record_of(text: str) -> dict[str, Any] | None:
    """The profile record of a text; None where it names nobody to play."""
    name = played_name(text[:400])
    if not name or _SCENE.match(text.lstrip()):
        return None
    fields = {NAME: name, FREE_TEXT: text.strip()}
    return {"prompt": f"<Character Setting>\n{format_fields(fields)}\n</Character Setting>"}
