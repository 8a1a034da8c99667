"""Exported networks say what the networks say, through the same calls."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from lightning_pose.confidence import write_temperature
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.errors import CalibrationError, ConfigError, ModelError
from lightning_pose.core.rotations import look_at
from lightning_pose.core.video import VideoReader
from lightning_pose.crops.cut import resize
from lightning_pose.export.program import export_model
from lightning_pose.model_dir import ModelDir, write_ensemble
from lightning_pose.predict.model import open_model
from lightning_pose.predict.network import load_predictor
from lightning_pose.predict.runtime import load_runtime
from lightning_pose.predict.tracks import Found, SequencePredictor
from lightning_pose.train import train

pytest.importorskip("onnxruntime")
ALL = (
    ("heatmap", {}),
    ("regression", {}),
    ("heatmap_mhcrnn", {}),
    ("heatmap_multiview_transformer", {}),
    ("heatmap_multiview_transformer", {"backbone": "tiny_tokens"}),
    ("heatmap_multiview_transformer", {"camera_tokens": True}),
)
FILM = np.random.default_rng(4).integers(0, 255, (7, 2, 64, 96, 3), np.uint8)


def cameras() -> Camera:
    """Two cameras that look at the origin, fields (2, ...)."""
    matrix = np.array([[90.0, 0, 47], [0, 90, 31], [0, 0, 1]])
    both = []
    for eye in (np.array([0.0, -9, 2]), np.array([7.0, -5, 3])):
        rotation, translation = look_at(eye, np.zeros(3), np.array([0.0, 0, 1]))
        both.append(make_camera(matrix, np.array([-0.1, 0.02, 0, 0, 0]), rotation, translation))
    return Camera(*(np.stack(field) for field in zip(*both, strict=True)))


def assert_same(found: Found, expected: Found) -> None:
    """Hold keypoints to 0.05 px and confidences to 1e-3."""
    assert found.xy.shape == expected.xy.shape
    assert expected.xy.std() > 1  # the network says something
    np.testing.assert_allclose(found.xy, expected.xy, atol=0.05)
    np.testing.assert_allclose(found.confidence, expected.confidence, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["torch_export", "onnx"])
@pytest.mark.parametrize(("kind", "options"), ALL)
def test_every_kind_of_network_says_the_same_when_exported(
    kind: str, options: dict, runtime: str, tiny_model: Callable[..., Path]
) -> None:
    folder = tiny_model(kind, temperature=1.3, **options)
    export_model(folder, runtime)  # type: ignore[arg-type]
    model = open_model(folder)
    there = cameras() if options.get("camera_tokens") else None
    network = load_predictor(model, "cpu", "fp32")
    exported = load_runtime(model, runtime=runtime)  # type: ignore[arg-type]
    assert isinstance(exported, SequencePredictor)
    assert exported.context == network.context
    assert_same(exported.sequence(FILM, there), network.sequence(FILM, there))
    windows = (
        FILM[:3] if not network.context else np.stack([FILM[t : t + 5] for t in range(3)]).swapaxes(1, 2)
    )
    each = None if there is None else Camera(*(np.stack([field] * 3) for field in there))
    assert_same(exported(windows, each), network(windows, each))


def test_members_that_look_at_several_frames_and_at_one_speak_of_the_same(
    tiny_model: Callable[..., Path], tmp_path: Path
) -> None:
    for member, kind in (("rng=0", "heatmap"), ("rng=1", "heatmap_mhcrnn")):
        tiny_model(kind, f"both/{member}")
    write_ensemble(tmp_path / "both", ["rng=0", "rng=1"])
    model = open_model(tmp_path / "both")
    with pytest.raises(ModelError, match=r"litpose export .*both --runtime onnx`(.|\n)*rng=0(.|\n)*rng=1"):
        load_runtime(model)
    export_model(tmp_path / "both", "torch_export", max_batch_size=7)
    exported, network = load_runtime(model, runtime="torch_export"), load_predictor(model, "cpu", "fp32")
    long = np.concatenate([FILM, FILM[::-1]])
    assert_same(exported.sequence(long), network.sequence(long))
    windows = np.stack([FILM[t : t + 5] for t in range(3)]).swapaxes(1, 2)
    assert_same(exported(windows), network(windows))
    one_view = exported.sequence(FILM[:, 1:], views=[1])
    assert_same(one_view, Found(*(part[:, :, 1:] for part in network.sequence(FILM))))


def test_an_export_of_other_weights_is_refused(tiny_model: Callable[..., Path]) -> None:
    folder = tiny_model("regression")
    model = open_model(folder)
    with pytest.raises(ModelError, match=r"--runtime torch_export` makes: model: there is no epoch=0.*pt2"):
        load_runtime(model, runtime="torch_export")
    export_model(folder, "torch_export")
    load_runtime(model, runtime="torch_export")
    with pytest.raises(ModelError, match=r"--precision fp16` makes"):
        load_runtime(model, "fp16", runtime="torch_export")
    with pytest.raises(ConfigError, match="--precision bf16: exports are in fp32 or fp16"):
        load_runtime(model, "bf16", runtime="torch_export")
    write_temperature(ModelDir(folder).checkpoint(), 2.0)
    with pytest.raises(ModelError, match="was made of other weights"):
        load_runtime(model, runtime="torch_export")


def test_views_that_go_in_together_must_all_be_there(tiny_model: Callable[..., Path]) -> None:
    folder = tiny_model("heatmap_multiview_transformer", camera_tokens=True)
    export_model(folder, "torch_export")
    exported = load_runtime(open_model(folder), runtime="torch_export")
    with pytest.raises(ModelError, match=r"all views together \(left, right\)"):
        exported.sequence(FILM[:, :1], cameras(), views=[0])
    with pytest.raises(CalibrationError, match="needs the cameras"):
        exported.sequence(FILM)


def test_poses_are_measured_as_the_network_measures_them(tiny_model: Callable[..., Path]) -> None:
    from lightning_pose.losses.pca import pca_singleview

    folder = tiny_model("regression", views=("",))
    labels = torch.rand(30, 1, 3, 2, generator=torch.Generator().manual_seed(0)).double() * 40
    subspace = pca_singleview(labels, ("nose", "paw_left", "paw_right"), components=2)
    path = ModelDir(folder).checkpoint()
    state = torch.load(path, weights_only=True)
    state["state_dict"] |= {f"fitted.pca_singleview.{k}": v for k, v in subspace.state_dict().items()}
    torch.save(state, path)
    export_model(folder, "torch_export")
    model, xy = open_model(folder), np.random.default_rng(1).uniform(0, 60, (1, 7, 3, 2))
    found = load_runtime(model, runtime="torch_export").pose_errors("", xy)
    expected = load_predictor(model, "cpu").pose_errors("", xy)
    assert list(found) == list(expected) == ["pca_singleview"]
    np.testing.assert_array_equal(found["pca_singleview"], expected["pca_singleview"])


@pytest.mark.slow
@pytest.mark.usefixtures("tiny_model")  # knows the backbone
def test_a_trained_network_says_the_same_when_exported(
    toy_project: Callable[..., Path], tmp_path: Path
) -> None:
    data = {"data_dir": str(toy_project()), "image_resize_dims": {"height": 64, "width": 96}}
    training = {"max_steps": 12, "train_batch_size": 4, "check_val_every_n_epoch": 3, "accelerator": "cpu"}
    network = {"backbone": "tiny", "head_width": 16}
    train({"data": data, "training": training, "model": network}, tmp_path / "model")
    export_model(tmp_path / "model")
    model = open_model(tmp_path / "model")
    films = []
    for folder in sorted((tmp_path / "project" / "labeled-data").iterdir()):
        images = [cv2.imread(str(path), cv2.IMREAD_COLOR_RGB) for path in sorted(folder.glob("*.png"))]
        films.append(np.stack([resize(image, (96, 64)) for image in images if image is not None]))
    film = np.stack(films, axis=1)
    assert film.shape[:2] == (12, 2)
    assert_same(load_runtime(model).sequence(film), load_predictor(model, "cpu", "fp32").sequence(film))


@pytest.mark.slow
@pytest.mark.realdata
def test_real_frames_of_a_mouse_give_the_same_keypoints(
    real_data: Path, tiny_model: Callable[..., Path]
) -> None:
    folder = tiny_model("heatmap", views=("",), backbone="resnet18")
    export_model(folder)
    with VideoReader(real_data / "mirror-mouse" / "videos" / "test_vid.mp4", size=(96, 64)) as video:
        frames = [frame for frame, _ in zip(video.frames(), range(40), strict=False)]
    film = np.stack(frames)[:, None]
    model = open_model(folder)
    assert_same(load_runtime(model).sequence(film), load_predictor(model, "cpu", "fp32").sequence(film))
