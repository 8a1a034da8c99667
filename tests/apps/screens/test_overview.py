"""The project at a glance: numbers that the fixtures fix, the next thing to do, what is not shown."""

import shutil
import time
from pathlib import Path

import pytest

from apps.screens.overview import error_of
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.projects.status import Model


def numbers(page) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in page.metric}


def sentence(page) -> str:
    """Return the next thing to do."""
    said = next(element.value for element in page.markdown if ":small[:gray[" in element.value)
    return said.replace("\\", "")


def test_an_empty_project_is_told_to_add_recordings(draw, empty):
    page = draw(empty, "overview")
    assert "There are no videos yet: add recordings." in sentence(page)
    assert page.button[0].label == "Add recordings"
    said = numbers(page)
    assert said["Sessions"] == ("0", "2 views each")
    assert said["Labeled frames"] == ("0", "0 waiting")
    assert [info.value for info in page.info] == [
        "No videos and no predictions yet.",
        "Nothing is labeled yet.",
    ]


def test_labels_are_counted_by_session_and_keypoint(draw, healthy):
    page = draw(healthy, "overview")
    assert numbers(page)["Labeled frames"] == ("4", "0 waiting")
    assert "All 4 frames that were extracted are labeled: extract 16 more." in sentence(page)
    table = page.dataframe[0].value
    assert table["session"].tolist() == ["mouse1", "mouse7"]
    assert table["videos"].tolist() == [2, 2]
    assert table["labeled frames"].tolist() == [0, 4]
    assert table["calibrated"].tolist() == ["✓", "✓"]
    bars = next(element.proto.body for element in page.main if "litpose-bars" in str(element.proto))
    assert bars.count('<span class="count">8</span>') == 4  # four keypoints, four frames, two views


def test_a_broken_project_is_shown_all_the_same(draw, broken):
    page = draw(broken, "overview")
    assert numbers(page)["Sessions"][0] == "2"
    assert any("mouse1_top.mp4" in error.value for error in page.error)


def test_the_models_of_a_demo_and_its_scores(draw, demo_folder, tmp_path):
    folder = Path(shutil.copytree(demo_folder, tmp_path / "demo"))
    for table in (folder / "models" / "demo" / "video_preds").glob("*.csv"):
        table.touch()  # the fixture writes a view's tables before the next view's video
    page = draw(folder, "overview")
    sessions, models, scores = (frame.value for frame in page.dataframe)
    assert sessions["predicted"].tolist() == ["", "✓"]
    assert models["model"].tolist() == ["models/demo"]
    assert models["networks"].tolist() == [2]
    assert models["predicted"].tolist() == [1]
    assert scores["method"].tolist() == ["smoother"]
    assert scores["3D mean, mm"].tolist() == [3.0]
    assert scores["95 % interval covers"].tolist() == ["95.1 %"]


def test_files_that_are_not_shown_are_named_with_the_reason(draw, demo_folder, tmp_path):
    folder = Path(shutil.copytree(demo_folder, tmp_path / "demo"))
    (folder / "project" / "videos" / "holiday.mp4").write_bytes(b"")
    page = draw(folder, "overview")
    assert any("holiday.mp4" in text.value for text in page.expander[0].text)


def test_the_button_leads_to_the_page(draw, empty, monkeypatch):
    seen = []
    monkeypatch.setattr("apps.main.open_page", seen.append)
    page = draw(empty, "overview")
    page.button[0].click().run()
    assert not page.exception
    assert seen == ["recordings"]


@pytest.fixture
def thousand(tmp_path) -> Path:
    """A project of 1000 sessions of two views, all predicted by one model; no video can be opened."""
    folder = tmp_path / "many"
    create_project(folder, ("top", "side"), skeleton_from_names(("nose", "tail"), []))
    (folder / "models" / "m" / "video_preds").mkdir(parents=True)
    for number in range(1000):
        for view in ("top", "side"):
            (folder / "videos" / f"s{number:04d}_{view}.mp4").touch()
            (folder / "models" / "m" / "video_preds" / f"s{number:04d}_{view}.csv").touch()
    return folder


def test_a_thousand_sessions_are_shown_and_no_more_than_four_videos_opened(draw, thousand, monkeypatch):
    opened = []
    monkeypatch.setattr("apps.screens.overview.VideoReader", lambda path: opened.append(path) or 1 / 0)
    monkeypatch.setattr(
        "apps.screens.overview.middle_frame", lambda path, changed: opened.append(path) or None
    )
    monkeypatch.setattr("streamlit.delta_generator.DeltaGenerator.image", lambda *words, **more: None)
    before = time.process_time()
    page = draw(thousand, "overview")
    assert len(page.dataframe[0].value) == 1000
    assert numbers(page)["Sessions"][0] == "1000"
    assert len(opened) == 4
    assert time.process_time() - before < 10


def test_the_error_of_an_ensemble_is_the_mean_of_its_members_and_read_again_when_it_changes(tmp_path):
    head = "set,view,keypoint,labels,mean_px,median_px,p90_px,confidence\n"
    for seed, mean in ((0, 4.0), (1, 6.0)):
        (tmp_path / f"rng={seed}").mkdir()
        (tmp_path / f"rng={seed}" / "metrics.csv").write_text(f"{head}validation,all,all,9,{mean},1,1,1\n")
    model = Model(tmp_path, "e", ("rng=0", "rng=1"), None, 1.0)
    assert error_of(model, ("top",)) == 5.0
    (tmp_path / "rng=1" / "metrics.csv").write_text(f"{head}validation,all,all,9,8.0,1,1,1\n")
    assert error_of(model, ("top",)) == 6.0
    assert error_of(model._replace(folder=tmp_path / "gone"), ()) is None
