"""VeriRole's training list: `problem` with `system_prompt` and `history`, `hint`, `data_type`, `extra_info`.

The keywords of the accuracy reward stand in `extra_info`. Situation puzzles (`haiguitang`) are judged by a model and
have none.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from raiden.core.errors import ProfileError
from raiden.core.records import shortened
from raiden.core.types import Profile
from raiden.data.profiles import format_fields, parse_profile
from raiden.data.profiles.cards import sheet_record
from raiden.data.profiles.fields import find_setting, parse_fields
from raiden.data.profiles.formats.haruhi import played_name
from raiden.datagen.dialogues.base import Dialogue, Document, LeftOut, Options
from raiden.datagen.dialogues.turns import messages_of, read_turns
from raiden.facts import stated_name
from raiden.facts.markup import plain_text
from raiden.facts.sections import folded

NAME = "VeriRole"
_NAMES = ("character_name", "npc_name", "role_name", "char_name", "character", "role", "name")
_KEYWORDS = re.compile(r"(?:accuracy_?)?key_?words?(?:_list)?|关键词", re.IGNORECASE)
_REFERENCES = ("reference", "answer", "response", "solution", "gold")
_TAGS = re.compile(r"</?(?:hint|think|answer|response|reply)>", re.IGNORECASE)
_DEMANDS = re.compile(
    r"(?:output |response |reply )?(?:format|requirements?|instructions?|constraints?|rules?|task|notes?|goal)|"
    r"(?:输出|回复|回答|角色扮演|扮演|对话)?(?:格式|要求|规则|约束|限制|任务|目标|说明|注意(?:事项)?|示例|流程|步骤)"
)
_EMPTY_SECTION = re.compile(r"^(?:#{1,6}[^\n]*|【[^】\n]*】[:\uff1a]?)\n*(?=^[#【]|\Z)", re.MULTILINE)
"""A heading below which nothing is left."""


def matches(document: Document) -> bool:
    problem = document.get("problem")
    return isinstance(problem, Mapping) and bool({"system_prompt", "history"} & set(problem))


def read(document: Document, origin: str, options: Options) -> Iterator[Dialogue | LeftOut]:
    problem, extra = document["problem"], document.get("extra_info")
    extra = extra if isinstance(extra, Mapping) else {}
    kind = document.get("data_type")
    if kind == "haiguitang":
        yield LeftOut(origin, "judged by a model", "a situation puzzle (`data_type` haiguitang) has no keyword.")
        return
    profile = profile_of_prompt(problem.get("system_prompt"), origin, document, extra, options)
    if isinstance(profile, LeftOut):
        yield profile
        return
    try:
        turns = read_turns(problem.get("history"), profile.name)
    except ValueError as fault:
        yield LeftOut(origin, "malformed", f"`problem.history` {fault}.")
        return
    messages = messages_of(turns)
    if not messages or messages[-1].role != "user":
        yield LeftOut(origin, "no question", "`problem.history` must end with the user's turn.")
        return
    known = next((extra[key] for key in extra if _KEYWORDS.fullmatch(str(key))), document.get("keywords"))
    reference = next((text for key in _REFERENCES for text in (extra.get(key), document.get(key)) if text), "")
    yield Dialogue(
        origin,
        "verirole",
        profile,
        messages[:-1],
        messages[-1].content,
        _TAGS.sub("", reference).strip() if isinstance(reference, str) else "",
        tuple(dict.fromkeys(_words(known))),
    )


def _words(value: Any) -> Iterator[str]:
    """The keywords in a text, or in lists of them."""
    if isinstance(value, str):
        yield from (word.strip() for word in re.split(r"[,\uff0c、;\uff1b|\n]", value) if word.strip())
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _words(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def profile_of_prompt(
    prompt: Any, origin: str, document: Document, extra: Mapping[str, Any], options: Options
) -> Profile | LeftOut:
    """The character that a system prompt describes: its lines about tags and form are no part of it."""
    if not isinstance(prompt, str) or not prompt.strip():
        return LeftOut(origin, "malformed", f"`problem.system_prompt` must be a text, got {shortened(prompt)}.")
    text = _EMPTY_SECTION.sub("", "\n".join(line for line in prompt.split("\n") if not _TAGS.search(line)))
    named = (source[key] for source in (extra, document) for key in _NAMES if isinstance(source.get(key), str))
    setting = find_setting(text)
    stated = parse_fields(setting).get("Name") if setting else stated_name(plain_text(text))
    name = stated or next(filter(None, named), "") or played_name(text)
    if not name:
        return LeftOut(origin, "no character", "`problem.system_prompt` names nobody to play.")
    try:
        record = {"prompt": text} if setting and stated else sheet_record(f"{origin}: {NAME}", name, text, prompt)
        profile = parse_profile(record, origin)
        fields = {label: value for label, value in profile.fields.items() if not _DEMANDS.fullmatch(folded(label))}
        return parse_profile({"prompt": f"<Character Setting>\n{format_fields(fields)}\n</Character Setting>"}, origin)
    except ProfileError as fault:
        return LeftOut(origin, "malformed", str(fault).removeprefix(f"{origin}: "))
