"""Numbers and clips to take away."""

import io
import time

import numpy as np
import pandas as pd
import pytest

from lightning_pose.core.video import VideoReader
from tests.apps.api.test_viewer import source, truth_of
from tests.apps.conftest import SESSION, VIEWS


def exported(viewer, name: str, **query) -> pd.DataFrame:
    words = "&".join(f"{key}={value}" for key, value in query.items())
    address = f"/recordings/{SESSION}/export/traces?source={source(viewer, name)['id']}&{words}"
    answer = viewer.raw(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    return pd.read_csv(io.StringIO(answer.text))


def test_the_numbers_are_exactly_those_of_the_tables(viewer, demo):
    found = exported(viewer, "models/demo · seed 0", keypoints="nose,tail", views="side", start=3, stop=30)
    table = demo / "models" / "demo" / "video_preds" / f"{SESSION}_side_rng=0.csv"
    expected = truth_of(table, ("x", "y", "likelihood"))[3:30, [0, 3]].reshape(27, 6)
    assert found.columns.tolist() == [
        "frame", "seconds", "side/nose/x_px", "side/nose/y_px", "side/nose/confidence", "side/tail/x_px",
        "side/tail/y_px", "side/tail/confidence",
    ]  # fmt: skip
    assert found["frame"].tolist() == list(range(3, 30))
    np.testing.assert_allclose(found["seconds"], np.arange(3, 30) / 30, atol=1e-9)
    np.testing.assert_array_equal(found.to_numpy()[:, 2:], expected)


def test_world_points_come_with_variances_and_their_unit(viewer):
    found = exported(viewer, "smoothed", keypoints="nose")
    assert {"world/nose/z_mm", "world/nose/z_variance_mm2", "top/nose/x_variance_px2"} <= set(found.columns)
    assert (found["world/nose/z_variance_mm2"] == 4).all()


@pytest.mark.parametrize("query", ["keypoints=wing", "views=up", "start=9&stop=3", "start=-1"])
def test_what_is_not_there_is_not_exported(viewer, query):
    address = f"/recordings/{SESSION}/export/traces?source={source(viewer, 'truth')['id']}&{query}"
    assert viewer.raw(address).status_code == 400


def finished(viewer, job: str) -> dict:
    for _ in range(600):
        found = viewer.get(f"/jobs/{job}")
        if found["state"] not in ("running", "waiting"):
            return found
        time.sleep(0.1)
    raise AssertionError("the clip was not finished")


@pytest.mark.slow
def test_a_clip_of_all_views_can_be_saved(viewer, tmp_path):
    body = {
        "source": source(viewer, "smoothed")["id"], "start": 4, "stop": 14,
        "options": {"trail": 3, "ellipses": True},
    }  # fmt: skip
    job = finished(viewer, viewer.post(f"/recordings/{SESSION}/clips", body)["job"])
    assert job["state"] == "done", job["tail"]
    assert job["progress"] == 1
    [address] = job["files"]
    answer = viewer.client.get(address)
    assert answer.status_code == 200
    film = tmp_path / "clip.mp4"
    film.write_bytes(answer.content)
    with VideoReader(film) as reader:
        assert len(reader) == 10
        assert reader.info.width > reader.info.height * len(VIEWS) / 2
    assert viewer.get("/jobs")["jobs"][0]["id"] == job["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"start": 5, "stop": 5}, {"stop": 10**9}, {"start": -1}, {"options": {"trail": 10**6}},
        {"options": {"dot_size": "--out"}}, {"options": {"confidence_threshold": 2}},
        {"options": {"views": ["/"]}}, {"options": [1]}, {"start": True},
    ],
)  # fmt: skip
def test_a_clip_that_cannot_be_is_refused(viewer, change):
    body = {"source": source(viewer, "smoothed")["id"], "start": 4, "stop": 14, **change}
    assert viewer.post(f"/recordings/{SESSION}/clips", body, status=400)["error"]


def test_world_points_alone_cannot_be_drawn(viewer):
    body = {"source": source(viewer, "truth")["id"], "start": 4, "stop": 14}
    assert viewer.post(f"/recordings/{SESSION}/clips", body, status=409)["error"]


def test_a_job_that_is_none_is_said(viewer):
    assert viewer.raw("/jobs/123").status_code == 404
    assert viewer.raw("/jobs/123/files/x.mp4").status_code == 404
