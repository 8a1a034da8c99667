"""Decimated traces keep every extreme; bytes give the values back to half a step."""

import base64

import numpy as np
import pytest

from lightning_pose.core.skeletons import Skeleton
from lightning_pose.frames.observed import Observed, evidence_of
from lightning_pose.report.traces import BUDGET, LEVELS, decimate, encode, stretches

T = 1003


@pytest.fixture
def seen(rng):
    xy = np.cumsum(rng.normal(size=(2, T, 3, 2)), axis=1)
    xy[0, 100:400, 1] = np.nan
    errors = {"reprojection": rng.gamma(1, 10, (2, T, 3))}
    return Observed(7, xy, rng.random((2, T, 3)), errors, rng.normal(size=(T, 3, 3)), None)


@pytest.fixture
def evidence(seen):
    return evidence_of(seen, ("a", "b"), Skeleton(("x", "y", "z")))


@pytest.mark.parametrize("buckets", [1, 10, 97, T])
def test_extremes_are_those_of_the_frames_of_a_stretch(seen, evidence, buckets):
    traces, _ = decimate(evidence, 7, T, buckets)
    place = np.arange(T) * buckets // T
    for b in range(0, buckets, max(buckets // 7, 1)):
        part = seen.xy[..., 0][:, place == b]
        low, high = np.fmin.reduce(part, axis=1), np.fmax.reduce(part, axis=1)
        np.testing.assert_array_equal(traces["x"].low[:, b], low)
        np.testing.assert_array_equal(traces["x"].high[:, b], high)
    assert set(traces) == {"x", "y", "X", "Y", "Z", "confidence", "jump", "reprojection"}


def test_points_of_wanted_frames_come_along(seen, evidence):
    _, points = decimate(evidence, 7, T, 10, {7, 500, 7 + T - 1, 99999})
    assert set(points) == {7, 500, 7 + T - 1}
    np.testing.assert_array_equal(points[500], seen.xy[:, 493])


def test_bytes_give_the_values_back(evidence):
    traces, _ = decimate(evidence, 7, T, 200)
    signals = {signal["name"]: signal for signal in encode(traces)}
    for name, v, k in (("x", 0, 1), ("reprojection", 1, 2), ("confidence", 0, 0)):
        low, high, text = signals[name]["rows"][v][k]
        data = np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(2, -1)
        values = np.where(data > LEVELS, np.nan, low + (high - low) * data / LEVELS)
        values = np.expm1(values) if signals[name]["log"] else values
        truth = np.stack([traces[name].low[v, :, k], traces[name].high[v, :, k]])
        np.testing.assert_array_equal(np.isnan(values), np.isnan(truth))
        step = (high - low) / LEVELS * (1 + np.nan_to_num(truth) if signals[name]["log"] else 1)
        assert np.nanmax(np.abs(values - truth) / step) < 0.55


def test_what_is_unknown_throughout_has_no_trace(seen):
    seen.xy[1, :, 2] = np.nan
    traces, _ = decimate(evidence_of(seen, ("a", "b"), Skeleton(("x", "y", "z"))), 7, T, 50)
    signals = {signal["name"]: signal for signal in encode(traces)}
    assert signals["x"]["rows"][1][2] is None and signals["x"]["rows"][1][1] is not None


@pytest.mark.parametrize(("frames", "traces"), [(10, 4), (5000, 8), (108_000, 1500), (108_000, 20)])
def test_all_traces_fit_into_the_page(frames, traces):
    count = stretches(frames, traces)
    assert 1 <= count <= frames and 2 * count * traces <= max(BUDGET, 4 * frames * traces)
