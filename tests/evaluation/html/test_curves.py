"""Curves as they are read from TensorBoard's files."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from raiden.core.errors import ConfigError
from raiden.evaluation.curves import Curve, Point, read_curves, thinned
from raiden.evaluation.picture import learning_curve


def log(folder: Path, wall_time: float = 1.0, **curves: list[tuple[int, float]]) -> None:
    """Writes scalars as Lightning's logger does, into a file of their own."""
    writer = EventFileWriter(str(folder))
    for name, points in curves.items():
        for step, value in points:
            scalar = Summary.Value(tag=name, simple_value=value)
            writer.add_event(Event(step=step, wall_time=wall_time, summary=Summary(value=[scalar])))
    writer.close()


def read(folder: Path) -> dict[str, list[tuple[int, float | None]]]:
    return {curve.name: [(point.step, point.value) for point in curve.points] for curve in read_curves(folder)}


def test_a_resumed_run_has_one_curve_in_which_the_later_value_stands(tmp_path):
    log(tmp_path, wall_time=2.0, reward=[(2, 0.5), (3, 0.75), (4, 1.0)])
    log(tmp_path, wall_time=1.0, reward=[(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.125)])
    assert read(tmp_path) == {"reward": [(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0)]}


def test_what_is_no_number_leaves_a_gap(tmp_path):
    log(tmp_path, kl=[(0, 0.5), (1, math.nan), (2, math.inf)], entropy=[(0, 1.0)])
    assert read(tmp_path) == {"entropy": [(0, 1.0)], "kl": [(0, 0.5), (1, None), (2, None)]}


def test_long_curves_are_read_whole(tmp_path):
    log(tmp_path, reward=[(step, float(step)) for step in range(10_001)])
    assert len(read(tmp_path)["reward"]) == 10_001


def test_a_folder_without_curves_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no TensorBoard files"):
        read_curves(tmp_path)
    log(tmp_path)
    with pytest.raises(ConfigError, match="hold no curves"):
        read_curves(tmp_path)


def test_a_thinned_curve_keeps_its_peaks_and_gaps():
    points = [Point(step, math.sin(step / 50)) for step in range(10_000)]
    points[4321] = Point(4321, 99.0)
    points[6000] = Point(6000, None)
    kept = thinned(points, limit=500)
    assert len(kept) <= 501
    assert Point(4321, 99.0) in kept
    assert Point(6000, None) in kept
    assert min(point.value for point in kept if point.value is not None) == min(p.value for p in points if p.value)
    assert [point.step for point in kept] == sorted(point.step for point in kept)


def test_a_short_curve_is_kept_as_it_is():
    points = tuple(Point(step, 1.0) for step in range(10))
    assert thinned(points, limit=10) == points


def test_the_picture_draws_what_was_trained_on_and_breaks_where_there_is_no_number():
    supervised = [Curve("loss", (Point(1, 2.0), Point(2, None), Point(3, 1.0))), Curve("val/reward", (Point(0, 0.5),))]
    picture = ElementTree.fromstring(learning_curve(supervised))
    assert picture.attrib["aria-label"] == "Loss by step"
    drawn = [path.attrib["d"] for path in picture.iter() if path.attrib.get("class") == "curve c0"]
    assert drawn[0] == "M44.0 34.0M290.0 166.0"  # from the highest value at the left to the lowest at the right
    assert learning_curve([Curve("lr", (Point(1, 0.1),))]) is None
