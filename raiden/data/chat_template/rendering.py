"""A model's chat template and tokenizer, applied to conversations: the one place where prompts are made."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from transformers import PreTrainedTokenizerBase

from raiden.core.errors import ChatTemplateError
from raiden.core.limits import MAX_PROMPT_CHARACTERS, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_SECONDS
from raiden.core.types import Prompt, Sample
from raiden.data.prompts import ResponseFormat, as_dicts, build_messages

Conversation = Sequence[Mapping[str, str]]
"""Messages with a `role` and a `content`."""
_CHUNK = 1024
"""Conversations whose text is made tokens at a time, on all cores."""
_TELL_SECONDS = 10.0
_WORKER = Path(__file__).with_name("worker.py")


class ChatRenderer:
    """A tokenizer's chat template, in a process of its own that starts with the first conversation.

    As `tokenizer.apply_chat_template(conversation, tokenize=False, ...)`, within the bounds of `raiden.core.limits`.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, max_seconds: float = MAX_TEMPLATE_SECONDS) -> None:
        self.tokenizer = tokenizer
        self.max_seconds = max_seconds
        self._worker: subprocess.Popen[str] | None = None

    def __enter__(self) -> ChatRenderer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self.close()

    def render(self, conversation: Conversation, add_generation_prompt: bool = True, **options: Any) -> str:
        """The text of a conversation.

        Args:
            options: what the template knows besides, such as `enable_thinking`.

        Raises:
            ChatTemplateError: the template refuses the conversation, is broken, or goes out of bounds.
        """
        variables = {
            **self.tokenizer.special_tokens_map,
            "messages": [dict(message) for message in conversation],
            "tools": None,
            "documents": None,
            "add_generation_prompt": add_generation_prompt,
            **options,
        }
        reply = self._ask(variables)
        if "fault" in reply:
            raise ChatTemplateError(reply["fault"])
        return str(reply["text"])

    def _ask(self, variables: Mapping[str, Any]) -> dict[str, str]:
        if self._worker is None:
            self._worker = self._start()
        worker = self._worker
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(json.dumps(variables) + "\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.close()
            return {"fault": f"it takes more than {self.max_seconds:g} s of processor time, or too much memory"}
        return dict(json.loads(line))

    def _start(self) -> subprocess.Popen[str]:
        try:
            template = self.tokenizer.get_chat_template()
        except ValueError as error:  # several by name, and none of them the default
            raise ChatTemplateError(str(error)) from error
        worker = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER)],  # a script: to import raiden's rooms would take seconds
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        limits = {
            "template": template,
            "max_seconds": self.max_seconds,
            "max_bytes": MAX_TEMPLATE_BYTES,
            "max_characters": MAX_PROMPT_CHARACTERS,
        }
        assert worker.stdin is not None
        worker.stdin.write(json.dumps(limits) + "\n")
        return worker

    def close(self) -> None:
        """Ends the process; another conversation would start a new one."""
        if self._worker is None:
            return
        worker, self._worker = self._worker, None
        worker.kill()
        worker.communicate()


def encode_conversations(
    tokenizer: PreTrainedTokenizerBase,
    conversations: Sequence[Conversation],
    add_generation_prompt: bool = True,
    tell: Callable[[str], None] = lambda text: None,
) -> list[tuple[int, ...]]:
    """The tokens of each conversation, those of `tokenizer.apply_chat_template`.

    Args:
        tell: hears how far it is when it takes long.

    Raises:
        ChatTemplateError: the template cannot make one; the error says which, by its index.
    """
    ids: list[tuple[int, ...]] = []
    told = time.monotonic()
    with ChatRenderer(tokenizer) as renderer:
        while len(ids) < len(conversations):
            texts = []
            for index, conversation in enumerate(conversations[len(ids) : len(ids) + _CHUNK], len(ids)):
                try:
                    texts.append(renderer.render(conversation, add_generation_prompt))
                except ChatTemplateError as error:
                    raise ChatTemplateError(str(error), index) from error
            # The template has written special tokens already, where it wants them.
            ids += map(tuple, tokenizer(texts, add_special_tokens=False)["input_ids"])
            if time.monotonic() - told > _TELL_SECONDS:
                told = time.monotonic()
                tell(f"made prompts of {len(ids):,} of {len(conversations):,} samples")
    return ids


def make_prompts(
    tokenizer: PreTrainedTokenizerBase, samples: Sequence[Sample], response_format: ResponseFormat = "plain"
) -> list[Prompt]:
    """Each sample as the model reads it.

    Args:
        response_format: what the prompt asks for.

    Raises:
        ChatTemplateError: the template cannot make one; the error says which, by its index.
    """
    conversations = [as_dicts(build_messages(sample, response_format)) for sample in samples]
    token_ids = encode_conversations(tokenizer, conversations)
    return [Prompt(sample, ids) for sample, ids in zip(samples, token_ids, strict=True)]
