"""Sampling without a prefix tree: each completion in a row of its own, by transformers' own `generate`.

For models whose layers keep more than keys and values, or attend otherwise than the tree. Rows go in step and are
never padded, for a state has no mask: where prompts differ in length, the rest of a longer one is fed while shorter
ones are answered already.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from raiden.packing.logps import base_model
from raiden.rollout.engines.base import SamplingConfig
from raiden.rollout.engines.noise import seed_words
from raiden.rollout.engines.sampling import sample_tokens

Watch = Callable[[list[int]], None]
"""Takes the tokens of one step, one of each completion that is still going on."""
Drawn = tuple[list[int], list[float]]
"""The tokens of a completion, and the log-probability of each."""


def sample_rows(
    model: Any,
    prompts: Sequence[Sequence[int]],
    seeds: Sequence[Sequence[int]],
    sampling: SamplingConfig,
    stop_ids: Sequence[int],
    max_rows: int,
    watch: Watch | None = None,
) -> list[list[Drawn]]:
    """A completion of each prompt for each of its seeds, to a stop token or the limit."""
    base = base_model(model)
    drawn: list[list[Drawn]] = [[] for _ in prompts]
    for wave in _waves(prompts, seeds, max_rows, sampling.max_tokens):
        rows = [(number, seed) for number in wave for seed in seeds[number]]
        draws = _Draws([prompts[number] for number, _ in rows], [seed for _, seed in rows], sampling, stop_ids, watch)
        _generate(base, draws)
        for (number, _), completion in zip(rows, draws.drawn, strict=True):
            drawn[number].append(completion)
    return drawn


def _waves(
    prompts: Sequence[Sequence[int]], seeds: Sequence[Sequence[int]], max_rows: int, max_spread: int
) -> Iterator[list[int]]:
    """Prompts of about one length side by side, at most `max_rows` completions; one prompt at least.

    Args:
        max_spread: tokens by which prompts of a wave differ at most: each is a step in which some rows only read.
    """
    wave: list[int] = []
    for number in sorted(range(len(prompts)), key=lambda i: len(prompts[i])):
        num_rows = sum(len(seeds[i]) for i in [*wave, number])
        if wave and (num_rows > max_rows or len(prompts[number]) - len(prompts[wave[0]]) > max_spread):
            yield wave
            wave = []
        wave.append(number)
    if wave:
        yield wave


class _Draws(LogitsProcessor):
    """Draws each row's next token by its own noise, and leaves no other to choose."""

    def __init__(
        self,
        prompts: Sequence[Sequence[int]],
        seeds: Sequence[int],
        sampling: SamplingConfig,
        stop_ids: Sequence[int],
        watch: Watch | None,
    ) -> None:
        self.prompts = prompts
        self.seeds = seeds
        self.sampling = sampling
        self.stop_ids = frozenset(stop_ids)
        self.watch = watch
        self.drawn: list[Drawn] = [([], []) for _ in prompts]
        self.live = [True] * len(prompts)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        length = input_ids.shape[1]
        tokens = [prompt[length] if length < len(prompt) else 0 for prompt in self.prompts]
        drawing = [i for i, prompt in enumerate(self.prompts) if self.live[i] and length >= len(prompt)]
        if drawing:
            words = seed_words([self.seeds[i] for i in drawing], scores.device)
            positions = [length - len(self.prompts[i]) for i in drawing]
            ids, logps = sample_tokens(scores[drawing], words, positions, self.sampling)
            for row, token, logp in zip(drawing, ids.tolist(), logps.tolist(), strict=True):
                tokens[row] = token
                drawn, drawn_logps = self.drawn[row]
                drawn.append(token)
                drawn_logps.append(logp)
                self.live[row] = token not in self.stop_ids and len(drawn) < self.sampling.max_tokens
            if self.watch is not None:
                self.watch(ids.tolist())
        chosen = torch.tensor(tokens, device=scores.device)[:, None]
        return torch.full_like(scores, -torch.inf).scatter(1, chosen, 0.0)


class _Ends(StoppingCriteria):
    """Ends where no row goes on."""

    def __init__(self, draws: _Draws) -> None:
        self.draws = draws

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        return ~torch.tensor(self.draws.live, device=input_ids.device)


def _generate(model: Any, draws: _Draws) -> None:
    shortest = min(map(len, draws.prompts))
    ids: Tensor = torch.tensor([list(prompt[:shortest]) for prompt in draws.prompts], device=model.device)
    # Without a mask `generate` takes every token that is the padding token in a prompt for padding.
    masked = "attention_mask" in signature(type(model).forward).parameters
    with _bare_generation_config(model):
        model.generate(
            ids,
            generation_config=GenerationConfig(
                do_sample=False,
                max_new_tokens=max(map(len, draws.prompts)) - shortest + draws.sampling.max_tokens,
                pad_token_id=0,
                disable_compile=True,
            ),
            logits_processor=LogitsProcessorList([draws]),
            stopping_criteria=StoppingCriteriaList([_Ends(draws)]),
            **({"attention_mask": torch.ones_like(ids)} if masked else {}),
        )


@contextmanager
def _bare_generation_config(model: Any) -> Iterator[None]:
    """What is not asked for, `generate` takes from the model's own, as penalties that the log-probabilities lack."""
    own, model.generation_config = model.generation_config, GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = own
