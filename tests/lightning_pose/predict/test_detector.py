import numpy as np
import pytest

from lightning_pose.config.schema import Config
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import make_camera
from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.core.tables import read_poses
from lightning_pose.crops.boxes import BoxRule, find_places
from lightning_pose.crops.online import Track
from lightning_pose.predict.detector import EachView, Seen, agree, make_detector
from lightning_pose.predict.model import Model
from lightning_pose.predict.tracks import Found

RULE = BoxRule()


@pytest.fixture
def rig() -> Rig:
    """Three cameras around a point, all upright."""
    matrix = np.array([[200.0, 0, 79.5], [0, 200, 59.5], [0, 0, 1]])
    rotations, translations = [], []
    for angle in 2 * np.pi * np.arange(3) / 3 + 0.3:
        away = np.array([np.cos(angle), np.sin(angle), 0.0])
        rotation = np.stack([np.array([-np.sin(angle), np.cos(angle), 0]), [0, 0, -1], -away])
        rotations.append(rotation)
        translations.append(-rotation @ (100 * away))
    camera = make_camera(np.tile(matrix, (3, 1, 1)), np.zeros((3, 0)), rotations, translations)
    return Rig(("a", "b", "c"), np.tile((160, 120), (3, 1)), camera)


@pytest.fixture
def truth(rig, rng) -> np.ndarray:
    """Pixels of two keypoints in 24 instants."""
    return rig.project(rng.uniform(-15, 15, (24, 2, 3)))


class Echo:
    """Says of every image the grey of its first pixel."""

    context, workers = 0, 1

    def sequence(self, images, camera=None, views=None) -> Found:
        assert images.shape[1] == 1
        grey = images[..., 0, 0, 0].astype(np.float32)[None, ..., None]
        return Found(np.stack([grey, grey], axis=-1), grey / 255)

    def __call__(self, images, camera=None) -> Found:
        return self.sequence(images)

    def pose_errors(self, member, xy):
        return {}


def model_of(views: tuple[str, ...], names: tuple[str, ...], tmp_path) -> Model:
    config = Config()
    config.data.view_names, config.data.keypoint_names = list(views), list(names)
    config.data.image_resize_dims.height, config.data.image_resize_dims.width = 64, 96
    return Model(tmp_path, {}, config, False)


def test_a_view_that_the_others_contradict_is_put_right(rig, truth):
    seen = truth.copy()
    seen[1] += [40, -25]
    found = agree(Seen(seen, np.full(seen.shape[:3], 0.8)), rig, RULE)
    assert np.abs(found.xy - truth).max() < 1e-6


def test_two_views_that_contradict_each_other_are_believed_each_for_itself(rig, truth):
    seen, sure = truth.copy(), np.full(truth.shape[:3], 0.8)
    seen[1, :, 0] += [0, 40]
    sure[2] = 0.05  # too unsure
    found = agree(Seen(seen, sure), rig, RULE)
    assert np.array_equal(found.xy[:, :, 0], seen[:, :, 0])
    assert np.abs(found.xy[:, :, 1] - truth[:, :, 1]).max() < 1e-6
    assert (found.confidence[2, :, 1] == 0.8).all() and (found.confidence[2, :, 0] == 0.05).all()


def test_a_detector_of_one_view_looks_at_several_each_for_itself(rng, tmp_path):
    images = rng.integers(0, 256, (5, 3, 8, 8, 3), dtype=np.uint8)
    detector = make_detector(model_of((), ("nose", "tail"), tmp_path), Echo(), ("a", "b", "c"), RULE)
    assert isinstance(detector.predictor, EachView) and detector.size == (64, 96)
    for found in (detector.predictor.sequence(images), detector.predictor(images)):
        assert np.array_equal(found.xy[0, ..., 0, 0], images[..., 0, 0, 0])
        assert found.confidence.shape == (1, 5, 3, 1)
    assert detector.predictor.pose_errors("", found.xy[0]) == {}


def test_anchors_are_found_among_the_keypoints_of_the_detector(tmp_path):
    model = model_of(("a", "b"), ("nose", "ear", "tail"), tmp_path)
    detector = make_detector(model, Echo(), ("a", "b"), anchors=("tail", "nose"))
    xy, sure = np.array([[[0.0, 0], [900, 900], [10, 20]]]), np.ones((1, 3))
    places = detector.places(xy, sure)
    assert places.center.tolist() == [[5, 10]] and places.side.tolist() == [40]


def test_what_does_not_fit_is_refused(tmp_path):
    model = model_of(("a", "b"), ("nose", "ear"), tmp_path)
    with pytest.raises(ModelError, match="knows the views a, b, the pose model b, a"):
        make_detector(model, Echo(), ("b", "a"))
    with pytest.raises(ConfigError, match="no keypoint tail: there are nose, ear"):
        make_detector(model, Echo(), ("a", "b"), anchors=("tail",))
    with pytest.raises(ConfigError, match="--crop_size"):
        make_detector(model, Echo(), ("a", "b"), anchors=("nose",))
    assert make_detector(model, Echo(), ("a", "b"), BoxRule(size=64), ("nose",)).anchors == (0,)


@pytest.mark.realdata
@pytest.mark.parametrize("blind", range(4))
def test_a_person_is_in_the_box_of_a_camera_whose_detections_are_withheld(real_data, blind):
    folder = real_data / "human-4cam"
    rig = Rig.load(folder / "calibrations" / "balancing.toml")
    found = [read_poses(folder / "openpose" / f"balancing_{view}.csv") for view in rig.names]
    sure = np.nan_to_num(np.stack([poses.likelihood for poses in found]))
    sure[blind] = 0
    seen = agree(Seen(np.stack([poses.points for poses in found]), sure), rig, RULE)
    track = Track(tuple(rig.sizes[blind].tolist()), 100)
    track.extend(find_places(seen.xy[blind], seen.confidence[blind], BoxRule(ratio=1.5)))
    boxes = track.boxes(range(70))
    labels = read_poses(folder / f"{rig.names[blind]}.csv").points
    corner, size = boxes[:, None, :2], boxes[:, None, 2:]
    inside = ((labels >= corner) & (labels <= corner + size - 1)).all(axis=-1)
    assert inside[np.isfinite(labels).all(axis=-1)].all()
    extent = np.nanmax(np.nanmax(labels, axis=1) - np.nanmin(labels, axis=1), axis=-1)
    assert np.abs(boxes[:, 2] / extent / 1.5 - 1).max() < 0.2  # and no larger than it ought to be
