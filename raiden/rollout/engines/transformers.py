"""Generates with the policy's own modules: no second copy of the weights, nothing to keep in step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from raiden.core.errors import ConfigError
from raiden.core.types import Completion
from raiden.packing import Layout, pack, shares_prefixes
from raiden.rollout.engines.base import Engine, SamplingConfig, stop_token_ids
from raiden.rollout.engines.decoding import Decode, Prefill
from raiden.rollout.engines.noise import seed_words
from raiden.rollout.engines.sampling import sample_tokens
from raiden.rollout.engines.separate import Watch, sample_rows


class TransformersEngine(Engine):
    """Samples with transformers: each shared prefix is computed once, finished rows leave the batch.

    A model that the prefix tree does not compute generates in separate rows, by its own cache or state.
    """

    shares_weights = True

    def __init__(self, max_rows: int = 64) -> None:
        """
        Args:
            max_rows: completions decoded side by side; bounds the memory for keys and values.
        """
        if max_rows < 1:
            raise ConfigError(f"`model.engine.max_rows` must be at least 1, got {max_rows}.")
        self.max_rows = max_rows

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
        """Nothing to do: the engine reads the policy's own parameters."""

    def sleep(self) -> None:
        """Nothing to give back."""

    def close(self) -> None:
        """Nothing to free."""

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
        leaves = [s for s in layout.segments if s.prompt is not None]
        rows = [s.prompt for s in leaves if s.prompt is not None for _ in seeds[s.prompt]]
        logits, prefill = self._prefill(layout, torch.tensor([s.end - 1 for s in leaves]))
        repeats = torch.tensor([len(seeds[s.prompt]) for s in leaves if s.prompt is not None])
        logits = logits.repeat_interleave(repeats.to(logits.device), dim=0, output_size=len(rows))
        flat_seeds = [seed for s in leaves if s.prompt is not None for seed in seeds[s.prompt]]
        decode = Decode(prefill, layout, rows, sampling.max_tokens)
        lengths = torch.tensor([len(prompts[p]) for p in rows], device=logits.device)
        tokens, logps = self._decode(logits, decode, lengths, flat_seeds, sampling, watch)

        completions: dict[int, list[Completion]] = {p: [] for p in range(len(prompts))}
        for prompt, ids, values in zip(rows, tokens, logps, strict=True):
            completions[prompt].append(self._completion(ids, values))
        return list(completions.values())

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
        lengths: Tensor,
        seeds: list[int],
        sampling: SamplingConfig,
        watch: Watch | None,
    ) -> tuple[list[list[int]], list[list[float]]]:
        """Tokens and log-probabilities of each row, to its end-of-sequence token or the limit."""
        words = seed_words(seeds, logits.device)
        tokens: list[list[int]] = [[] for _ in seeds]
        rows = list(range(len(seeds)))  # those that go on
        drawn: list[tuple[list[int], Tensor]] = []  # their log-probabilities stay on the device until the end
        for step in range(sampling.max_tokens):
            ids, logps = sample_tokens(logits, words, step, sampling)
            drawn.append((rows, logps))
            new = ids.tolist()  # all that is read back of a step
            for row, token in zip(rows, new, strict=True):
                tokens[row].append(token)
            if watch is not None:
                watch(new)
            going_on = [place for place, token in enumerate(new) if token not in self.stop_ids]
            if not going_on or step + 1 == sampling.max_tokens:
                break
            if len(going_on) < len(rows):
                rows = [rows[place] for place in going_on]
                places = torch.tensor(going_on, device=logits.device)
                decode.keep(going_on, places)
                words, lengths, ids = words[places], lengths[places], ids[places]
            decode.step = step
            logits = self.model(
                input_ids=ids[None], position_ids=(lengths + step)[None], use_cache=False, tree=decode
            ).logits[0]
        return tokens, _by_row(drawn)

    def _completion(self, ids: list[int], logps: list[float]) -> Completion:
        stopped = ids[-1] in self.stop_ids
        text = self.tokenizer.decode(ids, skip_special_tokens=True)
        return Completion(tuple(ids), tuple(logps), str(text), "stop" if stopped else "length")


def _by_row(drawn: list[tuple[list[int], Tensor]]) -> list[list[float]]:
    """The log-probabilities of each row, from those of each step's rows."""
    values = iter(torch.cat([logps for _, logps in drawn]).tolist())
    by_row: list[list[float]] = [[] for _ in drawn[0][0]]
    for rows, _ in drawn:
        for row in rows:
            by_row[row].append(next(values))
    return by_row
