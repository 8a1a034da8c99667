"""The page holds everything in itself, shows names as text, and stays small for an hour."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import write_metric_table, write_poses
from lightning_pose.core.video import VideoWriter
from lightning_pose.frames.files import SessionFiles, find_files
from lightning_pose.report import write_report

EVIL = "<img src=x onerror=document.title='bad'>"
NAMES = (EVIL, 'ear\'s "left" & </script>', "tail")
CHROMIUM = shutil.which("chromium")


@pytest.fixture
def session(tmp_path, rng):
    """Return a function that writes predictions with a fault in frame 30 of the last view."""

    def write(frames=80, views=("cam1", "cam2"), names=NAMES, films=True):
        for v, view in enumerate(views or ("",)):
            stem = "_".join(filter(None, ("s1", view)))
            path = np.cumsum(rng.normal(size=(frames, len(names), 2)), axis=0) * 0.1 + 30
            if v == len(views or ("",)) - 1:
                path[30, 0] += 20
            poses = Poses(
                names, path, np.arange(frames), likelihood=rng.uniform(0.8, 1, (frames, len(names)))
            )
            write_poses(tmp_path / "preds" / f"{stem}.csv", poses)
            errors = rng.gamma(2, 1, (frames, len(names)))
            write_metric_table(
                tmp_path / "preds" / f"{stem}_pca_singleview_error.csv", errors, names, np.arange(frames)
            )
            if films:
                with VideoWriter(tmp_path / f"{stem}.mp4", 64, 64, 30) as writer:
                    for _ in range(frames):
                        writer.write(np.full((64, 64, 3), 128, np.uint8))
        videos = {view: tmp_path / f"{'_'.join(filter(None, ('s1', view)))}.mp4" for view in views or ("",)}
        return find_files(tmp_path / "preds", views, videos={"s1": videos} if films else None)["s1"]

    return write


def data_of(page: str) -> dict:
    """Return the record that the page's script reads."""
    found = re.search(r'<script type="application/json" id=data>(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_worst_frame_is_listed_with_picture_and_reason(tmp_path, session):
    listed = write_report(tmp_path / "r.html", session())
    assert listed[0].frame == 30 and listed[0].view == "cam2" and listed[0].keypoint == EVIL
    page = (tmp_path / "r.html").read_text()
    assert page.count("data:image/jpeg;base64,") == len(listed)
    assert data_of(page)["marks"][0] == [30, "cam2", EVIL, round(listed[0].score, 2)]
    assert 'id="f30"' in page and "px off its path" in page and "0:01.00" in page


def test_nothing_comes_from_elsewhere_and_names_are_never_markup(tmp_path, session):
    write_report(tmp_path / "r.html", session())
    page = (tmp_path / "r.html").read_text()
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert "<img src=x" not in page and "&lt;img src=x onerror" in page
    assert page.count("</script>") == 2
    assert data_of(page)["keypoints"] == list(NAMES)
    assert "default-src 'none'" in page


@pytest.mark.parametrize(("views", "films"), [((), True), (("a", "b", "c"), False)])
def test_one_view_or_many_with_videos_or_without(tmp_path, session, views, films):
    write_report(tmp_path / "r.html", session(views=views, films=films))
    page = (tmp_path / "r.html").read_text()
    assert ("data:image/jpeg" in page) == films
    assert page.count("<details>") == len(views)
    assert {signal["name"] for signal in data_of(page)["signals"]} == {"x", "y", "confidence", "jump", "pca"}


def test_a_session_without_a_fault_says_so(tmp_path):
    poses = Poses(("a",), np.zeros((40, 1, 2)), np.arange(40))
    write_poses(tmp_path / "s.csv", poses)
    assert write_report(tmp_path / "r.html", SessionFiles("s", {"": [tmp_path / "s.csv"]})) == []
    assert "no frame stands out" in (tmp_path / "r.html").read_text()


@pytest.mark.slow
def test_an_hour_of_many_keypoints_stays_below_two_megabytes(tmp_path, session):
    names = tuple(f"point{k}" for k in range(30))
    files = session(frames=108_000, views=("a", "b"), names=names, films=False)
    write_report(tmp_path / "r.html", files)
    assert (tmp_path / "r.html").stat().st_size < 2e6


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_the_browser_draws_the_traces_and_runs_no_script_of_a_name(tmp_path, session):
    write_report(tmp_path / "r.html", session())
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*command, f"--user-data-dir={tmp_path / 'profile'}", (tmp_path / "r.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.count('class="plot"') == 5  # x, y, confidence, jump, PCA error
    assert done.stdout.count("<option") == len(NAMES) + 2
    assert "<title>s1: report</title>" in done.stdout
    assert "frame 30, 1.00 s" in done.stdout
