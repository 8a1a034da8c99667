"""What an export says of itself can be read back, and what is damaged is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from lightning_pose.core.errors import ModelError
from lightning_pose.core.files import write_json
from lightning_pose.export.record import (
    Agreement,
    ExportRecord,
    export_path,
    read_record,
    record_path,
)
from lightning_pose.model_dir import ModelDir

RECORD = ExportRecord(
    runtime="onnx",
    precision="fp32",
    model_type="heatmap_mhcrnn",
    keypoints=("nose", "tail"),
    views=("left", "right"),
    height=64,
    width=96,
    joint_views=False,
    context=2,
    rays=(2, 3),
    temperature=1.5,
    mean=(0.1, 0.2, 0.3),
    std=(1.0, 1.0, 1.0),
    max_batch_size=None,
    checkpoint="last.ckpt",
    checkpoint_sha256="abc",
    agreement=Agreement(0.1, 0.2, 0.3),
    version="0.1.0",
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "last_fp32.onnx"
    write_json(record_path(path), RECORD.to_json())
    found = read_record(path)
    assert found == RECORD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "format 99, expected 1"),
        ({"surprise": 1}, "surprise"),
        ({"agreement": 3}, "export it anew"),
    ],
)
def test_a_record_of_another_version_is_refused(change: dict, message: str, tmp_path: Path) -> None:
    path = tmp_path / "last_fp32.onnx"
    write_json(record_path(path), RECORD.to_json() | change)
    with pytest.raises(ModelError, match=message):
        read_record(path)


def test_an_export_without_its_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"expected last_fp32\.onnx\.json beside it"):
        read_record(tmp_path / "last_fp32.onnx")
    record_path(tmp_path / "last_fp32.onnx").write_text("{")
    with pytest.raises(ModelError, match="json"):
        read_record(tmp_path / "last_fp32.onnx")


def test_exports_have_the_names_that_lightning_pose_gives_them(tiny_model) -> None:
    model = ModelDir(tiny_model())
    assert export_path(model, "onnx", "fp16") == model.path / "exports_onnx" / "epoch=0-step=1-best_fp16.onnx"
    assert export_path(model, "torch_export", "fp32").parent.name == "exports_torch"


def test_torch_needs_one_more_frame_of_a_network_with_context() -> None:
    assert RECORD.least_frames == 5
    assert replace(RECORD, runtime="torch_export").least_frames == 6
    assert replace(RECORD, context=0).least_frames == 1
