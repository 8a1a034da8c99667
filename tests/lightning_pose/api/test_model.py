"""What a model says from Python is what its network says, in pixels of what was given."""

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.api import Model
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.errors import CalibrationError, DataError, ModelError
from lightning_pose.core.rotations import look_at
from lightning_pose.core.video import VideoReader, VideoWriter
from lightning_pose.crops.cut import resize
from lightning_pose.export.program import export_model
from lightning_pose.model_dir import write_ensemble
from lightning_pose.predict.model import open_model
from lightning_pose.predict.network import load_predictor

ROOT = Path(__file__).parents[3]
WIDTH, HEIGHT = 120, 80


def noise(count: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (count, HEIGHT, WIDTH, 3), np.uint8)


def two_cameras() -> Rig:
    cameras = []
    for eye in (np.array([0.0, -9, 2]), np.array([7.0, -5, 3])):
        rotation, translation = look_at(eye, np.zeros(3), np.array([0.0, 0, 1]))
        matrix = np.array([[110.0, 0, WIDTH / 2], [0, 110, HEIGHT / 2], [0, 0, 1]])
        cameras.append(make_camera(matrix, np.zeros(5), rotation, translation))
    camera = Camera(*(np.stack(field) for field in zip(*cameras, strict=True)))
    return Rig(("left", "right"), np.array([[WIDTH, HEIGHT]] * 2), camera, unit="cm")


def film(path: Path, frames: np.ndarray) -> Path:
    with VideoWriter(path, WIDTH, HEIGHT, 30, crf=4) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def test_an_image_is_answered_in_its_own_pixels(tiny_model: Callable[..., Path]) -> None:
    folder = tiny_model(views=("",))
    model, image = Model.from_dir(folder, precision="fp32", device="cpu"), noise()[0]
    found = model.predict_frame(image)
    small = resize(image, (96, 64))
    expected = load_predictor(open_model(folder), "cpu", "fp32")(small[None, None])
    scale = np.array([WIDTH / 96, HEIGHT / 64])
    np.testing.assert_allclose(found.xy, (expected.xy[0, 0, 0] + 0.5) * scale - 0.5, atol=1e-4)
    np.testing.assert_allclose(found.confidence, expected.confidence[0, 0, 0], atol=1e-6)
    assert found.names == model.names == ("nose", "paw_left", "paw_right")
    assert found.spread is None
    assert model.skeleton.edges


def test_a_box_is_what_the_network_sees_and_answers_stay_in_the_image(
    tiny_model: Callable[..., Path],
) -> None:
    model, image = Model.from_dir(tiny_model(views=("",)), precision="fp32"), noise()[0]
    found = model.predict_frame(image, bbox=(20, 10, 60, 40))
    alone = model.predict_frame(image[10:50, 20:80].copy())
    np.testing.assert_allclose(found.xy, alone.xy + [20, 10], atol=1e-4)
    black = np.zeros((HEIGHT + 30, WIDTH, 3), np.uint8)
    black[30:] = image
    beyond = model.predict_frame(image, bbox=(0, -30, WIDTH, HEIGHT + 30))
    np.testing.assert_allclose(beyond.xy, model.predict_frame(black).xy - [0, 30], atol=1e-4)


def test_an_ensemble_answers_with_its_median_and_says_how_far_it_differs(
    tiny_model: Callable[..., Path], tmp_path: Path
) -> None:
    for seed in range(3):
        tiny_model("regression", f"three/rng={seed}", seed=seed, views=("",))
    write_ensemble(tmp_path / "three", [f"rng={seed}" for seed in range(3)])
    image = noise()[0]
    found = Model.from_dir(tmp_path / "three", precision="fp32").predict_frame(image)
    each = np.stack(
        [
            Model.from_dir(tmp_path / "three" / f"rng={s}", precision="fp32").predict_frame(image).xy
            for s in range(3)
        ]
    )
    np.testing.assert_allclose(found.xy, np.median(each, axis=0), atol=1e-4)
    assert found.spread is not None
    np.testing.assert_allclose(found.spread, np.sqrt(each.var(axis=0, ddof=1).mean(axis=-1)), rtol=1e-4)


@pytest.mark.parametrize(
    ("kind", "camera_tokens"), [("heatmap", False), ("heatmap_multiview_transformer", True)]
)
def test_an_instant_of_all_views_comes_with_points_in_the_world(
    kind: str, camera_tokens: bool, tiny_model: Callable[..., Path], tmp_path: Path
) -> None:
    model = Model.from_dir(tiny_model(kind, camera_tokens=camera_tokens), precision="fp32")
    rig, images = two_cameras(), dict(zip(("right", "left"), noise(2), strict=True))
    found = model.predict_frames(images, rig=rig)
    assert found.views == ("left", "right")
    assert found.xyz is not None and found.uncertainty is not None
    expected = rig.triangulate_robust(found.xy[:, None], found.confidence[:, None], threshold_px=10).xyz[0]
    np.testing.assert_allclose(found.xyz, expected)
    rig.save(tmp_path / "calibration.toml")
    again = model.predict_frames(images, rig=tmp_path / "calibration.toml")
    np.testing.assert_allclose(again.xy, found.xy, atol=1e-3)
    if not camera_tokens:
        assert model.predict_frames(images).xyz is None
        boxed = model.predict_frames(images, bboxes={"right": (20, 10, 60, 40)}, rig=rig)
        alone = model.predict_frame(images["right"], bbox=(20, 10, 60, 40))
        np.testing.assert_allclose(boxed.xy[1], alone.xy, atol=1e-4)


def test_a_video_is_answered_frame_by_frame(tiny_model: Callable[..., Path], tmp_path: Path) -> None:
    model = Model.from_dir(tiny_model(views=("",)), precision="fp32")
    path, told = film(tmp_path / "s1.mp4", noise(7)), []
    found = model.predict_video(path, batch_size=3, on_progress=lambda *counts: told.append(counts))
    assert found.xy.shape == (1, 7, 3, 2)
    assert told[-1] == (7, 7)
    assert found.xyz is None
    with VideoReader(path, size=(96, 64)) as video:  # the decoder's own resizing
        frames = np.stack(list(video.frames()))
    scale = np.array([WIDTH / 96, HEIGHT / 64])
    for t in (0, 6):
        small = model.predict_frame(frames[t])
        np.testing.assert_allclose(found.xy[0, t], (small.xy + 0.5) * scale - 0.5, atol=1e-2)


def test_videos_of_calibrated_views_come_with_points_in_the_world(
    tiny_model: Callable[..., Path], tmp_path: Path
) -> None:
    model = Model.from_dir(tiny_model("heatmap_mhcrnn"), precision="fp32")
    videos = {v: film(tmp_path / f"{v}.mp4", noise(6, seed)) for seed, v in enumerate(("left", "right"))}
    two_cameras().save(tmp_path / "calibration.toml")
    found = model.predict_video(videos, batch_size=4)
    assert found.xyz is not None
    assert found.xyz.shape == (6, 3, 3)
    assert model.predict_video(videos, calibration="none").xyz is None


def test_labels_are_held_against_the_answers(
    tiny_model: Callable[..., Path], toy_project: Callable[..., Path]
) -> None:
    project = toy_project(views=("",), n=5)
    model = Model.from_dir(tiny_model(views=("",)), precision="fp32")
    found = model.predict_labels(project / "CollectedData.csv")
    image = cv2.imread(str(project / found.images[0][2]), cv2.IMREAD_COLOR_RGB)
    assert image is not None
    np.testing.assert_allclose(found.xy[0, 2], model.predict_frame(image).xy, atol=1e-3)
    from lightning_pose.core.tables import read_labels

    labels = read_labels(project / "CollectedData.csv").points
    np.testing.assert_allclose(found.error[0], np.linalg.norm(found.xy[0] - labels, axis=-1), atol=1e-4)
    assert found.sets is None


def test_an_export_answers_like_its_network(tiny_model: Callable[..., Path]) -> None:
    folder = tiny_model("regression", views=("",))
    export_model(folder, "torch_export")
    image = noise()[0]
    exported = Model.from_dir(folder, runtime="torch_export").predict_frame(image)
    np.testing.assert_allclose(
        exported.xy, Model.from_dir(folder, precision="fp32").predict_frame(image).xy, atol=0.05
    )


def test_what_does_not_fit_is_refused_with_what_was_expected(tiny_model: Callable[..., Path]) -> None:
    joint = Model.from_dir(tiny_model("heatmap_multiview_transformer", camera_tokens=True))
    image = noise()[0]
    with pytest.raises(ModelError, match=r"all views together \(left, right\): use predict_frames"):
        joint.predict_frame(image)
    with pytest.raises(DataError, match="expected one image of each view, left, right; got left"):
        joint.predict_frames({"left": image})
    with pytest.raises(CalibrationError, match="told where its cameras are"):
        joint.predict_frames({"left": image, "right": image})
    with pytest.raises(CalibrationError, match="rig"):
        joint.predict_frames({"left": image[:40], "right": image}, rig=two_cameras())
    with pytest.raises(DataError, match="expected a video of every view"):
        joint.predict_video("s1.mp4")
    with pytest.raises(DataError, match="bboxes: top: expected views of left, right"):
        joint.predict_frames({"left": image, "right": image}, bboxes={"top": (0, 0, 9, 9)})


def python_of(page: str) -> list[str]:
    """Return the Python of a page of the documentation."""
    return re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_page_run(
    tiny_model: Callable[..., Path],
    toy_project: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tiny_model("heatmap", "models/mouse", views=("",))
    tiny_model("heatmap_multiview_transformer", "models/rig")
    toy_project(views=("",), n=4)
    frames = noise(3)
    cv2.imwrite(str(tmp_path / "frame.png"), frames[0])
    for name in ("session1", "s1_left", "s1_right"):
        film(tmp_path / f"{name}.mp4", frames)
    two_cameras().save(tmp_path / "calibration.toml")
    monkeypatch.chdir(tmp_path)
    names = {"left_rgb": frames[0], "right_rgb": frames[1]}
    for code in python_of("api/model.md"):
        exec(compile(code, "docs/api/model.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "nose: " in printed
    assert "3 3" in printed
    assert names["both"].xyz.shape == (3, 3, 3)  # type: ignore[attr-defined]
    assert names["instant"].uncertainty.shape == (3,)  # type: ignore[attr-defined]


def test_the_live_loop_of_the_tutorial_answers_every_frame_of_a_film(
    tiny_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_model("regression", "models/mouse", views=("",))
    film(tmp_path / "film.mp4", noise(4))
    asked = []
    answer = Model.predict_frame
    monkeypatch.setattr(Model, "predict_frame", lambda self, rgb: asked.append(rgb) or answer(self, rgb))
    monkeypatch.chdir(tmp_path)
    [code] = python_of("tutorials/live.md")
    exec(compile(code.replace("VideoCapture(0)", "VideoCapture('film.mp4')"), "live.md", "exec"), {})
    assert len(asked) == 4
