"""The files that a session's page is made of."""

from pathlib import Path

from rich.console import Console

from lightning_pose.core.sessions import check_session
from lightning_pose.frames.files import find_files
from lightning_pose.predict import Options, predict
from lightning_pose.predict.outputs import Layout
from lightning_pose.predict.pages import session_files

QUIET = Console(quiet=True)


def test_files_are_those_that_are_found_by_their_names(
    film_session, make_ensemble, spot_network, calibrated, world
):
    ensemble = make_ensemble()
    videos = film_session()
    (ensemble / "video_preds_smoothed" / "s1").mkdir(parents=True)  # the smoother failed here
    predict(ensemble, videos.values(), Options(skip_viz=True), QUIET)
    session = check_session("s1", videos, tuple(videos))
    own = session_files(Layout(ensemble, is_ensemble=True), session, ("rng=0", "rng=1"))
    found = find_files(ensemble, tuple(videos), videos={"s1": videos})["s1"]
    assert own.views == found.views and own.world == found.world and own.videos == found.videos
    assert {view: list(paths) for view, paths in own.predictions.items()} == found.predictions
    assert own.metrics == found.metrics and set(own.metrics) == {"temporal_norm", "reprojection_error"}
    assert not own.smoothed and not found.smoothed


def test_a_video_may_be_named_like_a_table_of_something_else(
    film_session, make_model, spot_network, tmp_path: Path
):
    model = make_model(views=("",))
    videos = [tmp_path / f"{name}.mp4" for name in ("arena_3d", "arena_temporal_norm")]
    for video in videos:
        film_session(counts={"cam1": 5})["cam1"].rename(video)
    summary = predict(model, videos, Options(), QUIET)
    assert not summary.failures
    pages = {path.name for path in (model / "reports").iterdir()}
    assert pages == {f"{video.stem}.{kind}" for video in videos for kind in ("html", "json")}
