"""What a chat template does, found by rendering probes and reading what comes out; never by the name of a model."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from raiden.core.errors import ChatTemplateError
from raiden.core.reasoning import CLOSING, OPENING, ends_in_empty_block, has_tags, opened_block
from raiden.data.chat_template.rendering import ChatRenderer, Conversation

SWITCHES = ("enable_thinking", "thinking")
"""Options by which templates turn reasoning on and off; Qwen, GLM and Nemotron know the first, DeepSeek the second."""
_SETTING, _ASKED, _SAID, _AGAIN, _THOUGHT = "qsettingq", "qaskedq", "qsaidq", "qagainq", "qthoughtq"
"""Words of the probes that no template has of its own, and that no trimming changes."""
_TALK = [("user", _ASKED), ("assistant", _SAID), ("user", _AGAIN)]
_DAYS = ("2001-02-03", "2012-11-10")


@dataclass(frozen=True)
class Frame:
    """What a template writes around the parts of a last reply, behind its generation prompt."""

    before_reasoning: str = ""
    """Empty where it does not show reasoning as such."""
    after_reasoning: str = ""
    """Up to the reply."""
    before_reply: str = ""
    """Of a reply without reasoning."""
    after_reply: str = ""
    """From the end of the turn on."""

    @property
    def has_channels(self) -> bool:
        """Whether reasoning, or a reply alone, stands in something else than think blocks."""
        around = (self.before_reasoning + self.after_reasoning, self.before_reply)
        return any(text.strip() and not has_tags(text) for text in around)


@dataclass(frozen=True)
class TemplateTraits:
    """What a chat template takes and does, with the options that a run gives it."""

    takes_system: bool = True
    alternates: bool = False
    """User and assistant must take turns, and the user begins."""
    takes_parts: bool = False
    """The content of a message is a list of parts; a text is lost."""
    opened: str = ""
    """The end of the generation prompt from the block of reasoning on that it opens."""
    closes: bool = False
    """The generation prompt ends in an empty block: there shall be no reasoning."""
    switches: Mapping[str, str] = field(default_factory=dict)
    """Options that change the generation prompt, as `enable_thinking=false`, and what then becomes of a block in it:
    `opened`, `closed` or `none`."""
    keeps_reasoning: bool = False
    """That of earlier turns would stand in the prompt, were it not taken out before."""
    is_dated: bool = False
    """The prompt changes with the day."""
    frame: Frame = Frame()

    def describe(self) -> str:
        """In a line, for logs.

        >>> TemplateTraits(alternates=True, opened="<think>").describe()
        'takes a system message; user and assistant must alternate; opens "<think>"; drops reasoning of earlier turns'
        """
        block = f"opens {json.dumps(self.opened)}" if self.opened else "closes an empty block" if self.closes else ""
        parts = (
            "takes a system message" if self.takes_system else "takes no system message",
            "user and assistant must alternate" if self.alternates else "takes turns in any order",
            "takes content in parts" if self.takes_parts else "",
            f"{block} of reasoning" if self.closes else block,
            "has channels" if self.frame.has_channels else "",
            f"reacts to {', '.join(self.switches)}" if self.switches else "",
            "would keep reasoning of earlier turns" if self.keeps_reasoning else "drops reasoning of earlier turns",
            "depends on the date" if self.is_dated else "",
        )
        return "; ".join(part for part in parts if part)


_known: dict[str, TemplateTraits] = {}
"""Kept for the process: prompts, engines and targets all ask."""


def traits_of(renderer: ChatRenderer, options: Mapping[str, Any] = MappingProxyType({})) -> TemplateTraits:
    """What a tokenizer's chat template does.

    Args:
        options: handed to the template.

    Raises:
        ChatTemplateError: it can render no conversation at all.
    """
    key = json.dumps([renderer.source, renderer.special_tokens, dict(options)], default=str)
    if key not in _known:
        _known[key] = _Prober(renderer, options).learn()
    return _known[key]


class _Prober:
    def __init__(self, renderer: ChatRenderer, options: Mapping[str, Any]) -> None:
        self.renderer = renderer
        self.options = options

    def learn(self) -> TemplateTraits:
        self.takes_parts, self.takes_system = self._find_form()
        prompt = self._prompt()
        return TemplateTraits(
            self.takes_system,
            self._alternates(),
            self.takes_parts,
            self.opened(prompt),
            ends_in_empty_block(prompt),
            dict(self._switches(prompt)),
            self._keeps_reasoning(),
            prompt != self._prompt(date=_DAYS[1]),
            self.frame,
        )

    def text(self, *turns: tuple[str, str], last: Mapping[str, Any] | None = None, **settings: Any) -> str:
        messages: list[dict[str, Any]] = [{"role": role, "content": content} for role, content in turns]
        if last is not None:
            messages.append({"role": "assistant", **last})
        given = {"date": _DAYS[0], **self.options, **settings}
        return self.renderer.render(in_parts(messages) if self.takes_parts else messages, **given)

    def _find_form(self) -> tuple[bool, bool]:
        """Whether content stands in parts and a system message is taken: the first form that loses nothing."""
        first_fault: ChatTemplateError | None = None
        for self.takes_parts in (False, True):
            for takes_system in (True, False):
                turns = [("system", _SETTING)] * takes_system + _TALK
                try:
                    text = self.text(*turns)
                    # Some write the system message into the last turn.
                    if _has_all(text, [content for _, content in _TALK]) and (_SETTING in text) is takes_system:
                        return self.takes_parts, takes_system
                except ChatTemplateError as fault:
                    first_fault = first_fault or fault
        raise first_fault or ChatTemplateError("it leaves out what the messages say")

    def _setting(self) -> list[tuple[str, str]]:
        return [("system", _SETTING)] if self.takes_system else []

    def _prompt(self, **settings: Any) -> str:
        return self.text(*self._setting(), *_TALK, **settings)

    def _alternates(self) -> bool:
        one_sided = (
            [("assistant", _SAID), ("user", _AGAIN)],
            [("user", _ASKED), ("user", _AGAIN)],
            [("user", _ASKED), ("assistant", _SAID), ("assistant", _THOUGHT), ("user", _AGAIN)],
        )
        for turns in one_sided:
            try:
                if not _has_all(self.text(*self._setting(), *turns), [content for _, content in turns]):
                    return True
            except ChatTemplateError:
                return True
        return False

    def opened(self, prompt: str) -> str:
        """From the block on that is open at the end of a prompt: a think block, or what the frame has in its place."""
        tail = prompt.rpartition(_AGAIN)[2]
        if found := opened_block(tail):
            return found
        begins = self.frame.before_reasoning.strip()
        start = tail.rfind(begins) if begins else -1
        return tail[start:] if start >= 0 and tail[start:].strip() == begins else ""

    def _switches(self, prompt: str) -> Iterator[tuple[str, str]]:
        for name in SWITCHES:
            for value in (False, True):
                with suppress(ChatTemplateError):
                    changed = self._prompt(**{name: value})
                    if name not in self.options and changed != prompt:
                        is_closed, is_open = ends_in_empty_block(changed), self.opened(changed)
                        state = "closed" if is_closed else "opened" if is_open else "none"
                        yield f"{name}={str(value).lower()}", state

    def _keeps_reasoning(self, before: str = f"{OPENING}\n", after: str = f"\n{CLOSING}\n\n") -> bool:
        """Whether an earlier reply with such text around its reasoning still has it."""
        with suppress(ChatTemplateError):
            text = self.text(("user", _ASKED), ("assistant", f"{before}{_THOUGHT}{after}{_SAID}"), ("user", _AGAIN))
            return _THOUGHT in text or _SAID not in text
        return True

    @cached_property
    def frame(self) -> Frame:
        """What stands around the parts of the last reply of a rendered conversation."""
        try:
            plain = self._reply({"content": _SAID})
            begun = self.text(("user", _ASKED)).rpartition(_ASKED)[2]
        except ChatTemplateError:
            return Frame()
        header = _common_beginning(begun, plain.partition(_SAID)[0])
        after_reply = plain.rpartition(_SAID)[2]
        if not after_reply.strip():  # only who speaks next ends a turn
            after_reply = self._prompt().partition(_SAID)[2].partition(_AGAIN)[0]
        before, after = self._around_reasoning(header) or self._taken_out() or ("", "")
        return Frame(before, after, plain.partition(_SAID)[0].removeprefix(header), after_reply)

    def _reply(self, last: Mapping[str, Any]) -> str:
        """A last reply, from the question on."""
        return self.text(("user", _ASKED), last=last, add_generation_prompt=False).rpartition(_ASKED)[2]

    def _around_reasoning(self, header: str) -> tuple[str, str] | None:
        """By a field of its own; some templates show reasoning only before a call of a tool."""
        for reply, shown in (({"content": _SAID}, _SAID), ({"content": "", "tool_calls": [_CALL]}, _TOOL)):
            with suppress(ChatTemplateError):
                thoughts = dict.fromkeys(("reasoning_content", "reasoning", "thinking"), _THOUGHT)
                before, _, after = self._reply({**reply, **thoughts}).partition(_THOUGHT)
                if shown in after and shown == _SAID:
                    return before.removeprefix(header), after.partition(shown)[0]
                if shown in after:
                    return before.removeprefix(header), after.removesuffix(_common_end(self._reply(reply), after))
        return None

    def _taken_out(self) -> tuple[str, str] | None:
        """Two marks that the template knows, between which it takes the text out of an earlier reply."""
        if not self._keeps_reasoning():
            return None
        marks = list(dict.fromkeys(_MARK.findall(self.renderer.source)))[:_MAX_MARKS]
        pairs = ((one, other) for one in marks for other in marks if one != other)
        return next((pair for pair in pairs if not self._keeps_reasoning(*pair)), None)


_TOOL = "qtoolq"
_MARK = re.compile(r"""['"]((?:<[^<>'"\s]{1,30}>)|(?:\[/?[A-Z_]{1,30}\]))['"]""")
"""A literal of a template that looks like a token of its own."""
_MAX_MARKS = 12
_CALL = {"type": "function", "function": {"name": _TOOL, "arguments": {}}}


def in_parts(messages: Conversation) -> list[dict[str, Any]]:
    """The messages with their content as a list of one text."""
    return [
        {**m, "content": [{"type": "text", "text": m["content"]}] if isinstance(m["content"], str) else m["content"]}
        for m in messages
    ]


def _has_all(text: str, pieces: Sequence[str]) -> bool:
    """Whether all stand in the text, in this order."""
    position = 0
    for piece in pieces:
        position = text.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return True


def _common_beginning(one: str, other: str) -> str:
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _common_end(one: str, other: str) -> str:
    return _common_beginning(one[::-1], other[::-1])[::-1]
