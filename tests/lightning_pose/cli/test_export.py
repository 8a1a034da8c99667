"""`litpose export` from the shell's side; tests of the package hold what it writes."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.cli.main import SHELL, main
from lightning_pose.export.program import export_model
from lightning_pose.predict.model import open_model
from lightning_pose.predict.network import load_predictor

ROOT = Path(__file__).parents[3]


def test_the_options_have_the_programs_defaults() -> None:
    args = SHELL.verb_parser("export").parse_args(["models/mouse"])
    defaults = {name: p.default for name, p in inspect.signature(export_model).parameters.items()}
    assert (args.runtime, args.precision, args.max_batch_size) == (
        defaults["runtime"], defaults["precision"], defaults["max_batch_size"],
    )  # fmt: skip
    assert SHELL.verb_parser("export").parse_args(["m", "--onnx-precision", "fp16"]).precision == "fp16"


def test_faults_end_with_2_and_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["export", str(tmp_path), "--max-batch-size", "0"])
    assert "expected 1 or more" in capsys.readouterr().err


def test_the_pages_example_runs_and_says_what_the_network_says(
    tiny_model: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("onnxruntime")
    folder = tiny_model(views=("",))
    assert main(["export", str(folder)]) == 0
    [path, agreement] = capsys.readouterr().out.splitlines()
    assert "px (median)" in agreement
    frame = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "frame.png"), frame[..., ::-1])
    page = (ROOT / "docs" / "cli" / "export.md").read_text()
    code = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[-1]
    code = re.sub(r'"models/[^"]*"', repr(path), code)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/cli/export.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    expected = load_predictor(open_model(folder), "cpu", "fp32")(frame[None, None])
    numbers = [
        [float(n) for n in re.findall(r"[-\d.]+(?:e-?\d+)?", line.split(maxsplit=1)[1])] for line in lines
    ]
    assert [line.split()[0] for line in lines] == ["nose", "paw_left", "paw_right"]
    np.testing.assert_allclose(np.array(numbers)[:, :2], expected.xy[0, 0, 0], atol=1e-3)
