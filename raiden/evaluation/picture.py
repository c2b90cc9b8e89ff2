"""The learning curve of a run as one SVG file: small charts side by side, in the colours of the report.

Written here, for no light package draws charts side by side without scripts in them (pygal), and a heavy one
(matplotlib) would be installed by all for one picture.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from raiden.evaluation.curves import Curve
from raiden.evaluation.html.panels import panels

_WIDTH, _HEIGHT = 300, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 34, 44
_MAX_DOTS = 30
_STYLE = (
    "text{font:11px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#5c6570}"
    ".title{font-size:13px;font-weight:600;fill:#1d2126}path{fill:none;stroke-linejoin:round;stroke-linecap:round}"
    ".c0{stroke:#0b6fa8}.c1{stroke:#b3641a}.curve{stroke-width:1.8}.curve.c1{stroke-dasharray:5 4}"
    ".dots{stroke-width:5}.grid{stroke:#e6e8eb}"
)


def learning_curve(curves: Sequence[Curve]) -> str | None:
    """Reward (or loss), SBK and CM by step, in training and held out; None where the run has logged none of them."""
    drawn = {panel["title"]: panel for panel in panels(curves) if panel["main"]}
    trained_on = "Reward" if any(curve.name == "reward" for curve in curves) else "Loss"
    chosen = [drawn[title] for title in (trained_on, "SBK", "CM") if title in drawn]
    if not chosen:
        return None
    width = _WIDTH * len(chosen)
    charts = "".join(
        f'<g transform="translate({index * _WIDTH} 0)">{"".join(_chart(panel))}</g>'
        for index, panel in enumerate(chosen)
    )
    titles = escape(", ".join(panel["title"] for panel in chosen))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" width="{width}" height="{_HEIGHT}" '
        f'role="img" aria-label="{titles} by step"><style>{_STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{charts}</svg>\n'
    )


def _chart(panel: Mapping[str, Any]) -> Iterator[str]:
    curves = panel["curves"]
    points = [point for curve in curves for point in curve["points"]]
    values = [value for _, value in points if value is not None]
    ticks = [0, 0.25, 0.5, 0.75, 1] if panel["shares"] else round_ticks(min(values, default=0), max(values, default=1))
    steps = sorted({step for step, _ in points})
    first, last = steps[0], steps[-1]

    def x(step: float) -> float:
        return _LEFT + (step - first) / ((last - first) or 1) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (_HEIGHT - _TOP - _BOTTOM)

    unit = f", {panel['unit']}" if panel["unit"] else ""
    yield f'<text class="title" x="{_LEFT}" y="18">{escape(panel["title"])}</text>'
    yield f'<text x="{_WIDTH - _RIGHT}" y="18" text-anchor="end">{escape(unit.removeprefix(", "))}</text>'
    for tick in ticks:
        shown = f"{100 * tick:.0f} %" if panel["shares"] else f"{tick:.4g}"
        yield f'<path class="grid" d="M{_LEFT} {y(tick):.1f}H{_WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{shown}</text>'
    inner = [step for step in round_ticks(first, last) if first <= step <= last and float(step).is_integer()]
    for step in inner:
        label = f"step {step:,.0f}" if step == inner[-1] else f"{step:,.0f}"
        anchor = "end" if step == last else "middle"
        yield f'<text x="{x(step):.1f}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="{anchor}">{label}</text>'
    for index, curve in enumerate(curves):
        yield from _line([(x(step), None if v is None else y(v)) for step, v in curve["points"]], index)
        left = _LEFT + 110 * index
        yield f'<path class="curve c{index}" d="M{left} {_HEIGHT - 12}h18"/>'
        yield f'<text x="{left + 24}" y="{_HEIGHT - 8}">{escape(curve["label"])}</text>'


def _line(places: Sequence[tuple[float, float | None]], index: int) -> Iterator[str]:
    """A line through the values, broken where one is no number; with the values themselves where they are few."""
    drawn, pen = [], "M"
    for x, y in places:
        if y is not None:
            drawn.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "M" if y is None else "L"
    yield f'<path class="curve c{index}" d="{"".join(drawn)}"/>'
    if len(places) <= _MAX_DOTS:
        dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places if y is not None)
        yield f'<path class="dots c{index}" d="{dots}"/>'


def round_ticks(low: float, high: float, number: int = 4) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten that enclose a range, about `number` of them.

    >>> round_ticks(0.13, 0.87), round_ticks(0, 15), round_ticks(2, 2)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 5.0, 10.0, 15.0], [1.0, 1.5, 2.0, 2.5, 3.0])
    """
    if low == high:
        low, high = (low - abs(low) / 2, high + abs(high) / 2) if low else (0.0, 1.0)
    rough = (high - low) / number
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{n * step:.12g}") for n in range(first, last + 1)]
