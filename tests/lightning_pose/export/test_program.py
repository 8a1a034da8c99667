"""Exports as files: what is in them, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.core.files import hash_file
from lightning_pose.export import program
from lightning_pose.export.engines import Answer
from lightning_pose.export.program import export_model
from lightning_pose.export.record import read_record, record_path
from lightning_pose.model_dir import ModelDir, write_ensemble

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def test_an_onnx_file_needs_none_of_our_python(tiny_model: Callable[..., Path]) -> None:
    """Bytes go in by name, keypoints come out; the file says what they are."""
    folder = tiny_model("heatmap", temperature=1.4)
    [(_, path, record)] = export_model(folder)
    assert path == folder / "exports_onnx" / "epoch=0-step=1-best_fp32.onnx"
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, record_path(path).name]
    onnx.checker.check_model(onnx.load(path))
    session = onnxruntime.InferenceSession(str(path))
    assert [(i.name, i.shape, i.type) for i in session.get_inputs()] == [
        ("images", ["batch", 64, 96, 3], "tensor(uint8)")
    ]
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["litpose.keypoints"]) == ["nose", "paw_left", "paw_right"]
    assert facts["litpose.checkpoint_sha256"] == hash_file(ModelDir(folder).checkpoint())
    assert read_record(path) == record
    assert record.temperature == pytest.approx(1.4)
    for count in (1, 3):
        xy, confidence = session.run(["xy", "confidence"], {"images": np.zeros((count, 64, 96, 3), np.uint8)})
        assert np.asarray(xy).shape == (count, 3, 2)
        assert np.asarray(confidence).shape == (count, 3)


def test_a_program_of_torch_is_written_for_every_member_of_an_ensemble(
    tiny_model: Callable[..., Path], tmp_path: Path
) -> None:
    for seed in (0, 1):
        tiny_model("regression", f"ensemble/rng={seed}", seed=seed)
    write_ensemble(tmp_path / "ensemble", ["rng=0", "rng=1"])
    found = export_model(tmp_path / "ensemble", "torch_export", max_batch_size=4)
    assert [one.member for one in found] == ["rng=0", "rng=1"]
    extra = {"litpose.json": ""}
    module = torch.export.load(found[1].path, extra_files=extra).module()
    assert json.loads(extra["litpose.json"])["max_batch_size"] == 4
    images = torch.randint(0, 255, (4, 64, 96, 3), dtype=torch.uint8)
    assert module(images=images)[0].shape == (4, 3, 2)
    with pytest.raises(AssertionError):
        module(images=images.repeat(2, 1, 1, 1))


def test_a_file_that_says_something_else_than_its_network_is_not_kept(
    tiny_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Liar:
        def __init__(self, *_: object) -> None:
            pass

        def __call__(self, images: np.ndarray) -> Answer:
            return Answer(np.zeros((len(images), 3, 2), np.float32), np.zeros((len(images), 3), np.float32))

    monkeypatch.setattr(program, "Engine", Liar)
    folder = tiny_model()
    with pytest.raises(ModelError, match="does not say what the network says"):
        export_model(folder, "torch_export")
    assert not list(folder.glob("exports_torch/*"))


def test_what_is_missing_or_impossible_is_said_before_any_work(
    tiny_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        export_model(tmp_path / "nothing")
    with pytest.raises(ConfigError, match="--max-batch-size 5: this network looks at 5 frames"):
        export_model(tiny_model("heatmap_mhcrnn"), max_batch_size=5)
    monkeypatch.setattr(program, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(ConfigError, match=r"needs onnxscript: pip install 'lightning-pose-3d\[export\]'"):
        export_model(tmp_path / "model")
