"""Completions of requests that come and go, scheduled by vLLM."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from raiden.core.types import FinishReason
from raiden.rollout.engines.live import LiveRequest, OnToken, SampledToken


class VLLMRows:
    """The rows of a `VLLMEngine`; see `LiveRows`. Each completion is a request of vLLM's.

    Args:
        engine: vLLM's, in this process.
        params: makes its sampling parameters.
    """

    tells_logps = False
    """Those of the engine are of the distribution that is drawn from, after temperature and the like."""
    penalises = True

    def __init__(self, engine: Any, params: Callable[..., Any]) -> None:
        self.engine = engine
        self._params = params
        self._live: dict[str, tuple[int, int]] = {}
        self._left: set[tuple[int, int | None]] = set()

    @property
    def num_rows(self) -> int:
        return len(self._live)

    def join(self, request: LiveRequest) -> None:
        from vllm import TokensPrompt
        from vllm.sampling_params import RequestOutputKind

        asked = {} if request.penalties is None else asdict(request.penalties)
        penalties = {f"{name}_penalty": value for name, value in asked.items()}
        for choice, seed in enumerate(request.seeds):
            name = f"{request.key}-{choice}"
            params = self._params(request.sampling, seed, output_kind=RequestOutputKind.DELTA, **penalties)
            self.engine.add_request(name, TokensPrompt(prompt_token_ids=list(request.prompt)), params)
            self._live[name] = request.key, choice

    def leave(self, key: int, choice: int | None = None) -> None:
        self._left.add((key, choice))

    def clear(self) -> None:
        self.engine.abort_request(list(self._live))
        self._live.clear()
        self._left.clear()

    def step(self, on_token: OnToken) -> None:
        self._drop_left()
        if not self._live:
            return
        for output in self.engine.step():
            (new,) = output.outputs
            key, choice = self._live[output.request_id]
            for number, token in enumerate(new.token_ids, 1):
                is_last = number == len(new.token_ids)
                on_token(SampledToken(key, choice, token, _finish_reason(new) if is_last else None))
            if output.finished:
                del self._live[output.request_id]

    def _drop_left(self) -> None:
        while self._left:
            left = self._left.pop()
            names = [name for name, row in self._live.items() if left in (row, (row[0], None))]
            self.engine.abort_request(names)
            for name in names:
                del self._live[name]


def _finish_reason(output: Any) -> FinishReason | None:
    reasons: dict[str | None, FinishReason] = {"stop": "stop", "length": "length"}
    return reasons.get(output.finish_reason)
