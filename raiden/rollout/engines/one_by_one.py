"""Completions of requests that come and go, one request after another: for models that the prefix tree does not
compute."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import torch

from raiden.rollout.engines.live import LiveRequest, OnToken, SampledToken
from raiden.rollout.engines.separate import sample_rows


class _Left(Exception):
    """Nobody waits any more for what is being written."""


class OneByOne:
    """The rows of a `TransformersEngine` for models with a state of their own; see `LiveRows`. A step is a request."""

    tells_logps = penalises = False

    def __init__(self, model: Any, stop_ids: Sequence[int]) -> None:
        self.model = model
        self.stop_ids = frozenset(stop_ids)
        self._waiting: deque[LiveRequest] = deque()
        self._left: set[tuple[int, int | None]] = set()

    @property
    def num_rows(self) -> int:
        return sum(len(request.seeds) for request in self._waiting)

    def join(self, request: LiveRequest) -> None:
        self._waiting.append(request)

    def leave(self, key: int, choice: int | None = None) -> None:
        self._left.add((key, choice))

    def clear(self) -> None:
        self._waiting.clear()
        self._left.clear()

    @torch.no_grad()
    def step(self, on_token: OnToken) -> None:
        if not self._waiting:
            self._left.clear()
            return
        request = self._waiting[0]
        going_on = list(range(len(request.seeds)))
        lengths = dict.fromkeys(going_on, 0)

        def watch(tokens: list[int]) -> None:
            for choice, token in zip(list(going_on), tokens, strict=True):
                lengths[choice] += 1
                is_full = lengths[choice] >= request.sampling.max_tokens
                finish_reason = "stop" if token in self.stop_ids else "length" if is_full else None
                if finish_reason:
                    going_on.remove(choice)
                if not self._has_left(request.key, choice):
                    on_token(SampledToken(request.key, choice, token, finish_reason))  # type: ignore[arg-type]
            if all(self._has_left(request.key, choice) for choice in going_on):
                raise _Left

        try:
            if not self._has_left(request.key, None):
                sample_rows(
                    self.model,
                    [request.prompt],
                    [request.seeds],
                    request.sampling,
                    list(self.stop_ids),
                    len(request.seeds),
                    watch,
                )
        except _Left:
            pass
        self._waiting.popleft()
        waiting = {each.key for each in self._waiting}
        self._left = {left for left in self._left if left[0] in waiting}

    def _has_left(self, key: int, choice: int | None) -> bool:
        return (key, None) in self._left or (key, choice) in self._left
