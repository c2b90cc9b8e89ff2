"""Taking the answer out of a completion, and judging its format.

Two response formats: `plain`, the reply and nothing else; `think`, one reasoning block
`<think>...</think>` and then the reply, which may stand in one `<answer>...</answer>`.
Whatever the format, text inside a reasoning block is never part of the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

ResponseFormat = Literal["plain", "think"]

_THINK_NAMES = ("think", "thinking", "thought", "reasoning", "reason", "scratchpad", "hint")
_TAG = re.compile(
    r"[<＜]\s*([/／]?)\s*(" + "|".join((*_THINK_NAMES, "answer")) + r")\s*[>＞]",
    re.IGNORECASE,
)
# Tokens of chat templates and invented turns: the model is writing the other side of the dialogue.
_FOREIGN_TURN = re.compile(
    r"<\|[a-z_]{1,30}\|>|</?s>|\[/?INST\]|^\s{0,8}(?:user|assistant|human|system|用户|ユーザー|"
    r"사용자)\s{0,4}[:：]",
    re.IGNORECASE | re.MULTILINE,
)
# Hidden from whoever reads the reply as a page; unclosed, it hides the rest.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HAS_WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Reply:
    """The answer inside a completion."""

    text: str
    """The completion with everything that is not answer blanked out, so offsets stay those of the completion."""
    format_fault: str
    """Why the format is wrong, in half a sentence; empty where it is right."""


@dataclass(frozen=True)
class _Tag:
    name: Literal["think", "answer"]
    closing: bool
    start: int
    end: int


def take_answer(text: str, response_format: ResponseFormat) -> Reply:
    """Find the answer in a completion and say what is wrong with its format, if anything."""
    tags = [_read_tag(match) for match in _TAG.finditer(text)]
    outside = _COMMENT.sub(_blanks, _blank_reasoning(text, tags))
    fault = _format_fault(text, outside, tags, response_format)
    return Reply(_blank_foreign_turns(outside), fault)


def is_tag(text: str) -> bool:
    """Whether a text is a tag of reasoning or of an answer, and nothing else.

    >>> is_tag("<think>"), is_tag("</answer>"), is_tag("<|im_end|>")
    (True, True, False)
    """
    return _TAG.fullmatch(text.strip()) is not None


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _blank_foreign_turns(text: str) -> str:
    """The text up to where the model begins to write another turn; a label at its very beginning is only a label."""
    begin, end = 0, len(text)
    for match in _FOREIGN_TURN.finditer(text):
        if text[begin : match.start()].strip():
            end = match.start()
            break
        begin = match.end()
    return " " * begin + text[begin:end] + " " * (len(text) - end)


def _read_tag(match: re.Match[str]) -> _Tag:
    name: Literal["think", "answer"] = "answer" if match[2].lower() == "answer" else "think"
    return _Tag(name, bool(match[1]), match.start(), match.end())


def _blank_reasoning(text: str, tags: list[_Tag]) -> str:
    """The text with reasoning and tags turned into blanks of the same length."""
    if not tags:
        return text
    kept: list[str] = []
    position = depth = 0
    for tag in tags:
        piece = text[position : tag.start]
        if tag.name == "think" and tag.closing and depth == 0:
            # Closed without being opened: the template opened it, so all before was reasoning.
            kept = [" " * position]
        kept.append(" " * len(piece) if depth or (tag.name == "think" and tag.closing) else piece)
        kept.append(" " * (tag.end - tag.start))
        position = tag.end
        if tag.name == "think":
            depth = max(0, depth - 1) if tag.closing else depth + 1
    rest = text[position:]
    return "".join(kept) + (" " * len(rest) if depth else rest)


def _format_fault(text: str, answer: str, tags: list[_Tag], response_format: ResponseFormat) -> str:
    if not _HAS_WORD.search(answer):
        return "the answer is empty"
    if _FOREIGN_TURN.search(answer):
        return "the reply goes on with another turn of the dialogue or with tokens of a chat template"
    if _COMMENT.search(text):
        return "the reply holds a comment that a reader would not see"
    if response_format == "plain":
        return "a plain reply has no reasoning or answer tags" if tags else ""
    return _think_fault(text, tags)


def _think_fault(text: str, tags: list[_Tag]) -> str:
    shape = [(tag.name, tag.closing) for tag in tags]
    block = [("think", False), ("think", True)]
    if shape not in (block, [*block, ("answer", False), ("answer", True)]):
        return (
            "the think format needs exactly one <think>...</think>, then the reply, in at most one "
            "<answer>...</answer>"
        )
    if text[: tags[0].start].strip():
        return "text stands before the reasoning block"
    if not _HAS_WORD.search(text[tags[0].end : tags[1].start]):
        return "the reasoning block is empty"
    outside = text[tags[1].end : tags[2].start] + text[tags[3].end :] if len(tags) == 4 else ""
    return "text stands outside the answer block" if outside.strip() else ""
