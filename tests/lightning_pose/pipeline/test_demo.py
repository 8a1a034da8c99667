import json
from pathlib import Path

import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.pipeline.demo import run_demo


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "out"
    run_demo(out, quick=True)
    return out


@pytest.mark.slow
def test_the_whole_chain_runs_and_leaves_what_it_promises(quick: Path) -> None:
    summary = json.loads((quick / "summary.json").read_text())
    plain = {"one seed", "ensemble median"}
    assert set(summary["scores"]) == plain | {f"{name}, weighted" for name in plain} | {"smoother"}
    assert 0 <= summary["scores"]["smoother"]["coverage_95"] <= 1
    assert set(summary["seconds"]) == {"render", "train", "predict", "smooth"}
    page = (quick / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "the numbers mean nothing" in page
    (film,) = quick.glob("models/demo/video_preds/**/*mosaic*.mp4")
    assert str(film.relative_to(quick)) in page


@pytest.mark.slow
def test_a_finished_demo_repeats_no_step(quick: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (quick / "models").rglob("*") if path.is_file()}
    run_demo(quick, quick=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.slow
def test_a_folder_of_the_other_size_is_refused(quick: Path) -> None:
    with pytest.raises(DataError, match="other size"):
        run_demo(quick, quick=False)


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="expected an empty folder"):
        run_demo(tmp_path, quick=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
