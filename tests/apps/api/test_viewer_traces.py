"""Traces, against pandas and closed forms."""

import time
from pathlib import Path

import numpy as np
import pytest

from apps.api import viewer_traces
from apps.results import shelf
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_metric_table, write_poses
from tests.apps.api.test_viewer import parsed, source, truth_of
from tests.apps.conftest import FRAMES, NAMES, SESSION, VIEWS, two_cameras


def trace(viewer, name: str, **query) -> tuple[dict, np.ndarray]:
    """Return the line and the rows of a trace."""
    words = "&".join(f"{key}={value}" for key, value in query.items())
    head, floats = parsed(viewer.raw(f"/recordings/{SESSION}/traces/{source(viewer, name)['id']}?{words}"))
    count = -(-(head["stop"] - head["start"]) // head["step"])
    rows = floats.reshape(-1, count)
    assert len(rows) == (4 if head["band"] else 2)
    return head, rows


def table(demo: Path, seed: int, view: str) -> Path:
    return demo / "models" / "demo" / "video_preds" / f"{SESSION}_{view}_rng={seed}.csv"


def test_wide_enough_a_trace_is_exact(viewer, demo):
    for quantity, coord in (("x", "x"), ("y", "y"), ("confidence", "likelihood")):
        head, rows = trace(
            viewer, "models/demo · seed 1", quantity=quantity, view="side", keypoint="tail", width=FRAMES
        )
        expected = truth_of(table(demo, 1, "side"), (coord,))[:, NAMES.index("tail"), 0]
        assert (head["start"], head["stop"], head["step"], head["complete"]) == (0, FRAMES, 1, 1)
        assert head["unit"] == ("" if quantity == "confidence" else "px")
        np.testing.assert_array_equal(rows, np.tile(expected.astype(np.float32), (2, 1)))


def test_a_narrow_trace_holds_the_extremes_of_every_bin(viewer, demo):
    head, rows = trace(
        viewer, "models/demo · seed 1", quantity="x", view="top", keypoint="nose", start=5, stop=33, width=4
    )
    assert (head["start"], head["stop"], head["step"]) == (0, 35, 7)
    values = truth_of(table(demo, 1, "top"), ("x",))[:35, 0, 0].astype(np.float32).reshape(5, 7)
    np.testing.assert_array_equal(rows, [values.min(axis=1), values.max(axis=1)])


def test_the_band_is_1_96_standard_deviations(viewer, demo):
    head, rows = trace(viewer, "smoothed", quantity="z", space="world", keypoint="nose")
    z = truth_of(demo / "smoothed" / "multicam_3d_results.csv", ("z",))[:, 0, 0]
    assert (head["unit"], head["band"]) == ("mm", True)
    np.testing.assert_allclose(rows, [z, z, z - 1.96 * 2, z + 1.96 * 2], rtol=1e-6)
    head, rows = trace(viewer, "smoothed", quantity="x", view="top", keypoint="nose")
    np.testing.assert_allclose(rows[3] - rows[0], 1.96 * 0.5, atol=1e-4)


def test_speed_is_the_step_by_the_time_between_frames(viewer, demo):
    head, rows = trace(viewer, "truth", quantity="speed", space="world", keypoint="nose", start=7, stop=20)
    world = truth_of(demo / "project" / "truth" / f"{SESSION}_3d.csv", ("x", "y", "z"))[:, 0]
    expected = 30 * np.linalg.norm(np.diff(world, axis=0), axis=1)
    assert head["unit"] == "mm/s"
    np.testing.assert_allclose(rows[0], expected[6:19], rtol=1e-5)
    assert np.isnan(trace(viewer, "truth", quantity="speed", space="world", keypoint="nose")[1][0, 0])


def test_pixels_of_world_points_are_where_the_camera_sees_them(viewer, demo):
    _, rows = trace(viewer, "truth", quantity="y", view="side", keypoint="tail")
    world = truth_of(demo / "project" / "truth" / f"{SESSION}_3d.csv", ("x", "y", "z"))[:, 3]
    np.testing.assert_allclose(rows[0], two_cameras().project(world)[1, :, 1], atol=1e-3)


def test_reprojection_errors_are_those_of_the_triangulated_point(viewer, demo):
    head, rows = trace(
        viewer, "models/demo · seed 0", quantity="reprojection", view="side", keypoint="paw_left"
    )
    xy = np.stack([truth_of(table(demo, 0, view), ("x", "y"))[:, 1] for view in VIEWS])
    rig = two_cameras()
    expected = np.linalg.norm(rig.project(rig.triangulate(xy)) - xy, axis=2)[1]
    assert head["unit"] == "px"
    np.testing.assert_allclose(rows[0], expected, atol=1e-3)


def test_reprojection_errors_that_are_written_are_shown(viewer, demo):
    predictions = demo / "models" / "single" / "video_preds"
    errors = np.random.default_rng(3).uniform(0, 9, (FRAMES, len(NAMES)))
    for view in VIEWS:
        points = Poses(NAMES, np.ones((FRAMES, len(NAMES), 2)), np.arange(FRAMES))
        write_poses(predictions / f"{SESSION}_{view}.csv", points)
    write_metric_table(
        predictions / f"{SESSION}_top_reprojection_error.csv", errors, NAMES, np.arange(FRAMES)
    )
    _, rows = trace(viewer, "models/single", quantity="reprojection", view="top", keypoint="tail")
    np.testing.assert_array_equal(rows[1], errors[:, 3].astype(np.float32))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("quantity=mood&keypoint=nose&view=top", 400),
        ("keypoint=wing&view=top", 400),
        ("keypoint=nose&view=up", 404),
        ("keypoint=nose&view=top&width=0", 400),
        ("keypoint=nose&view=top&width=99999999", 400),
        ("keypoint=nose&view=top&start=-4", 400),
        ("keypoint=nose&view=top&start=99999999999999999999", 400),
        ("keypoint=nose&quantity=z&space=world", 409),
        ("keypoint=nose&quantity=z&view=top", 409),
    ],
)
def test_what_cannot_be_drawn_is_said(viewer, query, status):
    address = f"/recordings/{SESSION}/traces/{source(viewer, 'models/demo · seed 0')['id']}?{query}"
    answer = viewer.raw(address)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_while_a_large_table_is_copied_the_share_is_told_and_short_ranges_are_there(
    viewer, demo, monkeypatch
):
    """Also of reprojection errors, which take two steps."""
    monkeypatch.setattr(shelf, "AT_ONCE", 0)
    monkeypatch.setattr(viewer_traces, "SHORT", 10)
    ids = source(viewer, "models/demo · seed 0")["id"]
    for quantity in ("x", "reprojection"):
        address = f"/recordings/{SESSION}/traces/{ids}?quantity={quantity}&keypoint=nose&view=top"
        _, brief = parsed(viewer.raw(f"{address}&start=5&stop=12"))
        shares = []
        for _ in range(600):
            answer = viewer.raw(address)
            if answer.status_code == 200:
                break
            assert answer.status_code == 202
            shares.append(answer.json()["building"])
            time.sleep(0.1)
        assert shares
        assert shares == sorted(shares)
        assert max(shares) < 1
        whole = parsed(answer)[1].reshape(2, FRAMES)
        np.testing.assert_allclose(whole[:, 5:12], brief.reshape(2, 7), atol=1e-5)


def test_a_faulty_table_is_a_sentence(viewer, demo):
    ids = source(viewer, "models/demo · seed 0")["id"]
    path = table(demo, 0, "top")
    path.write_bytes(path.read_bytes()[:-20])
    for quantity in ("x", "speed", "reprojection"):
        answer = viewer.raw(f"/recordings/{SESSION}/traces/{ids}?quantity={quantity}&keypoint=nose&view=top")
        assert answer.status_code == 409
        assert path.name in answer.json()["error"]


def test_the_smoothers_reprojection_error_is_how_far_it_moves_what_it_was_given(viewer, demo):
    path = demo / "smoothed" / "multicam_top_results.csv"
    rng = np.random.default_rng(1)
    points, moved = rng.uniform(0, 99, (2, FRAMES, len(NAMES), 2))
    extras = {"x_ens_median": moved[..., 0], "y_ens_median": moved[..., 1]}
    write_poses(path, Poses(NAMES, points, np.arange(FRAMES), extras=extras))
    _, rows = trace(viewer, "smoothed", quantity="reprojection", view="top", keypoint="paw_right")
    np.testing.assert_allclose(rows[0], np.linalg.norm(points - moved, axis=2)[:, 2], rtol=1e-5)
