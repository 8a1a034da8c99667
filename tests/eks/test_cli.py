"""`eks` from the command line: files in, files out, faults as messages."""

import json
import subprocess
import sys

import numpy as np
import pytest

from eks.cli import main
from eks.flags import blocks, spans
from lightning_pose.core.tables import read_poses
from lightning_pose.synthetic.ensemble import write_ensemble


@pytest.fixture
def folder(tmp_path, few):
    ensemble = {m: {camera: each[m] for camera, each in few.members.items()} for m in range(3)}
    write_ensemble(tmp_path / "preds", "walk", ensemble)
    few.truth.rig.save(tmp_path / "calibration.toml")
    return tmp_path


def multicam(folder, *more):
    return main(
        ["multicam", "--input-dir", str(folder / "preds"), "--save-dir", str(folder / "out"), *map(str, more)]
    )


def test_a_calibrated_run_writes_the_peers_files_and_columns(folder, few):
    assert multicam(folder, "--calibration", folder / "calibration.toml", "--s", "2", "--make-plot") == 0
    lines = (folder / "out" / "multicam_cam1_results.csv").read_text().splitlines()
    coords = lines[2].split(",")[1:10]
    assert coords == [
        "x", "y", "likelihood", "x_ens_median", "y_ens_median", "x_ens_var", "y_ens_var",
        "x_posterior_var", "y_posterior_var",
    ]  # fmt: skip
    assert lines[0].split(",")[:2] == ["scorer", "ensemble-kalman_tracker"]
    assert [line.split(",")[0] for line in lines[3:6]] == ["0", "1", "2"]
    world = (folder / "out" / "multicam_3d_results.csv").read_text().splitlines()
    assert world[2].split(",")[1:7] == [
        "x",
        "y",
        "z",
        "x_posterior_var",
        "y_posterior_var",
        "z_posterior_var",
    ]
    record = json.loads((folder / "out" / "multicam_results.json").read_text())
    assert {entry["s"] for entry in record["keypoints"].values()} == {2.0}
    assert record["flags"]["s"] == [2.0]
    assert record["seconds"]["total"] > 0
    assert (folder / "out" / "multicam_traces.pdf").read_bytes().startswith(b"%PDF")


def test_saving_into_the_input_folder_changes_nothing_the_second_time(folder):
    args = ["--calibration", folder / "calibration.toml", "--s", "2", "--save-dir", folder / "preds"]
    assert multicam(folder, *args) == 0
    first = read_poses(folder / "preds" / "multicam_cam0_results.csv")
    assert multicam(folder, *args) == 0
    assert first.equals(read_poses(folder / "preds" / "multicam_cam0_results.csv"))


def test_without_calibration_there_is_no_3d_file(folder):
    assert multicam(folder, "--camera-names", "cam0", "cam1", "cam2", "--s", "2", "--no-inflate-vars") == 0
    assert not (folder / "out" / "multicam_3d_results.csv").exists()
    assert np.isfinite(read_poses(folder / "out" / "multicam_cam2_results.csv").points).all()


def test_the_report_and_the_covariance_come_on_request(folder):
    words = ["--calibration", folder / "calibration.toml", "--s", "2", "--full-covariance", "--report"]
    assert multicam(folder, *words) == 0
    table = read_poses(folder / "out" / "multicam_3d_results.csv")
    sd = np.sqrt(table.variance)
    for name, (i, j) in {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}.items():
        correlation = table.extras[f"{name}_posterior_cov"] / (sd[..., i] * sd[..., j])
        assert (np.abs(correlation) < 1).all()
    assert (folder / "out" / "multicam_report.pdf").read_bytes().count(b"/Type /Page ") == 5


def test_chosen_keypoints_and_files_only(folder):
    files = sorted((folder / "preds").glob("*_rng=[01].csv"))
    code = main([
        "multicam", "--input-files", *map(str, files), "--calibration", str(folder / "calibration.toml"),
        "--save-dir", str(folder / "out"), "--bodypart-list", "ear_left", "nose", "--s", "1", "3",
    ])  # fmt: skip
    assert code == 0
    assert read_poses(folder / "out" / "multicam_cam0_results.csv").names == ("ear_left", "nose")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--camera-names", "cam0", "cam9"], "no file for camera cam9"),
        ([], "expected --calibration, or --camera-names"),
        (["--camera-names", "cam0", "cam1", "--s", "1", "2"], "one for each of the 4 keypoints"),
        (["--camera-names", "cam0", "cam1", "--s-frames", "(400,500)"], "none of the 300 frames"),
        (["--camera-names", "cam0", "cam1", "--blocks", "0,9"], "expected indices from 0 to 3"),
        (["--camera-names", "cam0", "cam1", "--bodypart-list", "horn"], "lacks the keypoints horn"),
        (["--camera-names", "cam0", "cam1", "--n-latent", "9"], "expected 1 to 4"),
    ],
)
def test_faults_are_one_message_and_exit_2(folder, capsys, words, message):
    assert multicam(folder, *words) == 2
    assert message in capsys.readouterr().err


def test_help_loads_nothing_heavy():
    probe = (
        "import sys; from eks.cli import main\n"
        "try: main(['multicam', '--help'])\n"
        "except SystemExit: pass\n"
        "main(['--help'])\n"
        "heavy = ('jax', 'numpy', 'pandas', 'scipy', 'matplotlib', 'torch')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "examples:" in done.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[(0,500),(2000,2500)]", ((0, 500), (2000, 2500))),
        ("(None,100)", ((0, 100),)),
        ("[(None,100),(200,300)]", ((0, 100), (200, 300))),
        ("100", ((0, 100),)),
    ],
)
def test_spans_are_read(text, expected):
    assert spans(text) == expected


@pytest.mark.parametrize("text", ["abc", "(5,2)", "[1,2,3]", "[]", "(1.5,2)"])
def test_spans_that_are_none_are_refused(text):
    with pytest.raises(Exception, match="expected spans"):
        spans(text)


def test_blocks_are_read():
    assert blocks("0,1,2;3,4") == ((0, 1, 2), (3, 4))
