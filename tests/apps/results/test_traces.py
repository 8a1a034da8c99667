"""Bins, speeds and series, against closed forms."""

import numpy as np
import pytest

from apps.results.shelf import Shelf
from apps.results.sources import Source
from apps.results.traces import Asked, Series, bin_series, read_series, speeds, step_of, tables_of, unit_of
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_poses

ASKED = Asked("x", "px", "top", "nose", 0, 10)


@pytest.mark.parametrize(
    ("count", "width"), [(1, 1), (999, 1000), (1000, 1000), (1001, 1000), (216_000, 1280), (0, 5)]
)
def test_there_are_never_more_bins_than_the_width(count, width):
    step = step_of(count, width)
    assert -(-count // step) <= width
    assert step == 1 or -(-count // (step - 1)) > width


def test_bins_hold_extremes_and_skip_what_is_missing():
    values = np.array([3, np.nan, -1, np.nan, np.nan, np.nan, 5, 4], dtype=np.float32)
    bins = bin_series(Series(values), 30, 3)
    np.testing.assert_array_equal(bins.rows, [[-1, np.nan, 4], [3, np.nan, 5]])
    assert (bins.start, bins.step) == (30, 3)


def test_bands_hold_the_extremes_of_intervals_not_of_values():
    values = np.array([0, 1, 2, 3], dtype=np.float32)
    half = np.array([9, 1, 1, np.nan], dtype=np.float32)
    np.testing.assert_array_equal(
        bin_series(Series(values, half), 0, 2).rows, [[0, 2], [1, 3], [-9, 1], [9, 3]]
    )


def test_bins_of_an_hour_are_those_of_a_loop():
    values = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    values[values > 2] = np.nan
    step = 37
    low, high = bin_series(Series(values), 0, step).rows
    for n in range(len(low)):
        part = values[n * step : (n + 1) * step]
        assert low[n] == np.nanmin(part)
        assert high[n] == np.nanmax(part)


def test_speeds_are_by_the_time_that_passed():
    points = np.cumsum(np.array([[0, 0], [3, 4], [3, 4], [0, 0], [6, 8]], dtype=np.float32), axis=0)
    np.testing.assert_allclose(speeds(points, 0, None), [np.nan, 5, 5, 0, 10])
    times = np.array([0, 0.1, 0.2, 0.4, 0.5])
    np.testing.assert_allclose(speeds(points, 0, times), [np.nan, 50, 50, 0, 100], rtol=1e-6)
    np.testing.assert_allclose(speeds(points, 2, times)[:3], [np.nan, 25, 50], rtol=1e-6)
    late = speeds(points, 3, times)  # the video ends: its mean rate of 8/s goes on
    np.testing.assert_allclose(late, [np.nan, 50, 40, 0, 80], rtol=1e-6)


def test_two_frames_at_one_time_have_no_speed():
    points = np.array([[0, 0], [3, 4], [6, 8]], dtype=np.float32)
    assert np.isnan(speeds(points, 0, np.array([0.0, 0.0, 1.0]))[1])


@pytest.fixture
def source(tmp_path):
    """Pixels of two views with variances in one, and world points."""
    frames = np.arange(5000)
    xy = np.stack([frames, 2 * frames], axis=1)[:, None].astype(float)
    found = Source(
        "m", "smoother", {"top": tmp_path / "top.csv", "side": tmp_path / "side.csv"}, tmp_path / "w.csv"
    )
    write_poses(found.views["top"], Poses(("nose",), xy, frames, variance=np.full(xy.shape, 4.0)))
    write_poses(found.views["side"], Poses(("nose",), xy + 1, frames, likelihood=np.full(xy.shape[:2], 0.5)))
    world = np.concatenate([xy, 0 * xy[..., :1]], axis=2)
    write_poses(found.world, Poses(("nose",), world, frames))
    return found


@pytest.mark.parametrize("copied", [False, True])
def test_series_are_the_same_from_text_and_from_copies(source, tmp_path, copied):
    shelf = Shelf(tmp_path)
    if copied:
        shelf.want(source.tables)
    asked = ASKED._replace(start=1000, stop=1500)
    frames = np.arange(1000, 1500)

    def read(**change):
        return read_series(source, asked._replace(**change), shelf, None, None)

    np.testing.assert_array_equal(read().values, frames)
    np.testing.assert_allclose(read().half, 1.96 * 2, rtol=1e-6)
    np.testing.assert_array_equal(read(view="side", quantity="y").values, 2 * frames + 1)
    assert read(view="side").half is None
    np.testing.assert_array_equal(read(view="side", quantity="confidence").values, 0.5)
    np.testing.assert_array_equal(read(space="world", quantity="z").values, 0)
    np.testing.assert_allclose(read(quantity="speed").values, np.sqrt(5), rtol=1e-6)
    assert np.isnan(read(view="top", quantity="confidence").values).all()


@pytest.mark.parametrize(
    "change", [{"view": "back"}, {"quantity": "z"}, {"quantity": "confidence", "view": "back"}]
)
def test_what_a_source_does_not_say_is_a_sentence(source, tmp_path, change):
    with pytest.raises(DataError):
        read_series(source, ASKED._replace(**change), Shelf(tmp_path), None, None)
    source.world = None
    with pytest.raises(DataError, match="no world points"):
        tables_of(source, ASKED._replace(space="world"))


@pytest.mark.parametrize(
    ("change", "unit"),
    [
        ({}, "px"), ({"space": "world"}, "mm"), ({"quantity": "speed"}, "px/s"),
        ({"quantity": "confidence"}, ""), ({"quantity": "reprojection", "space": "world"}, "px"),
        ({"quantity": "speed", "space": "world"}, "mm/s"),
    ],
)  # fmt: skip
def test_units_are_said(change, unit):
    assert unit_of(ASKED._replace(**change), "mm", True) == unit


def test_without_times_a_speed_is_per_frame_and_without_a_unit_the_world_has_its_own():
    assert unit_of(ASKED._replace(quantity="speed", space="world"), None, False) == "world units/frame"
