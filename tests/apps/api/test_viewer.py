"""The viewer's routes, against the files that they are about."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.apps.conftest import FRAMES, NAMES, SESSION, VIEWS, two_cameras


def parsed(answer: Any) -> tuple[dict[str, Any], np.ndarray]:
    """Split an answer of numbers into its line and its floats."""
    assert answer.status_code == 200, answer.text
    line, _, body = answer.content.partition(b"\n")
    assert (len(line) + 1) % 4 == 0
    return json.loads(line), np.frombuffer(body, dtype="<f4")


def source(viewer, name: str) -> dict[str, Any]:
    return {one["name"]: one for one in viewer.get(f"/recordings/{SESSION}")["sources"]}[name]


def truth_of(table: Path, coords: tuple[str, ...]) -> np.ndarray:
    """Read a table with pandas: frames, keypoints, coordinates."""
    frame = pd.read_csv(table, header=[1, 2], index_col=0)
    return np.stack([frame.xs(coord, axis=1, level=1)[list(NAMES)].to_numpy() for coord in coords], axis=2)


def poses(
    viewer, name: str, start: int = 0, stop: int = 512
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Return the line, pixels and world points of a window."""
    head, floats = parsed(
        viewer.raw(f"/recordings/{SESSION}/poses/{source(viewer, name)['id']}?start={start}&stop={stop}")
    )
    shape = (head["stop"] - head["start"], len(head["views"]), len(NAMES), len(head["fields"]))
    count = int(np.prod(shape))
    return head, floats[:count].reshape(shape), floats[count:]


def test_all_sessions_are_listed_with_what_there_is_of_them(viewer):
    assert viewer.get("/recordings")["sessions"] == [
        {"name": "mouse1", "views": list(VIEWS), "predicted": 0, "smoothed": False, "calibrated": True},
        {"name": SESSION, "views": list(VIEWS), "predicted": 2, "smoothed": True, "calibrated": True},
    ]


def test_a_session_is_described(viewer):
    found = viewer.get(f"/recordings/{SESSION}")
    assert (found["frames"], found["fps"], found["unit"]) == (FRAMES, 30, "mm")
    assert [view["name"] for view in found["views"]] == list(VIEWS)
    assert all(
        view["playable"] and view["width"] == 160 and view["frames"] == FRAMES for view in found["views"]
    )
    assert found["keypoints"] == list(NAMES)
    assert [camera["view"] for camera in found["cameras"]] == list(VIEWS)
    np.testing.assert_allclose(found["cameras"][0]["position"], [0, -300, 300], atol=1e-9)
    kinds = {one["name"]: (one["kind"], one["world"], one["variance"]) for one in found["sources"]}
    assert kinds == {
        "models/demo · seed 0": ("network", False, False),
        "models/demo · seed 1": ("network", False, False),
        "smoothed": ("smoother", True, True),
        "truth": ("truth", True, False),
    }


def test_poses_are_what_pandas_reads(viewer, demo):
    head, xy, rest = poses(viewer, "models/demo · seed 1", 5, 33)
    assert (head["views"], head["fields"]) == (list(VIEWS), ["x", "y", "confidence"])
    assert not head["world"]
    assert not len(rest)
    for v, view in enumerate(VIEWS):
        table = demo / "models" / "demo" / "video_preds" / f"{SESSION}_{view}_rng=1.csv"
        expected = truth_of(table, ("x", "y", "likelihood"))[5:33]
        np.testing.assert_array_equal(xy[:, v], expected.astype(np.float32))


def test_the_smoothers_poses_come_with_covariances_and_world_points(viewer, demo):
    head, xy, rest = poses(viewer, "smoothed", 30, 512)
    assert head["stop"] == FRAMES
    assert head["fields"] == ["x", "y", "confidence", "sxx", "sxy", "syy"]
    np.testing.assert_allclose(xy[..., 3:], np.broadcast_to([0.25, 0, 0.25], xy[..., 3:].shape))
    assert np.isnan(xy[..., 2]).all()
    expected = truth_of(demo / "smoothed" / "multicam_3d_results.csv", ("x", "y", "z"))[30:]
    np.testing.assert_array_equal(rest.reshape(-1, len(NAMES), 3), expected.astype(np.float32))


def test_world_points_alone_are_shown_where_the_cameras_see_them(viewer, demo):
    head, xy, _ = poses(viewer, "truth", 3, 9)
    assert head["views"] == list(VIEWS)
    world = truth_of(demo / "project" / "truth" / f"{SESSION}_3d.csv", ("x", "y", "z"))[3:9]
    pixels = np.moveaxis(two_cameras().project(world), 0, 1)
    np.testing.assert_allclose(xy[..., :2], pixels, atol=1e-3)


@pytest.mark.parametrize("query", ["start=-1&stop=5", "start=9&stop=3", "start=0&stop=513", "start=x"])
def test_a_window_that_is_none_is_refused(viewer, query):
    address = f"/recordings/{SESSION}/poses/{source(viewer, 'truth')['id']}?{query}"
    assert viewer.raw(address).status_code == 400


def test_what_is_not_there_is_said(viewer):
    for address in (
        "/recordings/nobody",
        f"/recordings/{SESSION}/poses/0123",
        f"/recordings/{SESSION}/times/up",
    ):
        answer = viewer.raw(address)
        assert answer.status_code == 404
        assert answer.json()["error"]


def test_a_video_of_constant_rate_needs_no_times(viewer):
    answer = viewer.raw(f"/recordings/{SESSION}/times/top")
    assert (float(answer.headers["x-rate"]), answer.headers["x-frames"], answer.content) == (30.0, "40", b"")
