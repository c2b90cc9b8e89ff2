"""Continuous batching: completions of requests that come and go, in one batch of the policy's own modules.

Each request has its own keys and values, and attends by itself; the products of all layers are of all rows at once. A
new prompt is prefilled in chunks between the tokens of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from raiden.core.types import FinishReason
from raiden.packing import Attention, Layout, Scoring, pack
from raiden.packing.cached_prefix import CachedPrefix, Continued, PrefixCache
from raiden.rollout.engines.base import SamplingConfig
from raiden.rollout.engines.decoding import Decode, Prefill
from raiden.rollout.engines.live import LiveRequest, OnToken, SampledToken
from raiden.rollout.engines.noise import seed_words
from raiden.rollout.engines.penalties import penalised
from raiden.rollout.engines.sampling import likeliest, sample_tokens, sample_with_margins

_CHUNK = 256
"""Tokens of a new prompt that the others wait for between two of theirs."""
_MAX_PREFIX_BYTES = 2**29
_CLOSE = 1e-3
"""Difference of the two best tokens, in units of logits, below which the choice is made anew by the completion alone.

What else is in the batch moves a float32 logit by some 1e-5 (SmolLM2-135M): below that two candidates would change
places now and then, and a seed would not give its text. One token in a thousand is that close."""


class ContinuousBatch:
    """The rows of a `TransformersEngine`; see `LiveRows`.

    In float32 a completion follows from its prompt and its seed alone, whatever is computed beside it.
    """

    tells_logps = penalises = True

    def __init__(
        self,
        model: PreTrainedModel,
        stop_ids: Sequence[int],
        quickly: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        """
        Args:
            quickly: within it the model's pass of one token a row may be computed in another way.
        """
        self.model = model
        self._quickly = quickly
        self.stop_ids = frozenset(stop_ids)
        self.close = _CLOSE if model.dtype in (torch.float32, torch.float64) else 0.0
        self.prefixes = PrefixCache(_MAX_PREFIX_BYTES)
        self._prefilling: list[_Prefilling] = []
        self._decoding: list[_Decoding] = []
        self._left: set[tuple[int, int | None]] = set()

    @property
    def num_rows(self) -> int:
        return sum(len(each.request.seeds) for each in self._prefilling) + sum(len(s.choices) for s in self._decoding)

    def join(self, request: LiveRequest) -> None:
        self._prefilling.append(_Prefilling(request))

    def leave(self, key: int, choice: int | None = None) -> None:
        self._left.add((key, choice))

    def clear(self) -> None:
        self._prefilling, self._decoding, self._left = [], [], set()
        self.prefixes.clear()

    @torch.no_grad()
    def step(self, on_token: OnToken) -> None:
        self._drop_left()
        if self._prefilling:
            self._prefill_on(self._prefilling[0])
        for token in self._sampled():
            on_token(token)
        self._drop_left()
        self._go_on()

    def _drop_left(self) -> None:
        """Lets go of what was left; what is told meanwhile is for the next time."""
        while self._left:
            key, choice = self._left.pop()
            if choice is None:
                self._prefilling = [each for each in self._prefilling if each.request.key != key]
            for each in self._decoding:
                if each.request.key == key:
                    each.keep([own for own in each.choices if choice is not None and own != choice])
        self._decoding = [each for each in self._decoding if each.choices]

    def _prefill_on(self, prefilling: _Prefilling) -> None:
        """Reads the next piece of a prompt; behind its last one the completions begin."""
        request = prefilling.request
        # Looked up when its turn comes: of requests that came together, the first may have read what others need.
        known = self.prefixes.longest(request.prompt) if prefilling.known is None else prefilling.known
        start = len(known.tokens) if known is not None else 0
        read = request.prompt[: start + _CHUNK]
        logits, prefill, layout = self._read(read, known)
        prefilling.known = CachedPrefix(read, [k[None] for k in prefill.keys], [v[None] for v in prefill.values])
        if len(read) == len(request.prompt):
            self.prefixes.keep(prefilling.known)
            self._prefilling.remove(prefilling)
            self._decoding.append(_Decoding(request, prefill, layout, logits))

    def _read(self, tokens: Sequence[int], known: CachedPrefix | None = None) -> tuple[Tensor, Prefill, Layout]:
        """The logits behind the last token, and the keys and values of all."""
        layout = pack([tokens])
        prefill = Prefill(layout, self.model.device)
        start = len(known.tokens) if known is not None else 0
        tree = prefill if known is None else Continued(prefill, known)
        last = torch.tensor([len(tokens) - start - 1], device=self.model.device)
        logits = self._logits(tokens[start:], range(start, len(tokens)), tree, last)
        return logits, prefill, layout

    def _logits(
        self, ids: Sequence[int], positions: Sequence[int], tree: Attention, to_keep: Tensor | int = 0
    ) -> Tensor:
        device = self.model.device
        logits: Tensor = self.model(
            input_ids=torch.tensor([list(ids)], device=device),
            position_ids=torch.tensor([list(positions)], device=device),
            logits_to_keep=to_keep,
            use_cache=False,
            tree=tree,
        ).logits[0]
        return logits

    def _sampled(self) -> list[SampledToken]:
        """The next token of each row."""
        sampled: list[SampledToken] = []
        by_sampling: dict[SamplingConfig, list[_Decoding]] = {}
        for each in self._decoding:
            # How long it may become is no matter of the draw.
            by_sampling.setdefault(replace(each.request.sampling, max_tokens=1), []).append(each)
        for sampling, several in by_sampling.items():
            logits = torch.cat([each.scores() for each in several])
            words = torch.cat([each.words for each in several])
            rows = [(each, place) for each in several for place in range(len(each.choices))]
            positions = [len(each.tokens[place]) for each, place in rows]
            tokens, margins = sample_with_margins(logits, words, positions, sampling)
            for (each, place), token, margin in zip(rows, tokens.tolist(), margins.tolist(), strict=True):
                if margin < self.close:
                    token = self._decide(each, place, sampling)
                sampled.append(each.take(place, token, token in self.stop_ids))
        for each in self._decoding:
            each.keep([choice for choice in each.choices if choice not in each.at_end])
        return sampled

    def _decide(self, each: _Decoding, place: int, sampling: SamplingConfig) -> int:
        """A token that is nearly a tie, from the completion read alone and as a whole."""
        said = each.tokens[place]
        read, _, _ = self._read([*each.request.prompt, *said])
        logits = each.scored(read[0], said)[None]
        tokens, _ = sample_tokens(logits, each.words[place : place + 1], [len(said)], sampling)
        return int(tokens)

    def _go_on(self) -> None:
        """Computes the logits behind each row's last token."""
        rows = [(each, tokens) for each in self._decoding for tokens in each.tokens]
        if not rows:
            return
        for each in self._decoding:
            each.decode.next(each.parents)
            each.parents = list(range(len(each.choices)))
        positions = [len(each.request.prompt) + len(tokens) - 1 for each, tokens in rows]
        with self._quickly():
            logits = self._logits([tokens[-1] for _, tokens in rows], positions, _Apart(self._decoding))
        sizes = [len(each.choices) for each in self._decoding]
        for each, own in zip(self._decoding, logits.split(sizes), strict=True):
            each.logits = own


class _Prefilling:
    """A request whose prompt is being read."""

    def __init__(self, request: LiveRequest) -> None:
        self.request = request
        self.known: CachedPrefix | None = None


class _Decoding:
    """A request whose completions are being written, all of one length."""

    def __init__(self, request: LiveRequest, prefill: Prefill, layout: Layout, logits: Tensor) -> None:
        num = len(request.seeds)
        self.request = request
        self.choices = list(range(num))
        """Those that go on; what follows is in their order."""
        self.tokens: list[list[int]] = [[] for _ in self.choices]
        self.words = seed_words(request.seeds, logits.device)
        self.logits = logits.expand(num, -1)
        self.decode = Decode(prefill, layout, [0] * num, request.sampling.max_tokens)
        self.parents = list(range(num))
        """Of each its row in the last pass."""
        self.at_end: set[int] = set()

    def scores(self) -> Tensor:
        """Logits of each completion's next token, as they are drawn from."""
        rows = zip(self.logits, self.tokens, strict=True)
        return self.logits if self.request.penalties is None else torch.stack([self.scored(*row) for row in rows])

    def scored(self, logits: Tensor, said: Sequence[int]) -> Tensor:
        """The same of one completion."""
        penalties = self.request.penalties
        return logits if penalties is None else penalised(logits, self.request.prompt, said, penalties)

    def take(self, place: int, token: int, is_stop: bool) -> SampledToken:
        """Adds a token that was drawn."""
        request, choice = self.request, self.choices[place]
        self.tokens[place].append(token)
        is_full = len(self.tokens[place]) >= request.sampling.max_tokens
        finish_reason: FinishReason | None = "stop" if is_stop else "length" if is_full else None
        if finish_reason is not None:
            self.at_end.add(choice)
        if request.num_top is None:
            return SampledToken(request.key, choice, token, finish_reason)
        logp, top = likeliest(self.logits[place], token, request.num_top)
        return SampledToken(request.key, choice, token, finish_reason, logp, top)

    def keep(self, choices: list[int]) -> None:
        """Goes on with these alone."""
        if choices == self.choices:
            return
        places = [self.choices.index(choice) for choice in choices]
        self.choices = choices
        self.tokens = [self.tokens[place] for place in places]
        self.parents = [self.parents[place] for place in places]
        if places:
            index = torch.tensor(places, device=self.words.device)
            self.words, self.logits = self.words[index], self.logits[index]


class _Apart:
    """Attention of rows of several requests in one pass: each request's rows by themselves."""

    def __init__(self, several: Sequence[_Decoding]) -> None:
        self.several = [(each.decode, len(each.choices)) for each in several]

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, scoring: Scoring | None = None
    ) -> Tensor:
        sizes = [num for _, num in self.several]
        states = zip(*(x.split(sizes, dim=2) for x in (query, key, value)), strict=True)
        parts = [
            decode(layer, q, k, v, scale, scoring) for (decode, _), (q, k, v) in zip(self.several, states, strict=True)
        ]
        return torch.cat(parts, dim=2)
