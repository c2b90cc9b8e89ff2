"""What a run shows while it goes: a view that is drawn anew in a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping
from typing import Any

from lightning import Callback
from lightning.pytorch.callbacks import ProgressBar
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar as Bar
from rich.table import Table
from rich.text import Text

from raiden.core.types import Rollout
from raiden.train.progress import (
    HELD_OUT,
    Activity,
    TimeLeft,
    format_duration,
    held_out,
    step,
    step_line,
)
from raiden.train.report import share_or_figure

_LINE_EVERY = 10.0
"""Seconds between plain lines about one evaluation."""
_MAX_SHOWN = 300
"""Characters of a reply."""


class _Shows(Callback):
    """Follows what a run does; what is shown of it is up to who inherits."""

    doing: Activity | None = None

    def begin(self, pl_module: Any, doing: Activity | None) -> None:
        """From here on the run does this."""
        self.doing = doing
        if hasattr(pl_module.engine, "watch"):
            pl_module.engine.watch = doing.drawn if doing else None

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self.begin(pl_module, held_out(trainer, pl_module))

    on_test_start = on_validation_start
    on_predict_start = on_validation_start

    def on_validation_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        if self.doing is not None:
            self.doing.end_batch(-(-len(pl_module.rollouts) // pl_module.processes.num))

    on_test_batch_end = on_validation_batch_end  # type: ignore[assignment]
    on_predict_batch_end = on_validation_batch_end  # type: ignore[assignment]

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.begin(pl_module, None)

    on_test_end = on_validation_end
    on_predict_end = on_validation_end

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.begin(pl_module, step(pl_module, batch))

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self.begin(pl_module, None)


class StepLine(_Shows):
    """A plain line a step, and one every few seconds of an evaluation, where there is no view: for logs and pipes."""

    def __init__(self) -> None:
        self._next_line = 0.0
        self._shows = False

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if trainer.is_global_zero:
            print(f"loading {pl_module.policy_config.path}", flush=True)

    def begin(self, pl_module: Any, doing: Activity | None) -> None:
        trainer = pl_module.trainer
        self._shows = trainer.progress_bar_callback is None and trainer.is_global_zero
        # What came before a step was told; before an evaluation the model was loaded, or a long update computed.
        self._next_line = time.monotonic() + (_LINE_EVERY if doing is not None and doing.what != HELD_OUT else 0)
        if not self._shows:
            return
        super().begin(pl_module, doing)
        if doing is not None and hasattr(pl_module.engine, "watch"):
            pl_module.engine.watch = self._drawn

    def _drawn(self, tokens: list[int]) -> None:
        doing = self.doing
        if doing is None:
            return
        doing.drawn(tokens)
        if doing.total and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_EVERY
            what = doing.what if doing.what == HELD_OUT else f"completions of {doing.what}"
            print(f"{doing.num_done}/{doing.total} {what}, {doing.num_tokens} tokens", flush=True)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self._shows:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            print(f"step {pl_module.num_steps_done}  {step_line(metrics)}", flush=True)


class LiveView(_Shows, ProgressBar):
    """Reward, SBK and CM, the time left, and a sampled reply with its score, drawn anew as the run goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._live: Live | None = None
        self._enabled = True
        self._metrics: dict[str, float] = {}
        self._held_out: dict[str, float] = {}
        self._sampled: Rollout | None = None
        self._left = TimeLeft()
        self._num_done = 0
        self._num_steps: int | None = None

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False
        self._stop()

    def begin(self, pl_module: Any, doing: Activity | None) -> None:
        super().begin(pl_module, doing)
        if doing is not None and self._enabled and self._live is None:
            self._live = Live(get_renderable=self._draw, console=Console(), refresh_per_second=2, transient=True)
            self._live.start()

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._left = TimeLeft()
        self._num_steps, self._num_done = pl_module.num_steps, pl_module.num_steps_done

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self._left.step_done()
        self._num_done = pl_module.num_steps_done
        if self.doing is not None:
            self.doing.end_batch(self.doing.total)
        self._metrics = dict(pl_module.step_metrics)
        if pl_module.rollouts:
            self._sampled = pl_module.rollouts[0]

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        super().on_validation_end(trainer, pl_module)
        self._held_out = dict(pl_module.shares)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._stop()

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        self._stop()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        super().teardown(trainer, pl_module, stage)
        self._stop()

    def _stop(self) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()

    def _draw(self) -> RenderableType:
        parts: list[RenderableType] = [self._doing()]
        if self._metrics or self._held_out:
            parts.append(_figures(self._metrics, self._held_out))
        if self._sampled is not None:
            # Not to the last column: what Ctrl-C echoes there would begin a line.
            parts.append(_reply(self._sampled, (self._live.console.width if self._live else 80) - 4))
        return Group(*parts)

    def _doing(self) -> RenderableType:
        line = Table.grid(padding=(0, 2))
        doing = self.doing
        cells: list[RenderableType] = []
        if doing is not None:
            is_step = doing.what.startswith("step")
            total, done = (self._num_steps or 0, self._num_done) if is_step else (doing.total, doing.num_done)
            cells = [Text(doing.what, "bold"), Bar(total=total or 1, completed=done, width=24)]
            if doing.total:
                cells.append(Text(f"{doing.num_done} of {doing.total}{' completions' if is_step else ''}"))
            cells.append(Text(format_duration(doing.seconds)))
        left = self._left.seconds(self._num_steps - self._num_done if self._num_steps else None)
        if left is not None:
            cells.append(Text(f"about {format_duration(left)} left", "dim"))
        line.add_row(*cells)
        return line


def _figures(metrics: Mapping[str, float], shares: Mapping[str, float]) -> Table:
    table = Table.grid(padding=(0, 3))
    trained_on = "reward" if "reward" in metrics or not metrics else "loss"
    names = [n for n in (trained_on, "sbk", "cm") if n in shares or _in_training(n) in metrics]
    table.add_row("", *(Text({"sbk": "SBK", "cm": "CM"}.get(name, name), "bold") for name in names))
    for what, values in (
        ("training", [metrics.get(_in_training(name)) for name in names]),
        ("held out", [shares.get(name) for name in names]),
    ):
        table.add_row(Text(what, "dim"), *(share_or_figure(name, v) for name, v in zip(names, values, strict=True)))
    return table


def _in_training(name: str) -> str:
    return f"train/{name}" if name in ("sbk", "cm") else name


def _reply(rollout: Rollout, width: int) -> Panel:
    """One completion of a step: the question, the reply with its matched words, the score and the reason."""
    sample, completion, reward = rollout.prompt.sample, rollout.completions[0], rollout.rewards[0]
    reply = Text(_plain(completion.text))
    for span in reward.spans:
        reply.stylize("bold reverse", span.start, span.end)
    if len(reply) > _MAX_SHOWN:
        reply = reply[:_MAX_SHOWN].append(" ...")
    score = "no score" if reward.total is None else f"reward {reward.total:.2f}"
    why = Text(f"{score}: {_plain(reward.reason)}", "green" if reward.accuracy == 1 else "red")
    title = Text(_plain(f"{sample.character_name}: {sample.question}"))
    return Panel(Group(reply, why), title=title, title_align="left", border_style="dim", width=width)


def _plain(text: str) -> str:
    """One line whose width every terminal agrees on: else the view could not be drawn over itself.

    >>> _plain("a\\tb" + chr(27) + "c" + chr(0x200B))
    'a b·c·'
    """
    return "".join(" " if char.isspace() else char if char.isprintable() and cell_len(char) else "·" for char in text)
