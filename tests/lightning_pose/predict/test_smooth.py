"""The smoother as a process: what it is asked, where its tables go, and what is said when it fails."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from lightning_pose.core.errors import ConfigError
from lightning_pose.core.tables import read_poses
from lightning_pose.predict import Options, predict
from lightning_pose.projects import smoothing

QUIET = Console(quiet=True)
OPTIONS = Options(skip_viz=True, eks=True)


def modified(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.csv")}


@pytest.mark.slow
def test_a_calibrated_session_is_smoothed_in_3d_and_kept_the_next_time(
    film_session, make_ensemble, spot_network, calibrated, world
):
    ensemble = make_ensemble()
    folder = film_session()["cam1"].parent
    summary = predict(ensemble, [folder], OPTIONS, QUIET)
    assert summary.done == ["s1", "s1, smoothed"] and not summary.failures
    smoothed = ensemble / "video_preds_smoothed" / "s1"
    found = read_poses(smoothed / "multicam_3d_results.csv")
    raw = read_poses(ensemble / "video_preds_3d" / "s1_3d.csv")
    assert np.median(np.linalg.norm(found.points - raw.points, axis=-1)) < 0.1
    assert (smoothed / "multicam_cam2_results.csv").is_file()
    assert (ensemble / "video_preds" / "s1_cam2_rng=0.csv").is_file()  # both are left
    before = modified(ensemble)
    assert predict(ensemble, [folder], OPTIONS, QUIET).kept == ["s1", "s1, smoothed"]
    assert modified(ensemble) == before
    (smoothed / "multicam_results.json").unlink()
    again = predict(ensemble, [folder], OPTIONS, QUIET)
    assert (again.kept, again.done) == (["s1"], ["s1, smoothed"])
    predict(ensemble, [folder], Options(skip_viz=True, overwrite=True), QUIET)  # what is smoothed is older
    again = predict(ensemble, [folder], OPTIONS, QUIET)
    assert (again.kept, again.done) == (["s1"], ["s1, smoothed"])


@pytest.mark.slow
def test_sessions_without_calibration_are_smoothed_view_by_view(film_session, make_ensemble, spot_network):
    ensemble = make_ensemble()
    folder = film_session()["cam1"].parent
    assert not predict(ensemble, [folder], OPTIONS, QUIET).failures
    names = {path.name for path in (ensemble / "video_preds_smoothed" / "s1").glob("*.csv")}
    assert names == {f"singlecam_cam{view}_results.csv" for view in (1, 2, 3)}


def test_a_smoother_that_fails_is_a_failure_of_its_session_and_leaves_the_predictions(
    film_session: Callable[..., dict[str, Path]],
    make_ensemble: Callable[..., Path],
    spot_network: list[Path],
    monkeypatch: pytest.MonkeyPatch,
):
    ensemble = make_ensemble()
    folder = film_session()["cam1"].parent
    said = "import sys; print('error: no such thing', file=sys.stderr); sys.exit(2)"
    monkeypatch.setattr(smoothing, "EKS", (smoothing.sys.executable, "-c", said))
    summary = predict(ensemble, [folder], OPTIONS, QUIET)
    assert summary.done == ["s1"]
    assert summary.failures[0].what == "s1, smoothed"
    assert summary.failures[0].reason == "the smoother failed (exit code 2): no such thing"
    assert len(list((ensemble / "video_preds").glob("*.csv"))) == 6


def test_a_single_network_has_nothing_to_smooth(film_session, make_model, spot_network):
    model, video = make_model(), film_session(counts={"cam1": 2})["cam1"]
    with pytest.raises(ConfigError, match="--eks smooths what several networks say"):
        predict(model, [video], OPTIONS, QUIET)
