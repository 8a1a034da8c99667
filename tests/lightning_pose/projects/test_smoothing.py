"""What the smoother is asked for, and when; a program in its place writes down what it was told."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from eks.verbs import multicam, singlecam
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.projects import smoothing
from lightning_pose.projects.smoothing import Smoothing, smooth_tables
from lightning_pose.synthetic.rig import make_rig

STUB = """
import json, pathlib, sys
words = sys.argv[1:]
if "bad" in " ".join(words):
    sys.exit("error: this cannot be smoothed")
folder = pathlib.Path(words[words.index("--save-dir") + 1])
folder.mkdir(parents=True, exist_ok=True)
name = words[words.index("--save-filename") + 1] if "--save-filename" in words else "multicam_results.csv"
(folder / name).with_suffix(".json").write_text(json.dumps(words))
(folder / name.replace("multicam", "multicam_cam")).write_text("")
"""
VIEWS = ("top", "side")


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Put the stub in the smoother's place; return the words of every call, by the file that it wrote."""
    (tmp_path / "stub.py").write_text(STUB)
    monkeypatch.setattr(smoothing, "EKS", (sys.executable, str(tmp_path / "stub.py")))
    return lambda folder: {path.name: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def tables(folder: Path, views=VIEWS, at: float = 1000.0) -> dict[str, list[Path]]:
    found = {view: [folder / f"s_{view}_rng={seed}.csv" for seed in (0, 1)] for view in views}
    for path in [path for of_view in found.values() for path in of_view]:
        path.write_text("")
        os.utime(path, (at, at))
    return found


def rig() -> Rig:
    made = make_rig(2, (64, 48), np.random.default_rng(0))
    return Rig(VIEWS, made.sizes, made.camera, unit=made.unit)


def parsed(words: list[str]):
    """Read words as `eks` itself does, so that no option is misspelled here and there alike."""
    import argparse

    parser = argparse.ArgumentParser()
    {"multicam": multicam, "singlecam": singlecam}[words[0]].register(parser)
    return parser.parse_args(words[1:])


def test_a_calibrated_session_is_smoothed_in_space(told, tmp_path):
    made = tables(tmp_path)
    how = Smoothing(motion="velocity", s=(0.5, 20.0), skeleton="nose,neck,tail;neck,ear")
    assert smooth_tables(made, tmp_path / "out", rig(), how)
    (words,) = told(tmp_path / "out").values()
    asked = parsed(words)
    assert asked.input_files == [*made["top"], *made["side"]]
    assert (asked.motion, asked.s, asked.camera_names) == ("velocity", [0.5, 20.0], None)
    assert len(asked.skeleton) > 0
    assert Rig.load(asked.calibration).names == VIEWS


def test_without_calibration_views_go_one_by_one_or_with_a_learned_geometry(told, tmp_path):
    made = tables(tmp_path)
    assert smooth_tables(made, tmp_path / "apart", None, Smoothing(skeleton="nose,tail"))
    calls = told(tmp_path / "apart")
    assert set(calls) == {"singlecam_top_results.json", "singlecam_side_results.json"}
    assert parsed(calls["singlecam_top_results.json"]).input_files == made["top"]
    assert smooth_tables(made, tmp_path / "together", None, Smoothing("together"))
    asked = parsed(told(tmp_path / "together")["multicam_results.json"])
    assert (asked.camera_names, asked.calibration) == (list(VIEWS), None)


def test_one_view_is_smoothed_for_itself_whatever_is_asked(told, tmp_path):
    made = tables(tmp_path, views=("",))
    assert smooth_tables(made, tmp_path / "out", None, Smoothing("together"))
    assert set(told(tmp_path / "out")) == {"singlecam_results.json"}


def test_a_calibrated_session_can_be_smoothed_view_by_view(told, tmp_path):
    smooth_tables(tables(tmp_path), tmp_path / "out", rig(), Smoothing("apart", skeleton="nose,tail"))
    assert len(told(tmp_path / "out")) == 2


def test_what_was_smoothed_is_kept_until_predictions_are_newer(told, tmp_path):
    made, out = tables(tmp_path), tmp_path / "out"
    assert smooth_tables(made, out, rig())
    assert not smooth_tables(made, out, rig())
    assert smooth_tables(made, out, rig(), anew=True)
    later = (out / "multicam_results.json").stat().st_mtime + 10
    os.utime(made["side"][1], (later, later))
    assert smooth_tables(made, out, rig())


def test_results_of_the_other_way_do_not_stay_beside_the_new_ones(told, tmp_path):
    made, out = tables(tmp_path), tmp_path / "out"
    smooth_tables(made, out, rig())
    assert (out / "multicam_cam_results.csv").is_file()
    smooth_tables(made, out, rig(), Smoothing("apart"))
    assert not list(out.glob("multicam_*"))
    smooth_tables(made, out, rig())
    assert not list(out.glob("singlecam_*"))


def test_a_smoother_that_fails_leaves_what_was_there(told, tmp_path):
    made, out = tables(tmp_path), tmp_path / "bad"
    with pytest.raises(DataError, match=r"the smoother failed \(exit code 1\): this cannot be smoothed"):
        smooth_tables(made, out, rig())
    assert not (out / "multicam_results.json").exists()
