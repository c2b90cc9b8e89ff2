"""The one way from messages to a model's tokens, and from its tokens back to what it said."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from raiden.core.errors import ChatTemplateError, ConfigError
from raiden.core.reasoning import CLOSING, OPENING
from raiden.core.types import Message, Prompt, Sample
from raiden.data.chat_template.decoding import decode
from raiden.data.chat_template.rendering import ChatRenderer
from raiden.data.chat_template.shaping import shaped
from raiden.data.chat_template.traits import SWITCHES, TemplateTraits, in_parts, traits_of
from raiden.data.prompts import PromptSettings, ResponseFormat, as_dicts, build_messages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_CHUNK = 1024
"""Conversations whose text is made tokens at a time, on all cores."""
_TELL_SECONDS = 10.0
_THOUGHT_OUT = re.compile(rf"\s*{OPENING}\s*(.*?)\s*{CLOSING}\s*(.*)", re.DOTALL)


class ChatTemplate:
    """A tokenizer's chat template with the settings of a run.

    Args:
        settings: None leaves reasoning as the template has it.
        name: of the model, for messages.
        kwargs: handed to the template, beside those of the settings.

    Raises:
        ConfigError: the template makes no prompts, or not those that the response format needs.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        settings: PromptSettings | None = None,
        name: str | None = None,
        kwargs: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.tokenizer = tokenizer
        self.name = name or tokenizer.name_or_path
        self.settings = settings or PromptSettings()
        given = {**(settings.chat_template_kwargs if settings else {}), **kwargs}
        self.renderer = self._renderer(settings.date if settings else None)
        own = self._learn(given)
        self.switch = self._switch(own, settings.response_format, given) if settings else {}
        """The option that the response format needs beside those given."""
        self.kwargs = {**given, **self.switch}
        self.traits = self._learn(self.kwargs) if self.switch else own

    def _renderer(self, date: str | None) -> ChatRenderer:
        try:
            return ChatRenderer(self.tokenizer, date)
        except ChatTemplateError as fault:
            raise self._useless(fault) from fault

    def _learn(self, kwargs: Mapping[str, Any]) -> TemplateTraits:
        try:
            return traits_of(self.renderer, kwargs)
        except ChatTemplateError as fault:
            raise self._useless(fault) from fault

    def _useless(self, fault: ChatTemplateError) -> ConfigError:
        return ConfigError(
            f"`model.policy.path`: the chat template of {self.name} makes no prompt of a conversation ({fault}); "
            "take another model, or give a template of your own by `model.policy.chat_template`."
        )

    def _switch(
        self, own: TemplateTraits, response_format: ResponseFormat, given: Mapping[str, Any]
    ) -> dict[str, bool]:
        """What turns reasoning off for `plain`, or on for `think` where the template would rule it out."""
        states = {tuple(switch.split("=")): state for switch, state in own.switches.items()}
        if response_format == "plain":
            for name in SWITCHES:
                state = states.get((name, "false"))
                if state == "closed" or (own.opened and state == "none"):
                    return {name: False}
            if own.opened:
                raise self._always_reasons(own, given)
        if response_format == "think" and own.closes:
            return next(({name: True} for name in SWITCHES if states.get((name, "true")) in ("opened", "none")), {})
        return {}

    def _always_reasons(self, own: TemplateTraits, given: Mapping[str, Any]) -> ConfigError:
        switched = [name for name in SWITCHES if name in given]
        remedy = f"drop {switched[0]} from `data.chat_template_kwargs`, or " if switched else ""
        return ConfigError(
            f"`model.rewards.response_format` is plain, but the chat template of {self.name} begins the reply with "
            f"{own.opened.strip()}, and no option of it turns that off; {remedy}set the response format to think, or "
            "give a template without it by `model.policy.chat_template`."
        )

    @property
    def summary(self) -> str:
        """What the template does and what was chosen for it, in a line."""
        chosen = "".join(f"; {name}={str(value).lower()} was chosen for it" for name, value in self.switch.items())
        return f"{self.traits.describe()}{chosen}"

    def describe(self) -> str:
        """The summary, and whose template it is."""
        return f"chat template of {self.name}: {self.summary}"

    # Messages -> tokens

    def shape(self, messages: Sequence[Message]) -> list[Message]:
        """The messages in an order and in roles that the template takes."""
        return shaped(messages, self.traits.takes_system, self.traits.alternates, self.settings.opening_turn)

    def conversation(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """The messages as the template reads them."""
        plain = as_dicts(self.shape(messages))
        return in_parts(plain) if self.traits.takes_parts else plain

    def render(self, messages: Sequence[Message]) -> str:
        """The text of a prompt.

        Raises:
            ChatTemplateError: the template refuses the messages, or goes out of bounds.
        """
        return self.renderer.render(self.conversation(messages), **self.kwargs)

    def tokenize(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """The tokens of prompts; the template has written special tokens already, where it wants them."""
        return [tuple(ids) for ids in self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def encode(
        self, prompts: Sequence[Sequence[Message]], tell: Callable[[str], None] = lambda text: None
    ) -> list[tuple[int, ...]]:
        """The tokens of each prompt.

        Args:
            tell: hears how far it is when it takes long.

        Raises:
            ChatTemplateError: the template cannot make one; the error says which, by its index.
        """
        ids: list[tuple[int, ...]] = []
        told = time.monotonic()
        with self.renderer:
            while len(ids) < len(prompts):
                texts = []
                for index, messages in enumerate(prompts[len(ids) : len(ids) + _CHUNK], len(ids)):
                    try:
                        texts.append(self.render(messages))
                    except ChatTemplateError as error:
                        raise ChatTemplateError(str(error), index) from error
                ids += self.tokenize(texts)
                if time.monotonic() - told > _TELL_SECONDS:
                    told = time.monotonic()
                    tell(f"made prompts of {len(ids):,} of {len(prompts):,} samples")
        return ids

    # Tokens -> what was said

    def read(self, token_ids: Sequence[int], text: str | None = None, is_whole: bool = True) -> str:
        """What the model said in a completion: a block that the prompt opened belongs to it, channels are blocks.

        Args:
            text: of the tokens, as `decode` gives it, where it is known.
            is_whole: false while it is being written: what may yet become a mark of a channel is left out.
        """
        frame = self.traits.frame
        ids = list(token_ids)
        if not frame.has_channels:
            text = decode(self.tokenizer, ids) if text is None else text
            return self.traits.opened + text
        while ids and ids[-1] in self.ends:
            ids.pop()
        text = self.traits.opened + str(self.tokenizer.decode(ids))
        begins, between, replies = (
            mark.strip() for mark in (frame.before_reasoning, frame.after_reasoning, frame.before_reply)
        )
        said = text.lstrip()
        if begins and said.startswith(begins):
            thought, found, reply = said.removeprefix(begins).partition(between)
            return f"{OPENING}{thought}{CLOSING}{reply}" if found else OPENING + _settled(thought, between, is_whole)
        if replies and said.startswith(replies):
            return said.removeprefix(replies)
        if not is_whole and any(mark.startswith(said) for mark in (begins, replies) if mark):
            return ""
        return text

    def write(self, text: str) -> str:
        """What a model has to write behind its prompt to say a text; `read` gives the text again."""
        frame, opened = self.traits.frame, self.traits.opened
        if frame.has_channels:
            parts = _THOUGHT_OUT.fullmatch(text)
            text = (
                f"{frame.before_reasoning}{parts[1]}{frame.after_reasoning}{parts[2]}"
                if parts
                else frame.before_reply + text
            )
        if text.startswith(opened):
            return text.removeprefix(opened)
        return text.removeprefix(OPENING).lstrip("\n") if text.startswith(OPENING) and opened else text

    @property
    def ends(self) -> set[int]:
        """Tokens that say nothing where they stand last: the end of a turn, and the tokenizer's special ones."""
        return {*self.tokenizer.all_special_ids, *end_of_turn_ids(self.tokenizer, self.traits)}


def make_prompts(
    tokenizer: PreTrainedTokenizerBase, samples: Sequence[Sample], settings: PromptSettings = PromptSettings()
) -> list[Prompt]:
    """Each sample as the model reads it.

    Raises:
        ConfigError: the tokenizer's chat template makes no prompts, or not those that the response format needs.
        ChatTemplateError: the template cannot make one; the error says which, by its index.
    """
    token_ids = ChatTemplate(tokenizer, settings).encode([build_messages(sample, settings) for sample in samples])
    return [Prompt(sample, ids) for sample, ids in zip(samples, token_ids, strict=True)]


def _settled(text: str, mark: str, is_whole: bool) -> str:
    """The text without an end that may become the mark."""
    if is_whole:
        return text
    begun = (length for length in range(min(len(mark), len(text)), 0, -1) if text.endswith(mark[:length]))
    return text[: len(text) - next(begun, 0)]


def end_of_turn_ids(tokenizer: PreTrainedTokenizerBase, traits: TemplateTraits | None = None) -> list[int]:
    """The token that ends a reply in the chat template: the first one behind it that no text is split into.

    None where the template ends a reply with ordinary text, or makes no conversation at all.
    """
    try:
        with ChatRenderer(tokenizer) as renderer:
            after_reply = (traits or traits_of(renderer)).frame.after_reply
    except ChatTemplateError:
        return []
    own = {*tokenizer.get_added_vocab().values(), *tokenizer.all_special_ids}
    ids = tokenizer(after_reply, add_special_tokens=False)["input_ids"]
    return next(([token] for token in ids if token in own), [])
