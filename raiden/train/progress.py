"""How far a run is, told while it goes: in replies, not in batches, of which one may take minutes."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

HELD_OUT = "held-out replies"
"""What an evaluation is called."""


class Activity:
    """What a run does at the moment: held-out questions, or a step."""

    def __init__(self, what: str, total: int, stops: Sequence[int]) -> None:
        """
        Args:
            what: is done, such as `step 3 of 15`.
            total: replies or completions of it, on this process.
            stops: tokens that end one.
        """
        self.what = what
        self.total = total
        self.num_tokens = 0
        self._num_before = self._num_ended = 0
        self._stops = frozenset(stops)
        self._started = time.monotonic()

    @property
    def num_done(self) -> int:
        """Replies that have ended; one that is cut at the limit counts when its batch is done."""
        return min(self.total, self._num_before + self._num_ended)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._started

    def drawn(self, tokens: Sequence[int]) -> None:
        """Takes the tokens of one decoding step."""
        self.num_tokens += len(tokens)
        self._num_ended += sum(token in self._stops for token in tokens)

    def end_batch(self, num: int) -> None:
        """A batch of so many replies is done."""
        self._num_before += num
        self._num_ended = 0


def held_out(trainer: Any, pl_module: Any) -> Activity:
    """The questions of the evaluation that the trainer is about to begin."""
    kind = "val" if trainer.state.fn in ("fit", "validate") else trainer.state.fn.value  # or `test`, `predict`
    loader = trainer.datamodule.val_dataloader() if kind == "val" else trainer.datamodule.test_dataloader()
    batches = trainer.num_sanity_val_batches if trainer.sanity_checking else getattr(trainer, f"num_{kind}_batches")
    limit = float(sum(batches) if isinstance(batches, list) else batches)
    num = sum(len(batch) for index, batch in enumerate(loader) if index < limit)
    return Activity(HELD_OUT, -(-num // pl_module.processes.num), _stops(pl_module))


def step(pl_module: Any, prompts: Sequence[Any]) -> Activity:
    """The next step of a run, with the completions that it samples; supervised ones sample none."""
    number, end = pl_module.num_steps_done + 1, pl_module.num_steps
    num = len(prompts) * getattr(pl_module, "num_generations", 0)
    what = f"step {number} of {end}" if end else f"step {number}"
    return Activity(what, num // pl_module.processes.num, _stops(pl_module))


def _stops(pl_module: Any) -> Sequence[int]:
    return getattr(pl_module.engine, "stop_ids", ())


class TimeLeft:
    """How long a run will still take, by the steps and evaluations that it has done since it was started."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._num_done = 0

    def step_done(self) -> None:
        self._num_done += 1

    def seconds(self, num_left: int | None) -> float | None:
        """None before the first step, and where the run has no end."""
        if not self._num_done or num_left is None:
            return None
        return (time.monotonic() - self._started) / self._num_done * num_left


def format_duration(seconds: float | None) -> str:
    """
    >>> format_duration(None), format_duration(42.3), format_duration(600), format_duration(7300)
    ('-', '42 s', '10 min', '2 h 2 min')
    """
    if seconds is None:
        return "-"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = int(seconds / 60 + 0.5)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def step_line(metrics: Mapping[str, float]) -> str:
    """The figures of a step in one line.

    >>> step_line({"reward": 0.5, "train/sbk": 0.25, "tokens_per_second": 120.4, "step_time": 9.0})
    'reward 0.500  sbk 25 %  120 tok/s  9.0 s'
    """
    figure = "reward" if "reward" in metrics else "loss"
    parts = [f"{figure} {metrics[figure]:.3f}"]
    parts += [
        f"{focus} {100 * metrics[f'train/{focus}']:.0f} %" for focus in ("sbk", "cm") if f"train/{focus}" in metrics
    ]
    parts += [f"{metrics['tokens_per_second']:.0f} tok/s", f"{metrics['step_time']:.1f} s"]
    return "  ".join(parts)
