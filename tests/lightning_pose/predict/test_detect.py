"""Networks that find blobs exactly take the place of trained ones, so that every pixel has a known answer."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera, project
from lightning_pose.core.errors import DataError
from lightning_pose.core.sessions import Session
from lightning_pose.core.video import VideoReader, VideoWriter, probe
from lightning_pose.crops.boxes import BoxRule
from lightning_pose.crops.online import LAG
from lightning_pose.predict.detect import crop_blocks, detect_blocks
from lightning_pose.predict.detector import Detector
from lightning_pose.predict.film import Film
from lightning_pose.predict.tracks import Block, Found

SIZE = (160, 120)  # width, height of the videos
SMALL = (60, 80)  # height, width of the detector's images
NETWORK = (64, 64)
RULE = BoxRule(ratio=3.0)


class BlobFinder:
    """Finds the bright blob and the faint one as centroids; what is not there has confidence 0.

    `calls` are the cameras that it was told of, and what it said; `views` those that it was told of.
    """

    workers = 1

    def __init__(self, context: int = 0, blind: Callable[[int, int], bool] = lambda row, view: False) -> None:
        self.context, self._blind = context, blind
        self.calls: list[tuple[Camera | None, Found]] = []
        self.views: list[tuple[int, ...] | None] = []

    def sequence(self, images, camera=None, views=None) -> Found:
        self.views.append(None if views is None else tuple(views))
        return self._find(images[self.context : len(images) - self.context], camera)

    def __call__(self, images, camera=None) -> Found:
        return self._find(images[:, :, self.context] if self.context else images, camera)

    def pose_errors(self, member, xy):
        return {}

    def _find(self, images, camera) -> Found:
        shape = (1, *images.shape[:2], 2)
        found = Found(np.zeros((*shape, 2), np.float32), np.zeros(shape, np.float32))
        for place in np.ndindex(images.shape[:2]):
            for blob, point in find_blobs(images[place]).items() if not self._blind(*place) else ():
                found.xy[(0, *place, blob)], found.confidence[(0, *place, blob)] = point, 0.9
        self.calls.append((camera, found))
        return found


def find_blobs(image: np.ndarray) -> dict[int, np.ndarray]:
    """Return the centroids of the bright blob (0) and the faint one (1)."""
    light = image.max(axis=-1).astype(float)
    _, label = cv2.connectedComponents((light > 20).astype(np.uint8))
    found = {}
    for part in range(1, label.max() + 1):
        weight = np.where(label == part, light, 0)
        rows, columns = np.indices(light.shape)
        point = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()
        found[0 if weight.max() > 190 else 1] = point
    return found


def draw(points: np.ndarray, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return a black frame with two soft blobs."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    frame = np.zeros((size[1], size[0]))
    for (u, v), light in zip(points, (250, 130), strict=True):
        if np.isfinite(u):
            frame += light * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * 2.5**2))
    return np.repeat(np.rint(np.clip(frame, 0, 255)).astype(np.uint8)[..., None], 3, axis=-1)


def film(folder: Path, tracks: dict[str, np.ndarray]) -> Session:
    """Write the video of every view."""
    videos = {view: folder / f"s_{view or 'all'}.mp4" for view in tracks}
    for view, path in videos.items():
        with VideoWriter(path, *SIZE, fps=30, crf=0) as writer:
            for points in tracks[view]:
                writer.write(draw(points))
    return Session("s", videos, {view: probe(path) for view, path in videos.items()})


def walk(n: int) -> np.ndarray:
    """Return a path that turns and changes its speed (n 2 2)."""
    t = np.arange(n)[:, None]
    center = np.hstack([80 + 45 * np.sin(t / 17), 60 + 30 * np.cos(t / 11)])
    return np.stack([center + [8, 3], center - [8, 3]], axis=1)


def joined(blocks: list[Block]) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels and confidences of all blocks, made sure to be without gaps."""
    for before, after in pairwise(blocks):
        assert after.start == before.stop
    return np.concatenate([b.xy for b in blocks], axis=2), np.concatenate(
        [b.confidence for b in blocks], axis=2
    )


@pytest.fixture(scope="module")
def one_view(tmp_path_factory) -> tuple[Session, np.ndarray]:
    truth = walk(110)
    return film(tmp_path_factory.mktemp("film"), {"": truth}), truth


def test_a_moving_animal_is_found_in_pixels_of_the_whole_frame(one_view):
    session, truth = one_view
    detector = Detector(BlobFinder(), SMALL, RULE)
    xy, confidence = joined(list(detect_blocks(session, detector, BlobFinder(), NETWORK, batch_size=16)))
    assert xy.shape == (1, 1, 110, 2, 2)
    assert np.abs(xy[0, 0] - truth).max() < 0.1
    assert (confidence == np.float32(0.9)).all()


@pytest.mark.parametrize(("start", "context"), [(7, 0), (90, 0), (80, 2), (109, 2)])
def test_a_run_from_the_middle_says_what_a_run_from_the_beginning_says(one_view, start, context):
    session, _ = one_view
    gaps = Detector(BlobFinder(context), SMALL, RULE)
    whole, _ = joined(list(detect_blocks(session, gaps, BlobFinder(context), NETWORK, batch_size=16)))
    rest, _ = joined(
        list(detect_blocks(session, gaps, BlobFinder(context), NETWORK, batch_size=16, start=start))
    )
    assert np.array_equal(rest, whole[:, :, start:])


def ring(n: int = 3) -> Rig:
    """Return cameras around a point, all upright."""
    matrix = np.array([[200.0, 0, 79.5], [0, 200, 59.5], [0, 0, 1]])
    rotations, translations = [], []
    for angle in 2 * np.pi * np.arange(n) / n + 0.3:
        away = np.array([np.cos(angle), np.sin(angle), 0.0])  # from the middle to the camera
        rotation = np.stack([np.array([-np.sin(angle), np.cos(angle), 0]), [0, 0, -1], -away])
        rotations.append(rotation)
        translations.append(-rotation @ (100 * away))
    camera = make_camera(np.tile(matrix, (n, 1, 1)), np.zeros((n, 0)), rotations, translations)
    return Rig(tuple(f"cam{i}" for i in range(n)), np.tile(SIZE, (n, 1)), camera)


@pytest.fixture(scope="module")
def three_views(tmp_path_factory) -> tuple[Session, np.ndarray, np.ndarray, Rig]:
    """A session of 24 instants, its points in space and in pixels, and its cameras."""
    t, rig = np.arange(24)[:, None], ring()
    center = np.hstack([18 * np.sin(t / 9), 18 * np.cos(t / 7), 8 * np.sin(t / 5)])
    world = np.stack([center + [0, 0, 4.0], center - [0, 0, 4.0]], axis=1)
    truth = rig.project(world)
    session = film(tmp_path_factory.mktemp("film"), dict(zip(rig.names, truth, strict=True)))
    return session, world, truth, rig


def test_several_views_are_cropped_each_for_itself(three_views):
    session, _, truth, _ = three_views
    blocks = detect_blocks(session, Detector(BlobFinder(), SMALL, RULE), BlobFinder(), NETWORK, batch_size=12)
    assert np.abs(joined(list(blocks))[0][0] - truth).max() < 0.15


def test_a_view_where_the_detector_is_blind_has_its_box_from_the_others(three_views):
    session, _, truth, rig = three_views
    blind = Detector(BlobFinder(blind=lambda _, view: view == 2), SMALL, RULE)
    for cameras in (rig, None):
        pose = BlobFinder()
        how = {"batch_size": 12, "rig": cameras, "tells_cameras": False}
        xy, _ = joined(list(detect_blocks(session, blind, pose, NETWORK, **how)))
        assert np.abs(xy[0] - truth).max() < (0.15 if cameras else 0.3)
        middle = np.concatenate([found.xy[0, :, 2].mean(axis=1) for _, found in pose.calls])
        assert all(camera is None for camera, _ in pose.calls)
        off = np.abs(middle - 31.5).max()  # in the crops of the blind view
        assert off < 3 if cameras else off > 10


@pytest.mark.parametrize("context", [0, 1])
def test_networks_are_told_where_the_camera_of_every_crop_is(three_views, context):
    session, world, _, rig = three_views
    pose = BlobFinder(context)
    list(detect_blocks(session, Detector(BlobFinder(), SMALL, RULE), pose, NETWORK, batch_size=12, rig=rig))
    start = 0
    for camera, found in pose.calls:
        stop = start + found.xy.shape[1]
        assert np.abs(project(world[start:stop, None], camera) - found.xy[0]).max() < 0.3
        start = stop
    assert start == len(world)


def test_a_session_without_a_view_of_the_model_says_which_views_it_has(three_views):
    session, _, truth, rig = three_views
    pose = BlobFinder()
    two = Session(
        "s", *({view: part[view] for view in rig.names[:2]} for part in (session.videos, session.infos))
    )
    detector = Detector(BlobFinder(), SMALL, RULE)
    blocks = detect_blocks(
        two, detector, pose, NETWORK, batch_size=8, rig=rig.select(rig.names[:2]), views=[0, 1]
    )
    assert np.abs(joined(list(blocks))[0][0] - truth[:2]).max() < 0.15
    assert set(pose.views) == {(0, 1)}


def test_frames_that_cannot_be_decoded_are_missing_and_the_others_are_not(one_view, monkeypatch):
    session, truth = one_view
    stream = VideoReader.stream

    def torn(self, start=0):
        for number, frame in enumerate(stream(self, start), start):
            yield None if 40 <= number < 44 else frame

    monkeypatch.setattr(VideoReader, "stream", torn)
    blocks = detect_blocks(session, Detector(BlobFinder(), SMALL, RULE), BlobFinder(), NETWORK, batch_size=16)
    xy, confidence = joined(list(blocks))
    gone = np.isin(np.arange(110), range(40, 44))
    assert np.isnan(xy[0, 0, gone]).all() and (confidence[0, 0, gone] == 0).all()
    assert np.abs(xy[0, 0, ~gone] - truth[~gone]).max() < 0.1


def test_given_boxes_take_the_place_of_a_detector(one_view):
    session, truth = one_view
    side = 40 + 2 * (np.arange(110) % 9)
    corner = np.rint(truth.mean(axis=1)).astype(int) - side[:, None] // 2
    boxes = np.concatenate([corner, side[:, None], side[:, None]], axis=1)[:, None]
    for start, context in ((0, 0), (33, 2)):
        pose = BlobFinder(context)
        xy, _ = joined(list(crop_blocks(session, boxes, pose, NETWORK, batch_size=16, start=start)))
        assert np.abs(xy[0, 0] - truth[start:]).max() < 0.1
    with pytest.raises(DataError, match="110 frames, but there are 109 boxes"):
        next(crop_blocks(session, boxes[1:], BlobFinder(), NETWORK, batch_size=16))


def test_no_more_frames_are_kept_than_boxes_need(one_view, monkeypatch):
    session, _ = one_view
    most = []
    forget = Film.forget

    def count(self, before):
        most.append(len(self._seen))
        forget(self, before)

    monkeypatch.setattr(Film, "forget", count)
    list(detect_blocks(session, Detector(BlobFinder(), SMALL, RULE), BlobFinder(), NETWORK, batch_size=8))
    assert max(most) <= 8 + 8 + LAG
