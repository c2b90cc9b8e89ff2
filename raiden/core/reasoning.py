"""Reasoning in what a model writes: blocks such as `<think>...</think>`, and those that the prompt has opened."""

import re

_TAGS = "think|thinking|thought|reasoning"
_BLOCK = re.compile(rf"<({_TAGS})>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
# Closed without being opened: the chat template had opened it.
_TAIL = re.compile(rf"\A.*</(?:{_TAGS})>", re.DOTALL | re.IGNORECASE)
_BEGUN = re.compile(r"</?[a-z]{0,9}\Z", re.IGNORECASE)
_TAG = re.compile(rf"<(/?)(?:{_TAGS})>", re.IGNORECASE)
_EMPTY = re.compile(rf"<({_TAGS})>\s*</\1>\s*\Z", re.IGNORECASE)
OPENING, CLOSING = "<think>", "</think>"


def strip_reasoning(text: str, is_whole: bool = True) -> str:
    """The text without its reasoning blocks; one that is not closed goes on to the end.

    Args:
        is_whole: false while it is being written: what may yet become a tag is left out.

    >>> strip_reasoning("<think>Who am I?</think> I am Ada."), strip_reasoning("<think>Who am I?")
    ('I am Ada.', '')
    """
    return _TAIL.sub("", _BLOCK.sub("", text if is_whole else _BEGUN.sub("", text))).strip()


def reasoning_in(text: str, is_whole: bool = True) -> str:
    """What stands in the blocks of reasoning of a text.

    Args:
        is_whole: as for `strip_reasoning`.

    >>> reasoning_in("<think>Who am I?</think> I am Ada."), reasoning_in("<think>Who am I?</thi", is_whole=False)
    ('Who am I?', 'Who am I?')
    """
    blocks = _BLOCK.finditer(text if is_whole else _BEGUN.sub("", text))
    inside = (_TAG.sub("", block[0]).lstrip() for block in blocks)
    return "\n".join(inside)


def with_opening(text: str) -> str:
    """A completion whose block the prompt has opened, with that opening; any other as it is.

    For texts of which nobody knows the prompt.

    >>> with_opening("Who am I?</think> I am Ada."), with_opening("I am Ada.")
    ('<think>Who am I?</think> I am Ada.', 'I am Ada.')
    """
    first = _TAG.search(text)
    return OPENING + text if first and first[1] else text


def opened_block(prompt: str) -> str:
    r"""The end of a prompt from the block of reasoning on that it leaves open; empty where it leaves none.

    >>> opened_block("assistant\n<think>\n"), opened_block("assistant\n<think></think>")
    ('<think>\n', '')
    """
    tags = list(_TAG.finditer(prompt))
    return prompt[tags[-1].start() :] if tags and not tags[-1][1] else ""


def ends_in_empty_block(prompt: str) -> bool:
    """Whether a prompt says that there shall be no reasoning."""
    return _EMPTY.search(prompt) is not None


def has_tags(text: str) -> bool:
    """Whether a tag of a block of reasoning stands in a text."""
    return _TAG.search(text) is not None
