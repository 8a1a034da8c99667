"""Networks that sessions share: asked in turns, told which views there are."""

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import CalibrationError, ConfigError
from lightning_pose.core.sessions import check_session
from lightning_pose.core.video import VideoReader
from lightning_pose.predict import Options, network
from lightning_pose.predict.engine import Engine, Turns
from lightning_pose.predict.footage import Footage
from lightning_pose.predict.model import open_model
from lightning_pose.predict.tracks import Block, Found


class Slow:
    """Counts how many calls run at the same time."""

    context, batch_size, sessions = 0, 4, 2

    def __init__(self, workers: int) -> None:
        self.workers, self.running, self.most = workers, 0, 0
        self.lock = threading.Lock()

    def sequence(self, images, camera=None, views=None) -> Found:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.02)
        with self.lock:
            self.running -= 1
        return Found(np.zeros((1, 1, 1, 1, 2)), np.zeros((1, 1, 1, 1)))


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_calls_run_side_by_side_than_pay_off(workers: int):
    slow = Slow(workers)
    turns = Turns(slow)  # type: ignore[arg-type]
    images = np.zeros((1, 1, 2, 2, 3), np.uint8)
    threads = [threading.Thread(target=lambda: turns.sequence(images)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slow.most == workers


def engine(folder: Path, **options: object) -> Engine:
    return Engine(open_model(folder), Options(device="cpu", **options), lambda text: nullcontext())  # type: ignore[arg-type]


def test_subspaces_of_poses_are_told_which_views_are_missing(
    film_session: Callable[..., dict[str, Path]], make_model: Callable[..., Path], spot_network, monkeypatch
):
    asked = engine(make_model())
    videos = film_session(counts={"cam1": 2, "cam3": 2})
    session = check_session("s1", videos, asked.model.views, partial=True)
    seen: list[np.ndarray] = []

    def errors(self: object, member: str, xy: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(xy)
        return {"pca_multiview": xy[..., 0]}

    monkeypatch.setattr(network.Predictor, "pose_errors", errors)
    xy = np.arange(16.0).reshape(1, 2, 2, 2, 2)
    (found,) = asked.pose_errors(session, Block(0, xy, np.ones(xy.shape[:-1])))
    assert seen[0].shape == (3, 2, 2, 2) and np.isnan(seen[0][1]).all()
    np.testing.assert_array_equal(found["pca_multiview"], xy[0, ..., 0])


def test_a_network_that_is_told_of_cameras_cannot_do_without(
    film_session: Callable[..., dict[str, Path]], make_model: Callable[..., Path], spot_network
):
    folder = make_model()
    saved = folder / "config.yaml"
    saved.write_text(saved.read_text().replace("camera_tokens: false", "camera_tokens: true"))
    asked = engine(folder)
    session = check_session("s1", film_session(counts=dict.fromkeys(asked.model.views, 2)), asked.model.views)
    with pytest.raises(CalibrationError, match="told where cameras are"):
        asked.blocks(session, None, 0)


def test_anchors_that_the_detector_does_not_know_are_refused_before_the_first_video(make_model, spot_network):
    folder = make_model()
    with pytest.raises(ConfigError, match=r"no keypoint nose: there are red, green"):
        engine(folder, detector_model=folder, anchor_keypoints=("nose",)).load()


def test_on_a_gpu_its_engine_decodes_and_what_it_cannot_is_said_once_and_left_to_pyav(
    film_session: Callable[..., dict[str, Path]], make_model: Callable[..., Path], monkeypatch
):
    asked: list[tuple[str, tuple[int, int], str]] = []

    class Negative:
        """The engine's frames, told from others by their colours."""

        def __init__(self, path: Path, size: tuple[int, int]) -> None:
            self.reader = VideoReader(path, size=size)

        def __enter__(self) -> "Negative":
            return self

        def __exit__(self, *_: object) -> None:
            self.reader.close()

        def stream(self, start: int = 0):
            return (255 - frame for frame in self.reader.frames(start))

    def open_streams(path: Path, size: tuple[int, int], device: str):
        asked.append((path.name, size, device))
        if path.stem.endswith("cam1"):
            return Negative(path, size), None
        return VideoReader(path, size=size), "the GPU cannot decode it"

    monkeypatch.setattr("lightning_pose.predict.engine.find_spec", lambda name: object())
    monkeypatch.setattr("lightning_pose.data.nvdec.open_streams", open_streams)
    model = open_model(make_model())
    session = check_session("s1", film_session(counts={"cam1": 3, "cam2": 3, "cam3": 3}), model.views)
    plain = Footage(session, model.size)
    expected = plain.take(3).images
    monkeypatch.setattr(network, "choose_device", lambda device: "cuda:1")
    ours = Engine(model, Options(), lambda text: nullcontext())
    ours.begin(session)
    assert not asked  # before torch is loaded nobody knows whether there is a GPU
    with pytest.warns(UserWarning, match=r"is not decoded by the GPU: the GPU cannot decode it") as said:
        film = ours._footage(session, 0)
        images = film.take(3).images
        film.close()
    assert len(said) == 1 and sorted(asked) == [
        (f"s1_{view}.mp4", model.size[::-1], "cuda:1") for view in model.views
    ]
    np.testing.assert_array_equal(images[:, 0], 255 - expected[:, 0])
    np.testing.assert_array_equal(images[:, 1:], expected[:, 1:])
    monkeypatch.setattr(network, "choose_device", lambda device: "cpu")
    film = ours._footage(session, 0)
    np.testing.assert_array_equal(film.take(3).images, expected)
    film.close()
    plain.close()
    assert len(asked) == 3
