"""The sessions of a model, smoothed one after the other; only the smoother itself is left out."""

import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.pipeline import smooth
from lightning_pose.pipeline.smooth import Place, smooth_sessions
from lightning_pose.synthetic.rig import make_rig

VIEWS = ("top", "side")


@pytest.fixture
def place(tmp_path):
    """Two predicted sessions of two views, and one that lacks a view."""
    folder = tmp_path / "models" / "e" / "video_preds"
    folder.mkdir(parents=True)
    for table in ("a_top", "a_side", "b_top", "b_side", "c_top"):
        for seed in (0, 1):
            (folder / f"{table}_rng={seed}.csv").touch()
    return Place(tmp_path / "models" / "e", tmp_path, VIEWS)


@pytest.fixture
def calls(monkeypatch):
    """Take down what would be smoothed; session b fails."""
    made = []

    def stub(tables, folder, rig, how, *, anew):
        made.append((folder.name, {view: len(files) for view, files in tables.items()}, rig and rig.names))
        if folder.name == "b":
            raise DataError("the smoother failed: too short")
        return anew or not (folder / "done").exists()

    monkeypatch.setattr(smooth, "smooth_tables", stub)
    return made


def test_every_whole_session_is_smoothed_and_a_failure_stops_no_other(place, calls):
    seen, begun = [], []
    outcomes = smooth_sessions(
        place,
        begin=lambda *words: begun.append(words),
        report=lambda outcome, done, total: seen.append((outcome.name, done, total)),
    )
    assert [(one.name, one.state, one.reason) for one in outcomes] == [
        ("a", "smoothed", ""), ("b", "failed", "the smoother failed: too short"),
    ]  # fmt: skip
    assert begun == [("a", 0, 2), ("b", 1, 2)]
    assert seen == [("a", 1, 2), ("b", 2, 2)]
    assert calls == [(name, {"top": 2, "side": 2}, None) for name in ("a", "b")]


def test_sessions_can_be_named_and_what_is_done_is_kept(place, calls):
    (place.model / "video_preds_smoothed" / "a").mkdir(parents=True)
    (place.model / "video_preds_smoothed" / "a" / "done").touch()
    assert [one.state for one in smooth_sessions(place, ["a"])] == ["kept"]
    assert [one.state for one in smooth_sessions(place, ["a"], anew=True)] == ["smoothed"]


def test_names_that_are_not_predicted_are_all_told(place, calls):
    with pytest.raises(DataError, match=r"(?s)'c' is not predicted.*'x' is not predicted"):
        smooth_sessions(place, ["a", "c", "x"])
    assert not calls


def test_the_calibration_of_a_session_goes_before_that_of_all(place, calls):
    made = make_rig(2, (64, 48), np.random.default_rng(0))
    Rig(("side", "top"), made.sizes, made.camera, unit=made.unit).save(
        place.project / "calibrations" / "a.toml"
    )
    smooth_sessions(place, ["a"])
    smooth_sessions(place._replace(calibration="none"), ["a"])
    assert [names for _, _, names in calls] == [VIEWS, None]


def test_a_calibration_of_other_cameras_is_a_failure_of_its_session(place, calls):
    made = make_rig(2, (64, 48), np.random.default_rng(0))
    Rig(("left", "right"), made.sizes, made.camera, unit=made.unit).save(
        place.project / "calibrations" / "a.toml"
    )
    outcomes = smooth_sessions(place)
    assert [one.state for one in outcomes] == ["failed", "failed"]
    assert "a.toml" in outcomes[0].reason
    assert [name for name, _, _ in calls] == ["b"]
