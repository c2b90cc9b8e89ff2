"""The curves of a run, as its log folder keeps them."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raiden.core.errors import ConfigError
from raiden.core.records import decode_text, load_json, read_bytes, shortened

GLANCE = "at_a_glance"
"""Curves that stand there twice, so that TensorBoard opens on them."""


@dataclass(frozen=True)
class Point:
    """One logged value."""

    step: int
    """Training steps done."""
    value: float | None
    """None where what was logged is no finite number."""


@dataclass(frozen=True)
class Curve:
    """A scalar of a run over its steps."""

    name: str
    """As TensorBoard shows it, such as `val/sbk`."""
    points: tuple[Point, ...]
    """In the order of the steps, each step once."""


_TRL = "trainer_state.json"
"""The log of a run of TRL's trainer, in its folder."""
_NAMES = {"sbk": "train/sbk", "cm": "train/cm", "learning_rate": "lr"}
_BOOKKEEPING = ("step", "epoch", "total_flos", "train_", "eval_runtime", "eval_samples_per", "eval_steps_per")
"""What begins the names of what transformers logs of itself."""


def read_curves(run: str | Path) -> list[Curve]:
    """Every scalar in a run's TensorBoard files, or in the log of TRL's trainer, in the order of their names.

    A run that was resumed has several files and has logged some steps twice; the later value stands, so that its
    curve is one curve.

    Raises:
        ConfigError: the folder holds no scalars.
    """
    folder = Path(run)
    if (folder / _TRL).is_file():
        return _read_log(folder / _TRL)
    if not any(folder.glob("events.out.tfevents.*")):
        raise ConfigError(
            f"`run`: no TensorBoard files in {run}; give a run's own folder, such as logs/quickstart/version_0."
        )
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    # Sizes: all scalars, and nothing of what a curve does not need. Orphans are what a resumed run logged before.
    events = EventAccumulator(str(folder), {"scalars": 0, "tensors": 1, "images": 1}, purge_orphaned_data=False)
    events.Reload()
    curves = []
    for name in sorted(name for name in events.Tags()["scalars"] if not name.startswith(f"{GLANCE}/")):
        in_time = sorted(events.Scalars(name), key=lambda event: event.wall_time)  # files come in the order of names
        curves.append(_curve(name, {event.step: event.value for event in in_time}))
    if not curves:
        raise ConfigError(f"`run`: the TensorBoard files in {run} hold no curves; was the run stopped at its start?")
    return curves


def _read_log(path: Path) -> list[Curve]:
    """Of a run of TRL's trainer, under the names of `raiden fit`."""
    values: dict[str, dict[int, float]] = defaultdict(dict)
    try:
        state: Any = load_json(decode_text(read_bytes(path, ConfigError), path, ConfigError))
        for entry in state["log_history"]:
            for name, value in entry.items():
                if isinstance(value, int | float) and not name.startswith(_BOOKKEEPING):
                    values[_own_name(name)][int(entry["step"])] = float(value)
    except (ValueError, LookupError, TypeError, AttributeError) as fault:
        raise ConfigError(f"`run`: {path} is no log of a trainer ({shortened(fault)}).") from fault
    return [_curve(name, steps) for name, steps in sorted(values.items())]


def _own_name(name: str) -> str:
    """
    >>> _own_name("eval_sbk"), _own_name("sbk"), _own_name("rewards/accuracy_reward/mean")
    ('val/sbk', 'train/sbk', 'rewards/accuracy/mean')
    """
    return _NAMES.get(name) or name.replace("eval_", "val/", 1).replace("_reward/", "/")


def _curve(name: str, values: Mapping[int, float]) -> Curve:
    return Curve(name, tuple(Point(step, _finite(values[step])) for step in sorted(values)))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def thinned(points: Sequence[Point], limit: int = 1000) -> tuple[Point, ...]:
    """About `limit` of the points: of neighbours the lowest, the highest and the first that is missing.

    So no peak is smoothed away, and no gap closed.

    >>> [p.value for p in thinned([Point(s, v) for s, v in enumerate([1.0, 9.0, 2.0, 3.0, 0.0, 4.0])], limit=4)]
    [1.0, 9.0, 0.0, 4.0]
    """
    if len(points) <= limit:
        return tuple(points)
    size = math.ceil(2 * len(points) / limit)
    return tuple(p for start in range(0, len(points), size) for p in _extremes(points[start : start + size]))


def _extremes(points: Sequence[Point]) -> Iterator[Point]:
    """Lowest, highest and first missing value, in the order of their steps."""
    numbers = [(point.value, point.step) for point in points if point.value is not None]
    missing = [point.step for point in points if point.value is None]
    kept = {*missing[:1]} | ({min(numbers)[1], max(numbers)[1]} if numbers else set())
    yield from (point for point in points if point.step in kept)
