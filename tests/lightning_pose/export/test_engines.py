"""Engines cut what is too long, lengthen what is too short, and say what is missing."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.export import engines
from lightning_pose.export.engines import Engine
from lightning_pose.export.record import ExportRecord

RECORD = ExportRecord(
    runtime="onnx",
    precision="fp32",
    model_type="heatmap",
    keypoints=("nose",),
    views=("",),
    height=4,
    width=4,
    joint_views=False,
    context=0,
    rays=None,
    temperature=1.0,
    mean=(0.0,),
    std=(1.0,),
    max_batch_size=None,
    checkpoint="",
    checkpoint_sha256="",
    agreement=None,
    version="",
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images went in at a time, into an engine that says the mean light of the middle frames."""
    counts: list[int] = []

    def opened(path: Path, device: str, tensorrt: bool = False) -> engines.Run:
        context = int(path.name)

        def run(inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
            images = inputs["images"]
            counts.append(len(images))
            light = images[context : len(images) - context].mean(axis=(1, 2, 3)).astype(np.float32)
            return np.stack([light, light], axis=-1)[:, None], light[:, None]

        return run

    monkeypatch.setattr(engines, "_open_onnx", opened)
    monkeypatch.setattr(engines, "_open_torch", opened)
    return counts


@pytest.mark.parametrize(("context", "most", "sizes"), [(0, None, [9]), (0, 4, [4, 4, 1]), (2, 6, [6, 6, 5])])
def test_stretches_are_as_long_as_the_export_takes_and_nothing_is_said_twice(
    context: int, most: int | None, sizes: list[int], asked: list[int]
) -> None:
    record = replace(RECORD, context=context, max_batch_size=most)
    images = np.arange(9, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    found = Engine(Path(str(context)), record)(images)
    np.testing.assert_array_equal(found.confidence[:, 0], np.arange(context, 9 - context))
    assert asked == sizes


def test_a_single_window_is_made_long_enough_for_torch(asked: list[int]) -> None:
    record = replace(RECORD, context=2, runtime="torch_export")
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    np.testing.assert_array_equal(Engine(Path("2"), record)(images).confidence, [[2]])
    assert asked == [6]


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"onnxruntime is not installed.*pip install"):
        Engine(tmp_path / "x.onnx", RECORD)


@pytest.mark.parametrize("runtime", ["onnx", "torch_export"])
def test_a_damaged_file_is_refused(runtime: str, tmp_path: Path) -> None:
    record = replace(RECORD, runtime=runtime)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"x\.file"):
        Engine(tmp_path / "x.file", record)
    (tmp_path / "x.file").write_bytes(b"not a network at all")
    with pytest.raises(ModelError, match=r"x\.file cannot be run"):
        Engine(tmp_path / "x.file", record)


def test_devices_are_chosen_among_those_that_onnxruntime_knows() -> None:
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert engines._providers(both, "auto")[0] == ("CUDAExecutionProvider", {})
    assert engines._providers(both, "cuda:1")[0] == ("CUDAExecutionProvider", {"device_id": "1"})
    assert engines._providers(both, "cpu") == ["CPUExecutionProvider"]
    assert engines._providers(both[1:], "auto") == ["CPUExecutionProvider"]
    number = {"device_id": "1"}
    assert engines._providers(["TensorrtExecutionProvider", *both], "cuda:1", tensorrt=True) == [
        ("TensorrtExecutionProvider", number), ("CUDAExecutionProvider", number)
    ]  # fmt: skip
    with pytest.raises(ConfigError, match=r"has no TensorRT; it knows CUDA.*--runtime onnx runs the same"):
        engines._providers(both, "auto", tensorrt=True)
    with pytest.raises(ConfigError, match="not on --device cpu"):
        engines._providers(both, "cpu", tensorrt=True)
    with pytest.raises(ConfigError, match="--device cuda: this onnxruntime does not know it"):
        engines._providers(both[1:], "cuda")
