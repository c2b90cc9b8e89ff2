"""A model of this machine as a chat endpoint: requests that wait at the same time are answered side by side."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch

from raiden.core.errors import ChatTemplateError, EngineError
from raiden.core.types import Completion
from raiden.data.chat_template import ChatTemplate
from raiden.data.prompts import PromptSettings
from raiden.endpoints import ChatReply, ChatRequest, ContextLengthError, Identity, RequestError
from raiden.endpoints.base import Show
from raiden.endpoints.dialects import spell_out
from raiden.endpoints.replies import make_reply
from raiden.policy import Policy, stream_weights
from raiden.policy.loading import best_device
from raiden.rollout.engines import Engine, SamplingConfig, TransformersEngine
from raiden.rollout.engines.transformers import Watch

_GATHER_SECONDS = 0.01
"""Others that are about to ask join the batch."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A request, its prompt, and who waits for the reply."""

    request: ChatRequest
    token_ids: tuple[int, ...]
    done: asyncio.Future[ChatReply]
    show: Show | None = None
    """Gets the reply as it grows; the request is then not batched with others."""


class _GivenUp(Exception):
    """Nobody waits any more for what is being generated."""


class LocalEndpoint:
    """A policy that replies, over the engine and with the chat template that it is trained with.

    Args:
        policy: loaded without a reference; it is moved to the best device of this machine.
        name: what reports call it: its path.
        engine: what generates; TransformersEngine where it is None.
        enable_thinking: handed to the chat template; None leaves it to the settings.
        files: those of the model, if they are here; `identity` changes with them, and with the type of computation.
        settings: of the run whose prompts are made; None leaves reasoning as the chat template has it.
    """

    def __init__(
        self,
        policy: Policy,
        name: str,
        engine: Engine | None = None,
        enable_thinking: bool | None = None,
        files: Path | None = None,
        settings: PromptSettings | None = None,
    ) -> None:
        self.policy = policy
        switch = {} if enable_thinking is None else {"enable_thinking": enable_thinking}
        self.chat = ChatTemplate(policy.tokenizer, settings, name, switch)
        self._dtype = policy.compute_dtype or policy.model.dtype
        # Two models of one name differ in their weights.
        weights = f"{files_digest(files) if files else ''} {self._dtype}".strip()
        self.own_identity = Identity("local", name, enable_thinking, weights)
        self.engine = engine or TransformersEngine()
        self.context = int(policy.model.config.max_position_embeddings)
        self._waiting: list[_Waiting] = []
        self._batch: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None
        self._start()

    def _start(self) -> None:
        model = self.policy.model
        model.to(best_device()).eval()
        self.engine.start(model, self.policy.tokenizer, self.context, self._dtype, model.device)
        if not self.engine.shares_weights:
            self.engine.update_weights(stream_weights(model, self.policy.compute_dtype))
        # The only place where a pass that nobody waits for can be left between two tokens.
        model.register_forward_pre_hook(self._stop_where_nobody_waits)

    async def identity(self) -> Identity:
        return self.own_identity

    async def complete(self, request: ChatRequest) -> ChatReply:
        """The reply; the same request gets the same one, whatever it is batched with (floating point apart)."""
        return await self._wait(request, None)

    async def stream(self, request: ChatRequest, show: Show) -> ChatReply:
        """The same reply; an engine that does not tell its tokens one by one shows all of it at its end."""
        if isinstance(self.engine, TransformersEngine):
            return await self._wait(request, show)
        reply = await self.complete(request)
        show(reply.text)
        return reply

    async def _wait(self, request: ChatRequest, show: Show | None) -> ChatReply:
        waiting = _Waiting(request, self.prompt(request), asyncio.get_running_loop().create_future(), show)
        self._waiting.append(waiting)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await waiting.done

    async def close(self) -> None:
        for waiting in (*self._waiting, *self._batch):
            waiting.done.cancel()
        if self._worker is not None:
            await asyncio.wait([self._worker])
        self.engine.close()
        self.chat.renderer.close()

    def prompt(self, request: ChatRequest) -> tuple[int, ...]:
        """The tokens of a request, by the model's own chat template.

        Raises:
            RequestError: the template refuses the conversation, or the context is too short for it.
        """
        asked = spell_out(request) if request.schema else request.messages
        try:
            text = self.chat.render(asked)
        except ChatTemplateError as fault:
            turns = ", ".join(message.role for message in self.chat.shape(asked))
            raise RequestError(f"the chat template refuses this conversation (turns: {turns}): {fault}") from fault
        (ids,) = self.chat.tokenize([text])
        if len(ids) + request.max_tokens > self.context:
            raise ContextLengthError(
                f"a prompt of {len(ids)} tokens and a reply of {request.max_tokens} are more than the model's context "
                f"of {self.context}"
            )
        return ids

    async def _work(self) -> None:
        """Answers what waits, batch after batch."""
        while self._waiting:
            await asyncio.sleep(_GATHER_SECONDS)
            first = self._waiting[0]
            same = [w for w in self._waiting if w is first or _may_share_a_batch(w, first)]
            self._waiting = [w for w in self._waiting if w not in same]
            self._batch = [w for w in same if not w.done.cancelled()]
            if self._batch:
                await self._answer(self._batch, _sampling(first.request))
            self._batch = []
        self._worker = None

    async def _answer(self, batch: Sequence[_Waiting], sampling: SamplingConfig) -> None:
        watch = self._teller(batch[0]) if batch[0].show else None
        try:
            completions = await asyncio.to_thread(self._generate, batch, sampling, watch)
        except _GivenUp:
            return
        except torch.OutOfMemoryError as fault:
            told = f"out of memory with {len(batch)} replies side by side; lower `concurrency` or `max_tokens`"
            _fail(batch, EngineError(f"{told} ({fault})"))
            return
        except Exception as fault:  # whatever it is, those who wait have to hear of it
            _fail(batch, fault)
            return
        for waiting, completion in zip(batch, completions, strict=True):
            if not waiting.done.done():
                self._settle(waiting, completion)

    def _teller(self, waiting: _Waiting) -> Watch:
        """Makes text of the tokens of one completion, in the engine's thread, and has it shown in this one."""
        loop = asyncio.get_running_loop()
        ids: list[int] = []
        told = ""

        def show(piece: str) -> None:
            if waiting.show and not waiting.done.done():
                waiting.show(piece)

        def watch(tokens: list[int]) -> None:
            nonlocal told
            ids.extend(tokens)
            text = self.chat.read(ids, is_whole=False)
            # A character may take several tokens, and until the last of them it is none.
            if text != told and text.startswith(told) and not text.endswith("\ufffd"):
                loop.call_soon_threadsafe(show, text[len(told) :])
                told = text

        return watch

    def _generate(self, batch: Sequence[_Waiting], sampling: SamplingConfig, watch: Watch | None) -> list[Completion]:
        """A completion for each; those with the same prompt are draws of one group."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, waiting in enumerate(batch):
            groups.setdefault(waiting.token_ids, []).append(index)
        seeds = [[batch[index].request.seed for index in members] for members in groups.values()]
        # Only an engine that can be watched is asked to stream.
        watching = {} if watch is None else {"watch": watch}
        drawn = self.engine.generate(list(groups), seeds, sampling, **watching)
        by_index: Mapping[int, Completion] = {
            index: completion
            for members, completions in zip(groups.values(), drawn, strict=True)
            for index, completion in zip(members, completions, strict=True)
        }
        return [by_index[index] for index in range(len(batch))]

    def _settle(self, waiting: _Waiting, completion: Completion) -> None:
        try:
            reply = make_reply(
                waiting.request,
                self.chat.read(completion.token_ids, completion.text),
                truncated=completion.finish_reason == "length",
                prompt_tokens=len(waiting.token_ids),
                completion_tokens=len(completion.token_ids),
            )
        except RequestError as fault:
            waiting.done.set_exception(fault)
        else:
            waiting.done.set_result(reply)

    def _stop_where_nobody_waits(self, module: Any, arguments: Any) -> None:
        if self._batch and all(waiting.done.cancelled() for waiting in self._batch):
            raise _GivenUp


def _may_share_a_batch(one: _Waiting, other: _Waiting) -> bool:
    return one.show is None and other.show is None and _sampling(one.request) == _sampling(other.request)


def _sampling(request: ChatRequest) -> SamplingConfig:
    return SamplingConfig(temperature=request.temperature, max_tokens=request.max_tokens)


def _fail(batch: Sequence[_Waiting], fault: Exception) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(fault)


def files_digest(path: Path) -> str:
    """A digest of the names, sizes and times of change of a file, or of the files right in a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return blake2b(repr(stats).encode(), digest_size=6).hexdigest()
