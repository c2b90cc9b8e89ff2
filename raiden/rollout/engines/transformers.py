"""Generates with the policy's own modules: no second copy of the weights, nothing to keep in step."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from raiden.core.errors import require_at_least
from raiden.core.private import num_changes
from raiden.core.types import Completion
from raiden.data.chat_template import decode as to_text
from raiden.packing import Layout, pack, shares_prefixes
from raiden.rollout.engines.base import Engine, SamplingConfig, stop_token_ids
from raiden.rollout.engines.continuous_batch import ContinuousBatch
from raiden.rollout.engines.decoding import Decode, Prefill
from raiden.rollout.engines.direct import Direct, computes_directly
from raiden.rollout.engines.histories import Histories
from raiden.rollout.engines.live import LiveRows
from raiden.rollout.engines.noise import seed_words
from raiden.rollout.engines.one_by_one import OneByOne
from raiden.rollout.engines.sampling import sample_tokens
from raiden.rollout.engines.separate import Watch, sample_rows

_WORTH_PACKING = 8
"""Tokens of the longest completion from which on it pays to pack the weights."""


class TransformersEngine(Engine):
    """Samples with transformers: what completions share is computed once, finished ones leave the batch.

    A model that the prefix tree does not compute generates in separate rows, by its own cache or state.
    """

    shares_weights = True

    def __init__(self, max_rows: int = 64) -> None:
        """
        Args:
            max_rows: completions decoded side by side; bounds the memory for keys and values.
        """
        require_at_least("model.engine.max_rows", max_rows, 1)
        self.max_rows = max_rows
        self._packed: tuple[list[tuple[int, int]], Direct] | None = None
        self.watch: Watch | None = None
        """Gets the tokens of each step where `generate` is given nothing else for that; for who shows progress."""

    def start(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.stop_ids = stop_token_ids(model, tokenizer)

    def update_weights(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """The engine reads the policy's own parameters; what it has made of them is made anew."""
        self._packed = None

    def sleep(self) -> None:
        """Gives back the packed weights."""
        self._packed = None

    def close(self) -> None:
        """As `sleep`."""
        self._packed = None

    @torch.no_grad()
    def generate(
        self,
        prompts: Sequence[Sequence[int]],
        seeds: Sequence[Sequence[int]],
        sampling: SamplingConfig,
        watch: Watch | None = None,
    ) -> list[list[Completion]]:
        """As every engine does.

        Args:
            watch: gets the tokens of each step as they are drawn.
        """
        watch = watch or self.watch
        was_training = self.model.training
        self.model.eval()
        try:
            if not shares_prefixes(self.model):
                drawn = sample_rows(self.model, prompts, seeds, sampling, self.stop_ids, self.max_rows, watch)
                return [[self._completion(*one) for one in group] for group in drawn]
            out: list[list[Completion]] = []
            for wave in self._waves([len(s) for s in seeds]):
                out += self._generate_wave(prompts[wave], seeds[wave], sampling, watch)
            return out
        finally:
            self.model.train(was_training)

    def live(self) -> LiveRows:
        """Side by side where the prefix tree computes the model, else one after another."""
        if shares_prefixes(self.model):
            return ContinuousBatch(self.model, self.stop_ids, self._quickly)
        return OneByOne(self.model, self.stop_ids)

    def _waves(self, rows: list[int]) -> Iterator[slice]:
        """Cuts the prompts into runs of at most `max_rows` completions, one prompt at least."""
        ends = list(accumulate(rows))
        start = 0
        while start < len(rows):
            limit = (ends[start - 1] if start else 0) + self.max_rows
            stop = max(start + 1, sum(end <= limit for end in ends))
            yield slice(start, stop)
            start = stop

    def _generate_wave(
        self,
        prompts: Sequence[Sequence[int]],
        seeds: Sequence[Sequence[int]],
        sampling: SamplingConfig,
        watch: Watch | None,
    ) -> list[list[Completion]]:
        layout = pack(prompts)
        leaves = [s for s in layout.segments if s.sequence is not None and seeds[s.sequence]]
        if not leaves:
            return [[] for _ in prompts]
        rows = [s.sequence for s in leaves if s.sequence is not None]
        logits, prefill = self._prefill(layout, torch.tensor([s.end - 1 for s in leaves]))
        decode = Decode(prefill, layout, rows, sampling.max_tokens)
        histories = Histories([len(seeds[p]) for p in rows])
        flat_seeds = [seed for p in rows for seed in seeds[p]]
        tokens, logps = self._decode(logits, decode, histories, flat_seeds, sampling, watch)

        drawn = iter(zip(tokens, logps, strict=True))
        completions = {p: [self._completion(*next(drawn)) for _ in seeds[p]] for p in rows}
        return [completions.get(p, []) for p in range(len(prompts))]

    def _prefill(self, layout: Layout, last: Tensor) -> tuple[Tensor, Prefill]:
        """The logits behind each prompt, and the keys and values of all its tokens."""
        device = self.model.device
        prefill = Prefill(layout, device)
        logits = self.model(
            input_ids=torch.tensor([layout.token_ids], device=device),
            position_ids=torch.tensor([layout.position_ids], device=device),
            logits_to_keep=last.to(device),
            use_cache=False,
            tree=prefill,
        ).logits[0]
        return logits, prefill

    def _decode(
        self,
        logits: Tensor,
        decode: Decode,
        histories: Histories,
        seeds: list[int],
        sampling: SamplingConfig,
        watch: Watch | None,
    ) -> tuple[list[list[int]], list[list[float]]]:
        """Tokens and log-probabilities of each completion, to its end-of-sequence token or the limit."""
        words = seed_words(seeds, logits.device)
        direct = self._direct() if sampling.max_tokens >= _WORTH_PACKING else None
        tokens: list[list[int]] = [[] for _ in seeds]
        drawn: list[tuple[list[int], Tensor]] = []  # log-probabilities stay on the device until the end
        for step in range(sampling.max_tokens):
            live, rows = histories.live, torch.tensor(histories.rows, device=logits.device)
            ids, logps = sample_tokens(logits, words[live], step, sampling, rows)
            drawn.append((live, logps))
            new = ids.tolist()  # all that is read back of a step
            for completion, token in zip(live, new, strict=True):
                tokens[completion].append(token)
            if watch is not None:
                watch(new)
            parents, last = histories.draw(new, self.stop_ids)
            if not parents or step + 1 == sampling.max_tokens:
                break
            decode.next(parents)
            ids, positions = torch.tensor([last], device=logits.device), (decode.lengths + step)[None]
            with direct.in_place_of_forward() if direct else nullcontext():
                logits = self.model(input_ids=ids, position_ids=positions, use_cache=False, tree=decode).logits[0]
        return tokens, _by_completion(drawn, len(seeds))

    def _quickly(self) -> AbstractContextManager[Any]:
        direct = self._direct()
        return direct.in_place_of_forward() if direct else nullcontext()

    def _direct(self) -> Direct | None:
        """The packed weights, made anew where they have changed; None: the model's own pass is taken."""
        if not computes_directly(self.model):
            return None
        state = [(p.data_ptr(), num_changes(p)) for p in self.model.parameters()]
        if self._packed is None or self._packed[0] != state:
            self._packed = None  # not two of them at a time
            self._packed = state, Direct(self.model)
        return self._packed[1]

    def _completion(self, ids: list[int], logps: list[float]) -> Completion:
        stopped = ids[-1] in self.stop_ids
        text = to_text(self.tokenizer, ids)
        return Completion(tuple(ids), tuple(logps), text, "stop" if stopped else "length")


def _by_completion(drawn: list[tuple[list[int], Tensor]], num_completions: int) -> list[list[float]]:
    """The log-probabilities of each completion, from those of each step's live ones."""
    values = iter(torch.cat([logps for _, logps in drawn]).tolist())
    by_completion: list[list[float]] = [[] for _ in range(num_completions)]
    for live, _ in drawn:
        for completion in live:
            by_completion[completion].append(next(values))
    return by_completion
