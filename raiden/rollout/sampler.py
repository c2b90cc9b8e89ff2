"""The engine with the policy's weights in it, on all processes."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from raiden.core.processes import Processes
from raiden.core.types import Completion, Prompt, Rollout
from raiden.data.chat_template import ChatTemplate
from raiden.policy import Policy, gathered, stream_weights
from raiden.rollout.canary import CanaryConfig, canary_error, engine_difference
from raiden.rollout.engines import Engine, SamplingConfig
from raiden.rollout.likelihood import verify_by_reference
from raiden.rollout.rollouts import group_seeds, refuse_malformed, score_groups
from raiden.scoring import Scorer


@dataclass(eq=False)
class Sampler:
    """Keeps the engine's weights in step with the policy's, samples, and watches that they agree."""

    engine: Engine
    policy: Policy
    scorer: Scorer
    canary: CanaryConfig
    processes: Processes
    run_seed: int
    device: torch.device
    chat: ChatTemplate | None = None
    """Reads what completions say; None takes their text as the engine has it."""

    def __post_init__(self) -> None:
        if self.scorer.asks_reference and not self.policy.has_reference:
            self.scorer.refuse_reference()
        self.num_syncs = 0
        self.metrics: dict[str, float] = {}
        """Of the last sync, the last check and this step's scoring, for the log."""
        self._stale = True
        self._unchecked = False
        self._first_difference: float | None = None
        # What this process's own engine sampled last in this step; another's where it sampled nothing.
        self._probe: list[Rollout] = []

    def sample_groups(
        self,
        prompts: Sequence[Prompt],
        mini_batches: Sequence[range],
        sampling: SamplingConfig,
        num_generations: int,
        step: int,
        attempt: int = 0,
    ) -> list[Rollout]:
        """Groups of scored completions for all prompts; each process samples its share and gets those of the others.

        Args:
            mini_batches: the prompts behind each optimizer step; each is shared out evenly over the processes.
            step: rollouts before this one.
            attempt: groups that this step has sampled for these prompts before.
        """
        self._sync()
        own = [i for mini_batch in mini_batches for i in self.processes.share(mini_batch)]
        own_prompts = [prompts[i] for i in own]
        seeds = group_seeds(own_prompts, num_generations, self.run_seed, step, attempt)
        whole = gathered(self.policy.model) if self.engine.shares_weights else nullcontext()
        with whole:
            groups = self.engine.generate([prompt.token_ids for prompt in own_prompts], seeds, sampling)
        vocab_size = self.policy.model.get_input_embeddings().weight.shape[0]
        refuse_malformed(groups, seeds, sampling.max_tokens, vocab_size)
        if self.chat is not None:
            read = self.chat.read
            groups = [[replace(one, text=read(one.token_ids, one.text)) for one in group] for group in groups]
        rollouts = self._score(own_prompts, groups, attempt)
        by_index = sorted(self.processes.gather(list(zip(own, rollouts, strict=True))), key=lambda pair: pair[0])
        everyones = [rollout for _, rollout in by_index]
        if rollouts:
            self._probe = rollouts[:1]
        elif not attempt:
            self._probe = everyones[:1]
        if not self.scorer.asks_reference:
            return everyones
        return verify_by_reference(everyones, self.policy, self.scorer.config, self.processes, self.device)

    def _score(self, prompts: Sequence[Prompt], groups: Sequence[Sequence[Completion]], attempt: int) -> list[Rollout]:
        started = time.perf_counter()
        rollouts = score_groups(self.scorer, prompts, groups)
        before = self.metrics["time/scoring"] if attempt else 0.0
        self.metrics["time/scoring"] = before + time.perf_counter() - started
        return rollouts

    def sleep(self) -> None:
        """Puts the engine to sleep: the policy is going to change, and may use its memory."""
        self.engine.sleep()
        self._stale = True

    def check(self, rollouts: Sequence[Rollout], sampling: SamplingConfig, difference: float | None = None) -> None:
        """Compares engine and policy, once after each sync.

        Args:
            rollouts: sampled since then, those of all processes.
            difference: mean distance in nats where the update has measured it already; else a small pass does.

        Raises:
            EngineError: they are too far apart, here or on another process.
        """
        if not self._unchecked or self.canary.max_difference is None:
            return
        self._unchecked = False
        started = time.perf_counter()
        exact = sampling.top_p == 1 and sampling.top_k == 0 and sampling.min_p == 0
        if self._max_over_processes(0.0 if difference is not None and exact else 1.0):
            difference = self._measure(sampling)
        largest = self._max_over_processes(difference or 0.0)
        self.metrics["canary/difference"] = largest
        self.metrics["canary/seconds"] = time.perf_counter() - started
        limit = self.canary.limit(self._first_difference)
        if largest > limit:
            num_syncs = self.num_syncs  # without the one that is tried now
            raise canary_error(largest, self._difference_after_sync(rollouts, sampling), limit, num_syncs)
        if self._first_difference is None:
            self._first_difference = largest

    def _measure(self, sampling: SamplingConfig) -> float:
        return engine_difference(self.policy.model, self._probe, sampling, self.device, packing=self.policy.packing)

    def _difference_after_sync(self, rollouts: Sequence[Rollout], sampling: SamplingConfig) -> float:
        self._stale = True
        self.sample_groups([r.prompt for r in rollouts], [range(len(rollouts))], sampling, 1, step=0)
        return self._max_over_processes(self._measure(sampling))

    def _max_over_processes(self, value: float) -> float:
        # Which of NaN and a number is the larger depends on the process that is asked.
        value = math.inf if math.isnan(value) else value
        return self.processes.reduce([value], "max", self.device)[0]

    def _sync(self) -> None:
        if self.engine.shares_weights or not self._stale:
            return
        started = time.perf_counter()
        weights = _Counted(stream_weights(self.policy.model, self.policy.compute_dtype))
        self.engine.update_weights(iter(weights))
        self._stale, self._unchecked = False, True
        self.num_syncs += 1
        self.metrics["sync/seconds"] = time.perf_counter() - started
        self.metrics["sync/bytes"] = float(weights.num_bytes)


class _Counted:
    """A stream of weights that counts the bytes going by."""

    def __init__(self, weights: Iterator[tuple[str, Tensor]]) -> None:
        self.weights = weights
        self.num_bytes = 0

    def __iter__(self) -> Iterator[tuple[str, Tensor]]:
        for name, weight in self.weights:
            self.num_bytes += weight.nbytes
            yield name, weight
