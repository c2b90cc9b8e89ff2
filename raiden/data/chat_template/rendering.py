"""A tokenizer's chat template, applied to conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from raiden.core.errors import ChatTemplateError
from raiden.core.limits import MAX_TEMPLATE_SECONDS
from raiden.data.sandbox import Sandbox

if TYPE_CHECKING:  # what is rendered without a tokenizer starts without transformers
    from transformers import PreTrainedTokenizerBase

Conversation = Sequence[Mapping[str, Any]]
"""Messages with a `role` and a `content`."""


class ChatRenderer(Sandbox):
    """A tokenizer's chat template; as `tokenizer.apply_chat_template(conversation, tokenize=False, ...)`.

    Raises:
        ChatTemplateError: there are several by name, and none of them is the default.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        date: str | None = None,
        max_seconds: float = MAX_TEMPLATE_SECONDS,
    ) -> None:
        try:
            source = tokenizer.get_chat_template()
        except ValueError as error:
            raise ChatTemplateError(str(error)) from error
        super().__init__(source, date, max_seconds)
        # One that a template writes and the tokenizer has not is nothing.
        absent = {name: "" for name in ("bos_token", "eos_token") if name in source}
        self.special_tokens = {**absent, **tokenizer.special_tokens_map}

    def render(
        self,
        conversation: Conversation,
        add_generation_prompt: bool = True,
        date: str | None = None,
        **options: Any,
    ) -> str:
        """The text of a conversation.

        Args:
            date: another day for this text.
            options: what the template knows besides, such as `enable_thinking`.

        Raises:
            ChatTemplateError: the template refuses the conversation, is broken, or goes out of bounds.
        """
        variables = {
            **self.special_tokens,
            "messages": [dict(message) for message in conversation],
            "tools": None,
            "documents": None,
            "add_generation_prompt": add_generation_prompt,
            **options,
        }
        return self.render_variables(variables, date)
