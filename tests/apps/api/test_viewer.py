"""The viewer's routes, against the files that they are about."""

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

from apps.api.places import project_id
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoWriter
from lightning_pose.projects.sessions import proxy_file
from tests.apps.conftest import FRAMES, NAMES, SESSION, VIEWS, two_cameras
from tests.lightning_pose.core.conftest import write_barcodes


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


def test_a_table_that_is_written_again_is_another_version_and_never_mixed(viewer, demo):
    """Also where a copy of the former one is there."""
    name = "models/demo · seed 0"
    before, xy, _ = poses(viewer, name)
    viewer.raw(f"/recordings/{SESSION}/traces/{source(viewer, name)['id']}?keypoint=nose&view=top")
    table = demo / "models" / "demo" / "video_preds" / f"{SESSION}_top_rng=0.csv"
    write_poses(table, Poses(NAMES, np.ones((25, len(NAMES), 2)), np.arange(25)))
    after, changed, _ = poses(viewer, name)
    assert after["version"] != before["version"]
    assert source(viewer, name)["version"] == after["version"]
    np.testing.assert_array_equal(changed[:25, 0, :, :2], 1)
    assert np.isnan(changed[25:, 0]).all()
    np.testing.assert_array_equal(changed[:, 1], xy[:, 1])


def test_of_a_faulty_table_the_fault_is_told_and_the_other_views_are_shown(viewer, demo):
    table = demo / "models" / "demo" / "video_preds" / f"{SESSION}_top_rng=0.csv"
    _, xy, _ = poses(viewer, "models/demo · seed 0")
    for text in (table.read_bytes()[:-20], b"", b"what is this"):
        table.write_bytes(text)
        head, shown, _ = poses(viewer, "models/demo · seed 0")
        assert len(head["faults"]) == 1
        assert table.name in head["faults"][0]
        assert np.isnan(shown[:, 0]).all()
        np.testing.assert_array_equal(shown[:, 1], xy[:, 1])
    other = table.with_name(f"{SESSION}_side_rng=0.csv")
    other.write_bytes(b"")
    address = f"/recordings/{SESSION}/poses/{source(viewer, 'models/demo · seed 0')['id']}"
    answer = viewer.raw(address)
    assert (answer.status_code, table.name in answer.json()["error"]) == (409, True)
    table.unlink()
    other.unlink()
    assert viewer.raw(address).status_code in (404, 409)


def test_keypoints_that_a_source_lacks_are_missing_and_others_in_the_projects_order(viewer, demo):
    table = demo / "models" / "other" / "video_preds" / f"{SESSION}_top.csv"
    points = np.arange(2 * FRAMES * 2.0).reshape(FRAMES, 2, 2)
    write_poses(table, Poses(("tail", "wing"), points, np.arange(FRAMES)))
    _, xy, _ = poses(viewer, "models/other")
    np.testing.assert_array_equal(xy[:, 0, NAMES.index("tail"), :2], points[:, 0])
    assert np.isnan(xy[:, 0, :3]).all()


def test_a_missing_point_is_nan_and_no_number_of_json_is(viewer, demo):
    table = demo / "smoothed" / "multicam_top_results.csv"
    points = np.full((FRAMES, len(NAMES), 2), np.nan)
    write_poses(table, Poses(NAMES, points, np.arange(FRAMES), variance=points))
    _, xy, _ = poses(viewer, "smoothed")
    assert np.isnan(xy[:, 0]).all()


def test_a_video_that_cannot_be_read_or_is_gone_has_a_fault(viewer, demo):
    videos = demo / "project" / "videos"
    (videos / f"{SESSION}_top.mp4").write_bytes(b"no film")
    found = {view["name"]: view for view in viewer.get(f"/recordings/{SESSION}")["views"]}
    assert not found["top"]["playable"]
    assert "mp4" in found["top"]["fault"]
    assert found["side"]["playable"]
    assert viewer.raw(f"/recordings/{SESSION}/times/top").status_code == 409
    (videos / f"{SESSION}_top.mp4").unlink()
    shown = viewer.get(f"/recordings/{SESSION}")["views"]  # predicted, so it is drawn without a picture
    assert [(view["name"], view["video"]) for view in shown] == [("top", False), ("side", True)]


def test_the_times_of_an_uneven_video_are_told_and_those_of_its_copy_where_that_is_shown(viewer, demo):
    video = demo / "project" / "videos" / f"{SESSION}_top.mp4"
    stamps = np.cumsum(np.arange(60, 60 + FRAMES)).tolist()
    write_barcodes(video, FRAMES, stamps=stamps)
    answer = viewer.raw(f"/recordings/{SESSION}/times/top")
    told = np.frombuffer(answer.content, dtype="<f8")
    np.testing.assert_allclose(told, np.array(stamps) / 3000, atol=1e-4)
    copy = proxy_file(demo / "project", video)
    copy.parent.mkdir(parents=True)
    write_barcodes(copy, FRAMES)
    assert viewer.raw(f"/recordings/{SESSION}/times/top").content == b""


def test_one_view_without_cameras(open_browser, tmp_path):
    folder = tmp_path / "walk"
    create_project(folder, (), skeleton_from_names(NAMES, []))
    points = np.random.default_rng(0).normal(size=(50, len(NAMES), 2))
    write_poses(folder / "m" / "video_preds" / "s1.csv", Poses(NAMES, points, np.arange(50)))
    with VideoWriter(folder / "videos" / "s1.mp4", 64, 48, fps=25) as writer:
        for _ in range(50):
            writer.write(np.zeros((48, 64, 3), np.uint8))
    browser = open_browser(folder)
    [listed] = browser.get("/recordings")["sessions"]
    assert listed == {"name": "s1", "views": [""], "predicted": 1, "smoothed": False, "calibrated": False}
    found = browser.get("/recordings/s1")
    assert (found["cameras"], found["bounds"], found["unit"], found["fps"]) == (None, None, None, 25)
    assert browser.raw("/recordings/s1/times/").headers["x-rate"] == "25.0"
    head, floats = parsed(browser.raw(f"/recordings/s1/poses/{found['sources'][0]['id']}?start=10&stop=20"))
    shape = (10, 1, len(NAMES), 3)
    np.testing.assert_array_equal(floats.reshape(shape)[:, 0, :, :2], points[10:20].astype(np.float32))
    assert head["views"] == [""]


def test_predictions_without_any_video_are_shown(open_browser, demo):
    shutil.rmtree(demo / "project" / "videos")
    browser = open_browser(demo)
    browser.home = f"/api/projects/{project_id(demo / 'project')}"
    found = browser.get(f"/recordings/{SESSION}")
    assert [(view["name"], view["video"]) for view in found["views"]] == [("top", False), ("side", False)]
    assert [(view["width"], view["height"]) for view in found["views"]] == [(160, 120), (160, 120)]
    assert (found["frames"], found["fps"]) == (FRAMES, None)
    ids = {one["name"]: one["id"] for one in found["sources"]}
    address = f"/recordings/{SESSION}/traces/{ids['truth']}?quantity=speed&space=world&keypoint=nose"
    assert parsed(browser.raw(address))[0]["unit"] == "mm/frame"


def test_the_room_holds_the_animal_but_not_what_is_lost(viewer, demo):
    low, high = viewer.get(f"/recordings/{SESSION}")["bounds"]
    world = truth_of(demo / "project" / "truth" / f"{SESSION}_3d.csv", ("x", "y", "z")).reshape(-1, 3)
    assert (np.array(low) < np.quantile(world, 0.01, axis=0)).all()
    assert (np.array(high) > np.quantile(world, 0.99, axis=0)).all()
    assert (np.array(high) - low < 1.5 * np.ptp(world, axis=0).max()).all()


ODD = [
    "",
    "-1",
    "0",
    "7",
    "1e3",
    "NaN",
    "9" * 30,
    "../x",
    "%00",
    "top",
    "nose",
    "x",
    "world",
    "\U0001f400",
    "'\"<b>",
]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_asked_there_is_an_answer_or_a_sentence(viewer, seed):
    rng = np.random.default_rng(seed)
    ids = [one["id"] for one in viewer.get(f"/recordings/{SESSION}")["sources"]]
    keys = ("start", "stop", "width", "quantity", "space", "view", "keypoint", "keypoints", "views", "source")

    def some(*usual: str) -> str:
        return str(rng.choice(usual if rng.random() < 0.7 else ODD))

    for _ in range(25):
        session, one = some(SESSION), some(*ids)
        path = rng.choice(
            [f"poses/{one}", f"traces/{one}", f"times/{some(*VIEWS)}", "export/traces", "marks", ""]
        )
        usual = {
            "source": ids,
            "view": VIEWS,
            "keypoint": NAMES,
            "views": VIEWS,
            "quantity": ["x", "speed", "reprojection"],
        }
        query = {key: some(*usual.get(key, ["3", "9", "30"])) for key in keys if rng.random() < 0.6}
        answer = viewer.raw(f"/recordings/{quote(session, safe='')}/{quote(path)}".rstrip("/"), params=query)
        assert answer.status_code in (200, 400, 404, 409), (path, query, answer.text)
        assert answer.status_code == 200 or answer.json()["error"]
