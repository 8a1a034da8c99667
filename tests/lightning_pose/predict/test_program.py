"""Many sessions in one call: what goes on after an interruption, what fails, what is said of it."""

import dataclasses
import errno
import io
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.core.tables import read_poses
from lightning_pose.predict import Options, engine, network, predict, videos
from lightning_pose.predict.chunks import Chunks
from lightning_pose.predict.program import RESUME
from lightning_pose.predict.tracks import Block

QUIET = Console(quiet=True)
Film = Callable[..., dict[str, Path]]
MakeModel = Callable[..., Path]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def files_below(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_session_that_cannot_be_predicted_is_named_and_the_others_are_done(
    film_session, make_model, spot_network, capsys
):
    model = make_model()
    film_session("whole")
    film_session("uneven", counts={"cam1": 5, "cam2": 7, "cam3": 5})
    empty = film_session("empty", counts={"cam1": 9, "cam2": 9, "cam3": 9})["cam2"]
    (empty.parent / "overview.mp4").write_bytes(empty.read_bytes())
    empty.write_bytes(b"")
    summary = predict(model, [empty.parent], Options(skip_viz=True), QUIET)
    assert summary.done == ["whole"]
    reasons = {failure.what.split("/")[-1]: failure.reason for failure in summary.failures}
    assert "cam1 5, cam2 7, cam3 5" in reasons["session 'uneven'"]
    assert "--allow_unequal" in reasons["session 'uneven'"]
    assert "the file is empty (0 bytes)" in reasons["session 'empty'"]
    assert "does not end in a view" in reasons["overview.mp4"]
    shown = capsys.readouterr().err
    assert all(reason.splitlines()[0] in shown for reason in reasons.values())
    assert names_in(model / "video_preds")[:2] == ["whole.made_from.json", "whole_cam1.csv"]


def test_a_network_that_looks_at_all_views_refuses_a_session_without_one_unless_told(
    film_session, make_model, spot_network
):
    model = make_model()
    saved = model / "config.yaml"
    kind = "model_type: heatmap_multiview_transformer\n"
    saved.write_text(saved.read_text().replace("model_type: heatmap\n", kind))
    folder = film_session(counts={"cam1": 3, "cam3": 3})["cam1"].parent
    summary = predict(model, [folder], Options(skip_viz=True), QUIET)
    assert not summary.done
    assert "no video of view cam2" in summary.failures[0].reason
    assert "--allow_missing_views" in summary.failures[0].reason
    options = Options(skip_viz=True, allow_missing_views=True)
    assert predict(model, [folder], options, QUIET).done == ["s1"]


def test_a_calibration_of_another_size_is_refused_for_its_session_alone(
    film_session, make_model, spot_network, calibrated, world
):
    model = make_model()
    film_session("s1")
    film_session("s2")
    world.rig.scaled_to(2 * world.rig.sizes).save(calibrated.parent / "s2.toml")
    options = Options(skip_viz=True)
    summary = predict(model, [model.parent / "project" / "videos"], options, QUIET)
    assert summary.done == ["s1"]
    assert "calibrated at 320 x 240 px, but its video is 160 x 120 px" in summary.failures[0].reason
    summary = predict(
        model, [model.parent / "project" / "videos"], Options(skip_viz=True, calibration="none"), QUIET
    )
    assert (summary.done, summary.kept) == (["s2"], ["s1"])
    assert not (model / "video_preds" / "s2_3d.csv").exists()


def test_a_given_calibration_is_for_all_sessions(film_session, make_model, spot_network, tmp_path, world):
    model = make_model()
    film_session("a")
    world.rig.save(tmp_path / "rig.toml")
    options = Options(skip_viz=True, calibration=tmp_path / "rig.toml", out_dir=tmp_path / "elsewhere")
    predict(model, [tmp_path / "project" / "videos"], options, QUIET)
    assert (tmp_path / "elsewhere" / "video_preds" / "a_3d.csv").is_file()
    assert not (model / "video_preds").exists()


def test_faults_of_the_model_end_the_program(film_session, make_model, spot_network, tmp_path, monkeypatch):
    videos = film_session()
    with pytest.raises(ModelError, match="is not a trained model"):
        predict(tmp_path / "project", videos.values(), Options(), QUIET)
    with pytest.raises(ConfigError, match="no such device"):
        predict(make_model(), videos.values(), Options(device="cuda:99"), QUIET)


def test_the_first_session_is_decoded_once_and_while_the_networks_are_loaded(
    film_session, make_model, spot_network, monkeypatch
):
    opened: list[str] = []
    load = network.load_trained

    class Counted(engine.Footage):
        def __init__(self, session, *words, **options) -> None:
            opened.append(session.name)
            super().__init__(session, *words, **options)

    def loaded(member, device):
        assert opened == ["one"]
        return load(member, device)

    monkeypatch.setattr(engine, "Footage", Counted)
    monkeypatch.setattr(videos, "Footage", Counted)
    monkeypatch.setattr(network, "load_trained", loaded)
    model, film = make_model(), film_session("one")["cam1"].parent
    film_session("two")
    assert predict(model, [film], Options(skip_viz=True, calibration="none"), QUIET).done == ["one", "two"]
    assert opened == ["one", "two"]
    opened.clear()
    monkeypatch.setattr(network, "load_trained", raising(ModelError("no weights")))
    with pytest.raises(ModelError, match="no weights"):
        predict(model, [film], Options(skip_viz=True, overwrite=True), QUIET)
    assert opened == ["one"]
    assert not [thread for thread in threading.enumerate() if thread.name == "decoder"]


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_sessions_side_by_side_are_those_one_after_the_other(
    film_session, make_model, spot_network, calibrated, tmp_path
):
    model = make_model()
    for name, count in {"s1": 23, "s2": 11, "s3": 5}.items():
        film_session(name, counts=dict.fromkeys(("cam1", "cam2", "cam3"), count))
    folder = tmp_path / "project" / "videos"
    for name, count in {"one": 1, "three": 3}.items():
        options = Options(skip_viz=True, in_flight=count, out_dir=tmp_path / name)
        assert sorted(predict(model, [folder], options, QUIET).done) == ["s1", "s2", "s3"]
    one, three = (files_below(tmp_path / name) for name in ("one", "three"))
    assert len(one) == 3 * 2 * 3 + 5 + 3 and one == three


def test_an_interrupt_says_how_to_go_on_and_the_same_call_does(
    film_session, make_model, spot_network, calibrated, monkeypatch, tmp_path
):
    """The tables of a call that was interrupted twice are those of one that was not, to the byte."""
    model = make_model()
    folder = film_session()["cam1"].parent
    options = Options(skip_viz=True, batch_size=6, out_dir=tmp_path / "whole")
    predict(model, [folder], options, QUIET)
    halted = dataclasses.replace(options, out_dir=tmp_path / "halted")
    append = Chunks.append

    def interrupted(self: Chunks, block: Block) -> None:
        append(self, block)
        if self.stop in (4, 10):
            raise KeyboardInterrupt

    monkeypatch.setattr(Chunks, "append", interrupted)
    for stop in (4, 10):
        with pytest.raises(KeyboardInterrupt, match=RESUME):
            predict(model, [folder], halted, QUIET)
        assert list(files_below(tmp_path / "halted")) == ["video_preds/s1.partial"], stop
    summary = predict(model, [folder], halted, QUIET)
    assert summary.done == ["s1"] and summary.outcomes[0].images == 3 * (23 - 10)
    assert files_below(tmp_path / "halted") == files_below(tmp_path / "whole")


def test_partial_predictions_of_another_model_are_named_and_redone(
    film_session, make_model, spot_network, monkeypatch, tmp_path
):
    model = make_model()
    folder = film_session()["cam1"].parent
    append = Chunks.append

    def interrupted(self: Chunks, block: Block) -> None:
        append(self, block)
        raise KeyboardInterrupt

    options = Options(skip_viz=True, batch_size=6, out_dir=tmp_path / "out")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Chunks, "append", interrupted)
        predict(model, [folder], options, QUIET)
    checkpoint = next(model.rglob("last.ckpt"))
    checkpoint.write_bytes(checkpoint.read_bytes() + b" ")
    console = Console(record=True, width=200, file=io.StringIO())
    summary = predict(model, [folder], options, console)
    assert "s1.partial is not used, it is of another checkpoint: predicted anew" in console.export_text()
    assert summary.outcomes[0].images == 3 * 23


def test_a_full_disk_is_said_and_the_next_call_goes_on(
    film_session, make_model, spot_network, monkeypatch, tmp_path
):
    model = make_model()
    folder = film_session()["cam1"].parent
    append = Chunks.append

    def full(self: Chunks, block: Block) -> None:
        if block.start >= 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, block)

    with monkeypatch.context() as patch:
        patch.setattr(Chunks, "append", full)
        summary = predict(model, [folder], Options(skip_viz=True, batch_size=6), QUIET)
    reason = summary.failures[0].reason
    assert "could not be written after 8 of 23 frames" in reason and "No space left on device" in reason
    assert reason.endswith(RESUME)
    summary = predict(model, [folder], Options(skip_viz=True, batch_size=6), QUIET)
    assert summary.outcomes[0].images == 3 * (23 - 8)


def test_a_session_that_will_not_fit_on_the_disk_is_refused_before_it_begins(
    film_session, make_model, spot_network, monkeypatch
):
    model = make_model()
    folder = film_session()["cam1"].parent
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5000))
    summary = predict(model, [folder], Options(skip_viz=True), QUIET)
    assert "take about 9 kB, and 5 kB are free" in summary.failures[0].reason
    assert not list(model.rglob("*.csv"))


def test_the_summary_says_what_became_of_everything(film_session, make_model, spot_network, calibrated):
    model = make_model()
    film_session("s1")
    folder = film_session("s2", counts={"cam1": 4, "cam2": 3, "cam3": 4})["cam1"].parent
    predict(model, [folder], Options(skip_viz=True), QUIET)
    film_session("s3", counts=dict.fromkeys(("cam1", "cam2", "cam3"), 4))
    summary = predict(model, [folder], Options(skip_viz=True), QUIET)
    assert [(outcome.name, outcome.state) for outcome in summary.outcomes] == [
        ("session 's2'", "failed"), ("s1", "kept"), ("s3", "predicted"),
    ]  # fmt: skip
    last = summary.outcomes[-1]
    assert last.images == 12 and last.rate > 0 and last.missing == 0
    likelihood = [read_poses(model / "video_preds" / f"s3_cam{v}.csv").likelihood for v in (1, 2, 3)]
    assert last.confidence == pytest.approx(np.mean(likelihood), abs=1e-6)
    assert "the views differ" in summary.notes()[0]
