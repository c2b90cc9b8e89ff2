"""The mean cross-entropy of target tokens, in micro-batches over the prefix tree, on all processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from raiden.core.processes import ALONE
from raiden.packing import Passes, token_logps
from raiden.train.nonfinite import NonFinite, NonFiniteWatch


class CrossEntropy:
    """``-sum(log p(target token)) / num_tokens``, over the completions of all passes; prompts are only read.

    Each token counts the same, however many processes and micro-batches share the work. The log-probabilities are
    those of GRPO's update.
    """

    def __init__(self, passes: Passes) -> None:
        self.passes = passes
        self.groups = [group for group in passes.groups if group is not None]
        self.num_tokens = sum(len(completion) for group in self.groups for completion in group.completions)
        self._watch = NonFiniteWatch()
        self._sums: list[Tensor] = []
        """Nats and entropy of each micro-batch, on the device."""

    @property
    def nonfinite(self) -> NonFinite | None:
        """The first value of this process's that is no finite number."""
        return self._watch.first

    def alone(self) -> CrossEntropy:
        """The same, each completion in a pass of its own and all of them on each process."""
        return CrossEntropy(replace(self.passes, max_tokens=1, processes=ALONE))

    def losses(self, model: Any) -> Iterator[Tensor]:
        """The loss of each micro-batch; their sum over all processes is the mean of all target tokens."""
        for batch in self.passes:
            logps, entropy = token_logps(model, batch)
            if batch.is_filler:
                yield logps.sum() * 0.0
                continue
            self._watch.show({"log-probability": logps}, batch.rows, batch.lengths)
            nats = -logps.sum()
            self._sums.append(torch.stack([nats.detach(), entropy.sum()]))
            yield nats / self.num_tokens

    def metrics(self) -> dict[str, float]:
        """Once the losses are through: mean loss and entropy over the target tokens of all processes, in nats."""
        of_each = torch.stack(self._sums).tolist() if self._sums else []
        own = [sum(nats for nats, _ in of_each), sum(entropy for _, entropy in of_each)]
        nats, entropy = self.passes.processes.reduce(own, "sum", self.passes.device)
        return {"loss": nats / self.num_tokens, "entropy": entropy / self.num_tokens}
